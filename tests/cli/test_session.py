"""What a person sees who comes back to a conversation in the terminal."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from PIL import Image
from rich.console import Console
from sqlalchemy import update

import coach
from coach.cli._session import Session
from coach.cli._terminal import Terminal
from coach.cli._transcript import Transcript
from coach.events import Event, Finished
from coach.store import Store
from coach.store.tables import versions
from coach.studio import Sheets
from tests.store._images import save
from tests.store._rows import PICTURE, add_versions


def begun(store: Store, folder: Path) -> tuple[Session, Transcript, io.StringIO]:
    """A session of Ann's, what it writes, and what it shows."""
    reference = SimpleNamespace(service=lambda *_: store)
    written, shown = Transcript(folder=folder, sandbox=False), io.StringIO()
    terminal = Terminal(Console(file=shown, width=100))
    talk = SimpleNamespace(user_id="ann")
    return Session(cast("coach.Coach", reference), cast("Any", talk), terminal, written), written, shown


async def test_it_is_the_picture_that_was_shown_and_not_the_one_put_behind_it(
    store: Store, tmp_path: Path
) -> None:
    identity = await store.identities.add("ann", "Night-sky guide")
    await store.identities.focus("ann", "i1")
    session, written, shown = begun(store, tmp_path / "talk")
    await session.show_newest()
    assert written.lines == []

    picture = replace(PICTURE, blob="ann/pictures/a.png")
    await store.blobs.put(picture.blob, save(Image.new("RGB", (8, 8)), "PNG"), "image/png")
    await add_versions(store, "ann", identity.id, count=2, picture=picture)
    async with store.database.write() as connection:
        for handle, likeness in (("v1", "strong"), ("v2", "no")):
            judged = update(versions).where(versions.c.handle == handle)
            await connection.execute(judged.values(judgement={"likeness": likeness, "why": ""}))
    for _ in range(2):
        await session.show_newest()

    assert written.lines == ["![Version v1](v1.png)"]
    assert " ".join(shown.getvalue().split()).endswith("v1.png · likeness: strong")


async def test_what_shows_a_photo_goes_with_the_photos_and_the_pictures_stay(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    await store.consents.give("ann", statement="yes")
    await store.photos.add("ann", photo_bytes)
    identity = await store.identities.add("ann", "Night-sky guide")
    await store.identities.focus("ann", "i1")
    picture = replace(PICTURE, blob="ann/pictures/a.png")
    await store.blobs.put(picture.blob, save(Image.new("RGB", (8, 8)), "PNG"), "image/png")
    await add_versions(store, "ann", identity.id, count=1, picture=picture)
    session, written, shown = begun(store, tmp_path / "talk")
    await session.show_newest()
    sheet = await Sheets(store, model=None).compare("ann", "i1")
    done = Finished(
        call_id="1", action="compare", state="done", say="", data={"title": "comparison", "blob": sheet.blob}
    )

    async def turn() -> AsyncIterator[Event]:
        yield done

    session.conversation.say = lambda _: turn()  # type: ignore[method-assign]
    await session.say("Which one?")
    assert (tmp_path / "talk" / "comparison.jpg").read_bytes() == sheet.data

    await session.forget_photos()

    assert sorted(path.name for path in (tmp_path / "talk").iterdir()) == ["v1.png"]
    assert written.lines[0] == "![Version v1](v1.png)" and "comparison" not in written.write().read_text()
    assert "what earlier talks left in" in " ".join(shown.getvalue().split())


def test_a_talk_that_goes_on_is_written_below_what_there_is(tmp_path: Path) -> None:
    first = Transcript(folder=tmp_path, sandbox=True)
    first.said("You", "I am Ann.")
    first.picture("v1.png", b"picture", "Version v1")
    first.write()

    second = Transcript(folder=tmp_path, sandbox=False)
    second.recalled("You", "I am Ann.")
    second.recalled("Coach", "In another place.")
    second.said("You", "I am Ann.")
    for _ in range(2):
        page = second.write().read_text()

    before, after = page.split("\n---\n")
    assert "![Version v1](v1.png)" in before and "Drawn by" in before and "Drawn by" not in after
    assert before.count("I am Ann") == after.count("I am Ann") == after.count("In another place") == 1
