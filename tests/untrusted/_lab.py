"""Three people at the reference coach with all one can have, and a database that tells what was touched."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import text

import coach
from coach.sandbox import Sandbox
from coach.store import Store
from coach.store.tables import metadata
from coach.studio import GptImageEngine, Spool, Studio
from coach.studio.budgets import Budgets
from coach.studio.masks import add_mask, handle_of
from tests.actions._pictures import on_studio

PEOPLE = ("ann", "ben", "cleo")

PAID = frozenset({"generations", "generation_steps", "accounts", "versions"})
"""Where a picture is written down that was paid for."""

PICTURES = PAID | {"identities"}
CHANGES: dict[str, frozenset[str]] = {
    "accept_i_am_statement": frozenset({"identities"}),
    "accept_identity": frozenset({"identities"}),
    "accept_identity_refinement": frozenset({"identities"}),
    "accept_identity_visualization": PICTURES,
    "archive_identity": frozenset({"identities"}),
    "compare_identity_images": frozenset(),
    "create_identity": frozenset({"identities", "people"}),
    "create_sticker_spec": frozenset({"sticker_specs"}),
    "focus_identity": frozenset({"identities"}),
    "generate_identity_image": PICTURES,
    "generate_sticker_now": PICTURES | {"sticker_specs"},
    "merge_identities": frozenset({"identities"}),
    "rename_identity": frozenset({"identities"}),
    "revise_identity_image": PICTURES,
    "save_note": frozenset({"notes"}),
    "set_user_name": frozenset({"people"}),
    "show_identity_versions": frozenset(),
    "transition_phase": frozenset(),
    "write_i_am_statement": frozenset({"identities"}),
    "write_visualization": frozenset({"identities"}),
}
"""The tables in which each action may change something, beside the journal of calls."""


@dataclass(frozen=True, kw_only=True)
class Things:
    """What one person has, by what a model or an application calls it.

    Attributes:
        ids: The ids of everything of theirs that can still be used.
        archived: An identity they put away, by its id.
        deleted: The id of a photo they removed.
    """

    ids: dict[str, str]
    archived: str
    deleted: str


@dataclass(frozen=True, kw_only=True)
class Lab:
    """An open coach on a database whose changes are written down by the database itself."""

    coach: coach.Coach
    store: Store
    sandbox: Sandbox
    studio: Studio

    async def touched(self) -> set[tuple[str, str]]:
        """The tables in which something was changed since this was last asked, and whose rows they were."""
        async with self.store.database.read() as connection:
            rows = (await connection.execute(text("SELECT DISTINCT place, owner FROM touched"))).all()
        if rows:
            async with self.store.database.write() as connection:
                await connection.execute(text("DELETE FROM touched"))
        return {(place, owner) for place, owner in rows}

    async def paid(self) -> int:
        """The posts that left, by the ledger."""
        async with self.store.database.read() as connection:
            found = await connection.execute(
                text("SELECT coalesce(sum(posts), 0) FROM generations WHERE model != ''")
            )
            return int(found.scalar_one())


def canary(person: str) -> str:
    """A word that only this person's things hold."""
    return f"canary{person}"


@asynccontextmanager
async def opened(folder: Path, sandbox: Sandbox, *, budgets: Budgets | None = None) -> AsyncIterator[Lab]:
    """The coach on what lies in a folder."""
    store = await coach.Store.open(f"sqlite:///{folder}/coach.db", blobs=coach.FolderBlobs(folder / "blobs"))
    try:
        settings = coach.Settings.read(openai_api_key=sandbox.api_key, openai_base_url=sandbox.base_url)
        async with settings.openai() as client:
            engine, spool = GptImageEngine(client, seconds=60), Spool(folder / "spool")
            studio = Studio(store=store, engine=engine, spool=spool, budgets=budgets, previews=0)
            yield Lab(coach=on_studio(store, studio), store=store, sandbox=sandbox, studio=studio)
    finally:
        await store.close()


@dataclass(frozen=True, kw_only=True)
class World:
    """The people and their things, to be copied for each trial."""

    folder: Path
    sandbox: Sandbox
    things: Mapping[str, Things]

    @asynccontextmanager
    async def copied(self, **options: Any) -> AsyncIterator[Lab]:
        """The coach on a copy, which is gone afterwards."""
        copy = self.folder / "copy"
        shutil.copytree(self.folder / "people", copy)
        try:
            async with opened(copy, self.sandbox, **options) as lab:
                yield lab
        finally:
            shutil.rmtree(copy)


@contextmanager
def new_world() -> Iterator[World]:
    """A world with the three people in it, and a sandbox that labels pictures instead of painting them."""
    with tempfile.TemporaryDirectory(prefix="coach-untrusted-") as name, Sandbox(quick=True) as sandbox:
        folder = Path(name)
        (folder / "people").mkdir()
        things = asyncio.run(_furnished(folder / "people", sandbox))
        yield World(folder=folder, sandbox=sandbox, things=things)


async def _furnished(folder: Path, sandbox: Sandbox) -> dict[str, Things]:
    """Make the people and their things, and let the database watch from then on."""
    async with opened(folder, sandbox) as lab:
        things = {person: await _furnish(lab, person, colour) for colour, person in enumerate(PEOPLE)}
        async with lab.store.database.write() as connection:
            for statement in _watchers():
                await connection.execute(text(statement))
    return things


async def _furnish(lab: Lab, person: str, colour: int) -> Things:
    store, word = lab.store, canary(person)
    await store.people.ensure(person)
    await store.people.rename(person, word)
    await store.consents.give(person, statement="yes")
    gone = await store.photos.add(person, picture(colour, 200))
    await store.photos.remove(person, gone.id)
    photo = await store.photos.add(person, picture(colour, 256))
    await store.notes.add(person, f"Likes {word}")
    names = [await store.identities.add(person, f"{word} {number}", note=word) for number in range(3)]
    first, second, third = names
    for one in (first, second):
        await store.identities.update(
            person,
            one.id,
            stage="stated",
            statement=f"I am {word}.",
            visualization=f"At {word}.",
            appearance=word,
        )
    await store.identities.archive(person, third.id)
    await store.identities.focus(person, first.id)
    talk = await store.conversations.start(person, coach="reference", phase="introduction")
    await store.conversations.append(person, talk.id, {"role": "user", "content": f"I said {word}."})
    ctx = coach.Context(
        user_id=person, conversation_id=talk.id, call_id="made", phase="identity_visualization"
    )
    generate = lab.coach.actions["generate_identity_image"]
    await generate(
        ctx, *(lab.coach.services[need] for need in generate.needs), identity_id=first.id, prompt=word
    )
    [version] = await store.versions.list(person, first.id)
    mask = Image.new("RGBA", (version.width, version.height), "black")
    mask.putpixel((1 + colour, 1), (0, 0, 0, 0))
    data = BytesIO()
    mask.save(data, "PNG")
    marked = await add_mask(store, person, coach.Reference(kind="version", id=version.id), data.getvalue())
    stickers = lab.coach.service("stickers", coach.Stickers)
    base = coach.Reference(kind="photo", id=photo.id)
    spec = await stickers.create_spec(ctx, base, template_id="GM", user_prompt=word, user_context=word)
    ids = {
        "identity": first.id,
        "another identity": second.id,
        "version": version.id,
        "photo": photo.id,
        "mask": handle_of(marked),
        "spec": spec.hash,
        "conversation": talk.id,
        "generation": version.generation_id,
        "blob": version.blob,
    }
    return Things(ids=ids, archived=third.id, deleted=gone.id)


def picture(colour: int, side: int) -> bytes:
    """A photo that nobody else has."""
    data = BytesIO()
    Image.new("RGB", (side, side), [(180, 90, 60), (60, 180, 90), (90, 60, 180)][colour]).save(data, "PNG")
    return data.getvalue()


def _watchers() -> list[str]:
    """Triggers that write down each change of a row, and whose it is; of people, what they are called."""
    made = ["CREATE TABLE touched (place TEXT, owner TEXT)"]
    for table in metadata.sorted_tables:
        owner = "user_id" if "user_id" in table.c else None
        for event, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
            when = ""
            if table.name == "identities":
                when = f"WHEN {row}.kind = 'identity'"  # a workshop is made when it is first needed
            if table.name == "people" and event == "UPDATE":
                when = "WHEN OLD.name IS NOT NEW.name OR OLD.identities_made IS NOT NEW.identities_made"
            whose = f"{row}.{owner}" if owner else "'nobody'"
            if table.name == "generation_steps":
                whose = f"(SELECT user_id FROM generations WHERE id = {row}.generation_id)"
            if table.name == "accounts":
                whose = f"coalesce({row}.user_id, 'everybody')"
            made.append(
                f"CREATE TRIGGER watch_{table.name}_{event.lower()} AFTER {event} ON {table.name} {when} "
                f"BEGIN INSERT INTO touched VALUES ('{table.name}', coalesce({whose}, 'nobody')); END"
            )
    return made
