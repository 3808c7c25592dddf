"""Whatever anybody wrote, wherever it is shown: it is read, and never run."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import expect

from coach.store.happenings import Happenings
from tests.browser._visit import Visit
from tests.browser.conftest import Come

HOSTILE: list[str] = json.loads((Path(__file__).parent / "hostile.json").read_text())
"""Strings that browsers run where they are taken for HTML, from the common lists, and a few of prompts."""

_ELEMENTS = """() => {
  const root = document.querySelector("coach-chat").shadowRoot;
  return [...root.querySelectorAll("*")].map((each) => each.localName);
}"""
_READ = """() => {
  const root = document.querySelector("coach-chat").shadowRoot;
  return root.querySelector(".coach").textContent;
}"""


async def shown_everywhere(visit: Visit, talk: str, text: str) -> None:
    """Put a string where the page shows it."""
    store = visit.server.here.store
    identity = await store.identities.add(visit.user, text[:80])
    await store.identities.update(visit.user, identity.id, statement=text)
    happened = Happenings(store.database)
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    call = {"call_id": f"call-{identity.id}", "action": text}
    ask = call | {"ask": text, "arguments": {"identity_id": text}, "digest": "d", "expires_at": later}
    along = {"name": text, "sha256": text}
    ask["terms"] = {"prompt": text, "pictures": [along], "model": text, "micros": 10_001}
    picture = {"identity_id": identity.id, "version_id": text, "handle": text, "model": text}
    picture |= {"likeness": "fair", "say_likeness": text, "repairs": [text], "url": "data:,"}
    await happened.append(
        visit.user,
        talk,
        [
            ("said", {"type": "say", "text": text}),
            ("say", {"text": text}),
            ("started", call),
            ("progress", call | {"text": text}),
            ("image", call | {"picture": picture}),
            ("image", {"call_id": text, "action": text, "picture": {"handles": [text], "url": "data:,"}}),
            ("waiting", ask),
            ("error", {"code": text, "say": text}),
            ("phase", {"phase": text, "previous": text}),
            ("said", {"type": "press", "action": text, "arguments": {"change": text, "version": text}}),
            ("done", {"turn_id": text, "state": "done"}),
        ],
    )


def test_hostile_words_are_read_and_never_run(come: Come) -> None:
    visit = come()
    page, server = visit.page, visit.server
    visit.open()
    allowed = set(page.evaluate(_ELEMENTS))
    page.goto("about:blank")
    [talk] = [each.id for each in server.run(server.here.store.conversations.list(visit.user))]
    for text in HOSTILE:
        server.run(shown_everywhere(visit, talk, text))
    visit.open()
    expect(page.locator("aside .identity")).to_have_count(len(HOSTILE) + 1)
    read = page.evaluate(_READ)
    missing = [text for text in HOSTILE if read.count(text) < 6]
    assert not missing
    # What one may do with a picture or a question is ours: nothing else has come.
    ours = {"details", "summary", "small", "article", "blockquote", "img", "div", "li", "i", "dl", "dt", "dd"}
    assert set(page.evaluate(_ELEMENTS)) - allowed - ours == set()
    assert not visit.trouble
