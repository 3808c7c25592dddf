"""A browser, a server that paints quickly, and people who come by."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from coach.sandbox import Sandbox
from tests._browser import CHROMIUM
from tests.browser._serve import Server
from tests.browser._visit import WIDE, Visit

PATIENCE = 20_000
"""Milliseconds a page may take for anything, on a machine that does much else."""

FLAGS = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


# For one file at a time: Playwright keeps an event loop at work, and beside it no other can run.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, with a camera that shows a test picture."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for many tests; each brings its own people."""
    with Sandbox(quick=True) as sandbox:
        server = Server(sandbox, tmp_path_factory.mktemp("home"))
        server.start()
        yield server
        server.stop()


Come = Callable[..., Visit]
_numbers = count(1)


@pytest.fixture
def come(browser: Browser, server: Server, photo_bytes: bytes) -> Iterator[Come]:
    """Lets somebody come by who has come as far as the picture; at the end, nothing may have gone wrong."""
    visits: list[Visit] = []

    def come(
        *,
        at: Server = server,
        user: str | None = None,
        photo: bytes | None = photo_bytes,
        size: tuple[int, int] = WIDE,
        host: str = "",
        **more: Any,
    ) -> Visit:
        how = {"reduced_motion": "reduce"} | more  # without a graphics card, movement is work
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **how)
        context.set_default_timeout(PATIENCE)
        if user is None:
            user = f"person-{next(_numbers)}"
            at.ready(user, photo)
        if user:
            context.add_cookies([at.session(user)])
        visit = Visit(context, at, user=user, host=host)
        visits.append(visit)
        return visit

    yield come
    for visit in visits:
        visit.context.close()
    assert not [line for visit in visits for line in visit.trouble]


@pytest.fixture
def photo_file(photo_bytes: bytes, tmp_path: Path) -> Path:
    """The photo as a file."""
    file = tmp_path / "me.jpg"
    file.write_bytes(photo_bytes)
    return file
