"""Whatever becomes of the connection, the page or the server: nothing is lost, and nothing is done twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from coach.sandbox import Sandbox
from coach.sandbox.faults import Rule
from coach.store.happenings import Happenings
from tests.browser._serve import Server
from tests.browser.conftest import Come


@pytest.fixture(scope="module")
def slow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose pictures take long enough for something to happen meanwhile."""
    with Sandbox(quick=True, delay=2) as sandbox:
        server = Server(sandbox, tmp_path_factory.mktemp("slow"))
        server.start()
        yield server
        server.stop()


def test_a_connection_that_drops_while_it_speaks_and_draws_comes_back(
    come: Come, slow_server: Server
) -> None:
    before = slow_server.pictures
    visit = come(at=slow_server).open()
    page, line = visit.page, visit.page.locator(".line")
    visit.write("Yes, I am ready.")
    expect(page.locator(".drawing")).to_be_visible()
    visit.context.set_offline(True)
    expect(line).to_have_text("You are offline.")
    visit.write("Is it there yet?")
    expect(line).to_have_text("You are offline. What you wrote is kept, and sent when it is back.")
    expect(page.locator(".you.waits")).to_have_text("Is it there yet?")
    visit.context.set_offline(False)
    expect(line).to_be_hidden()
    expect(page.locator(".you.waits")).to_have_count(0)
    visit.see()
    expect(page.locator(".you", has_text="Is it there yet?")).to_have_count(1)
    assert slow_server.pictures == before + 1


def test_a_server_that_is_begun_anew_and_a_reload_in_the_middle_lose_nothing(
    come: Come, slow_server: Server
) -> None:
    before = slow_server.pictures
    visit = come(at=slow_server).open()
    other = come(at=slow_server, user=visit.user).open()
    visit.write("Yes, I am ready.")
    expect(other.page.locator(".drawing")).to_be_visible()
    visit.page.reload()
    expect(visit.settled().page.locator(".drawing")).to_be_visible()
    slow_server.stop()  # what is drawn is finished first
    expect(other.page.locator(".line")).to_have_text("The connection was lost. Trying again…")
    slow_server.start()
    for tab in (visit, other):
        tab.see()
        expect(tab.page.locator(".line")).to_be_hidden()
        assert tab.page.locator(".you").all_inner_texts() == ["Yes, I am ready."]
    assert slow_server.pictures == before + 1
    other.say("Could it be at sunrise instead?")
    visit.see(2)
    assert visit.page.locator(".log").inner_text() == other.page.locator(".log").inner_text()


def test_a_long_past_that_comes_slowly_is_not_taken_for_what_happens_now(come: Come, server: Server) -> None:
    visit = come()
    server.run(_talked(server, visit.user, turns=400))
    page, asked = visit.page, []
    page.on("request", lambda request: asked.append(request.url))
    visit.open()
    asked.clear()
    visit.context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW)
    page.reload()
    expect(page.locator(".log.past .coach-says").nth(300)).to_be_attached()
    visit.settled()
    expect(visit.heard).to_have_count(400)
    assert sum(url.endswith("/identities/") for url in asked) <= 2


SLOW = {"offline": False, "latency": 0, "downloadThroughput": 100_000, "uploadThroughput": 100_000}
"""Bytes per second."""


async def _talked(server: Server, user_id: str, *, turns: int) -> None:
    """Let somebody have talked a lot in their conversation."""
    [talk] = await server.here.store.conversations.list(user_id)
    said = {"type": "say", "text": "And then?"}
    one = [
        ("said", said),
        ("say", {"text": "A long story. " * 60}),
        ("done", {"turn_id": "t", "state": "done"}),
    ]
    await Happenings(server.here.store.database).append(user_id, talk.id, one * turns)


def test_what_was_said_is_sent_once_though_its_answer_is_lost_and_the_page_is_left(come: Come) -> None:
    visit = come().open()
    keys: list[str | None] = []

    def lose_the_first_answer(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        if len(keys) > 1:
            return route.continue_()
        route.fetch()
        return route.abort()

    visit.context.route("**/turns/", lose_the_first_answer)
    visit.write("I live by the sea.")
    expect(visit.page.locator(".you")).to_have_text(["I live by the sea."])
    expect(visit.page.locator(".you.waits")).to_have_count(0)
    assert len(keys) == 2 and len(set(keys)) == 1
    visit.context.unroute("**/turns/")
    visit.context.route("**/turns/", lambda route: route.abort())
    visit.write("And I love it.")
    expect(visit.page.locator(".you.waits")).to_have_text("And I love it.")
    visit.page.get_by_label("Your message").fill("Half a thou")
    visit.page.reload()
    visit.settled()
    expect(visit.page.get_by_label("Your message")).to_have_value("Half a thou")
    visit.context.unroute("**/turns/")
    expect(visit.page.locator(".you:not(.waits)")).to_have_text(["I live by the sea.", "And I love it."])


def test_what_did_not_come_is_told_and_asked_for_once_more(come: Come, tmp_path: Path) -> None:
    faults = [
        Rule(mode="status_401", route="chat", times=1),
        Rule(mode="status_400_blocked", route="edits", times=1),
    ]
    with Sandbox(quick=True, faults=faults) as sandbox:
        server = Server(sandbox, tmp_path)
        server.start()
        try:
            visit = come(at=server).open()
            expect(visit.page.locator(".quiet")).to_contain_text("I cannot answer just now.")
            visit.button("Try again").click()
            expect(visit.heard).to_have_count(1)
            expect(visit.button("Try again")).to_have_count(0)
            visit.say("Yes, I am ready.")
            expect(visit.page.locator(".picture:visible")).to_contain_text("No picture came of this.")
            visit.say("Yes, I am ready.")
            visit.see()
            visit.page.close()
        finally:
            server.stop()


def test_a_preview_whose_link_has_ended_is_shown_by_another_one(come: Come, slow_server: Server) -> None:
    visit, asked = come(at=slow_server).open(), list[str]()

    def ended(route: Route) -> None:
        blob = slow_server.here.links.read(route.request.url.rpartition("/")[2])
        is_preview = "/previews/" in blob
        asked.extend([blob] * is_preview)
        if is_preview and len(asked) == 1:
            route.abort()
        else:
            route.continue_()

    visit.page.route("**/api/v1/files/*", ended)
    visit.write("Yes, I am ready.")
    visit.see()
    assert asked[0] == asked[1]
