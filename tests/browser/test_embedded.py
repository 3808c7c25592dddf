"""The same page inside a host: mounted under a path, and as an element of a page from elsewhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import expect

from coach.sandbox import Sandbox
from tests.browser._serve import Server
from tests.browser.conftest import Come

PAGE = Path(__file__).parent / "host.html"
ELSEWHERE = "http://localhost:9"
"""A page of another origin; it is answered by the test."""


class Host(Server):
    """A host application with the coach under ``/coach``."""

    def app(self) -> FastAPI:
        """The host."""
        inside = super().app()
        host = FastAPI()
        host.state.opener = inside.state.opener
        host.mount("/coach", inside)
        return host


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host that runs."""
    with Sandbox(quick=True) as sandbox:
        host = Host(sandbox, tmp_path_factory.mktemp("host"), cors_origins=(ELSEWHERE,))
        host.start()
        yield host
        host.stop()


def test_mounted_under_a_path_it_is_the_same_page(come: Come, host: Host) -> None:
    visit = come(at=host, user="")
    visit.page.goto(f"{host.url}coach")
    visit.button("Begin").click()
    expect(visit.heard).to_have_count(1)
    visit.say("Hello! You can call me Grace.")
    assert visit.page.url == f"{host.url}coach/"


def test_a_page_of_another_origin_shows_it_with_a_key(come: Come, host: Host) -> None:
    visit = come(at=host, host=ELSEWHERE)
    assert host.served is not None
    token = host.run(host.served.key(visit.user))
    page = PAGE.read_text().replace("BASE", f"{host.url}coach/").replace("TOKEN", token)
    visit.context.clear_cookies()
    # Chromium asks before a page from elsewhere reaches this machine.
    visit.context.grant_permissions(["local-network-access"], origin=ELSEWHERE)
    visit.context.route(f"{ELSEWHERE}/**", lambda route: route.fulfill(body=page, content_type="text/html"))
    visit.page.goto(f"{ELSEWHERE}/")
    visit.settled()
    visit.say("Yes, I am ready.")
    visit.see()
    assert visit.page.locator(".layer").evaluate_all("all => all.every(each => each.naturalWidth > 0)")
    expect(visit.page.locator(".strip .thumb, aside .thumb img")).not_to_have_count(0)
    element = visit.page.locator("coach-chat")
    # The host's looks stay outside, ours inside.
    expect(visit.button("This is me")).to_have_css("text-transform", "none")
    expect(visit.page.get_by_role("heading", name="A host application")).to_have_css(
        "color", "rgb(255, 0, 255)"
    )
    element.evaluate("each => each.setAttribute('token', 'an old one')")
    expect(element).to_contain_text("sign-in has ended")
