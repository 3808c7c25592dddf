"""Everything of one person in one zip: for them to read, and for another program to take over."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from sqlalchemy import Row, Select, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from coach._durable import private, sync
from coach.errors import NotFound
from coach.store import Store
from coach.store.blobs import owner_of
from coach.store.tables import (
    conversations,
    generations,
    identities,
    messages,
    metadata,
    people,
    photos,
    versions,
)

README = """\
What this coach keeps of you.

photos/         your photos as they are kept; originals/ as you sent them, if you asked for that
pictures/       the pictures of your identities, by identity and handle; -provider: as the service gave them
other/          previews, sheets and comparisons that were made for you
conversations/  what was said, to read
data/           everything as data, one line of JSON for each row: your consents, identities, notes and
                conversations; `generations` is what was asked for and what it cost in millionths of a US
                dollar, `generation_steps` how it went, `versions` holds how alike each picture was judged
"""

_PART = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What is in the zip: how many rows and files, and the keys of pictures whose bytes were not there."""

    rows: int
    files: int
    missing: tuple[str, ...]


async def export(store: Store, user_id: str, path: Path) -> Exported:
    """Write everything of a person into a zip. One picture, or some rows, are in memory at a time.

    Args:
        path: The zip. It has its name when it is whole, and only its owner can read it.

    Raises:
        NotFound: There is no such person.
        OSError: It cannot be written.
    """
    with _whole(path) as file, ZipFile(file, "w", ZIP_DEFLATED) as into:
        into.writestr("README.txt", README)
        async with store.database.read() as connection:
            if (await connection.execute(_mine(people, user_id))).first() is None:
                raise NotFound("person", user_id)
            rows = [await _rows(into, connection, user_id, table) for table in metadata.sorted_tables]
            await _conversations(into, connection, user_id)
            names = dict([each async for each in _pictures(connection, user_id)])
        missing, files = [], 0
        kept = {blob.key for blob in await store.blobs.look(f"{owner_of(user_id)}/")}
        for key in sorted(kept | names.keys()):
            name = names.get(key) or f"other/{'-'.join(key.split('/')[1:])}"
            try:
                data = await store.blobs.get(key)
            except NotFound:
                missing.append(name)
                continue
            await asyncio.to_thread(into.writestr, name, data, ZIP_STORED)
            files += 1
        into.writestr("missing.txt", "\n".join(missing)) if missing else None
    return Exported(rows=sum(rows), files=files, missing=tuple(missing))


@contextmanager
def _whole(path: Path) -> Iterator[Any]:
    """A file that has its name only when all went well."""
    part = path.with_name(f"{path.name}.part")
    try:
        with open(part, "wb", opener=private) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync(path.parent)
    finally:
        part.unlink(missing_ok=True)


def _mine(table: Table, user_id: str) -> Select[Any]:
    if "user_id" in table.c:
        return select(table).where(table.c.user_id == user_id).order_by(*table.primary_key)
    its = generations.c.id == table.c.generation_id
    return select(table).join(generations, its).where(generations.c.user_id == user_id)


async def _each(connection: AsyncConnection, rows: Select[Any]) -> AsyncIterator[Row[Any]]:
    async with connection.stream(rows) as found:
        async for row in found:
            yield row


async def _rows(into: ZipFile, connection: AsyncConnection, user_id: str, table: Table) -> int:
    count = 0
    with into.open(f"data/{table.name}.jsonl", "w", force_zip64=True) as file:
        async for row in _each(connection, _mine(table, user_id)):
            file.write(f"{json.dumps(row._asdict(), default=str, ensure_ascii=False)}\n".encode())
            count += 1
    return count


async def _conversations(into: ZipFile, connection: AsyncConnection, user_id: str) -> None:
    """What was said, to read: a file for each conversation."""
    begun = _mine(conversations, user_id).order_by(None).order_by(conversations.c.created_at)
    ids = [row.id async for row in _each(connection, begun.with_only_columns(conversations.c.id))]
    for number, id in enumerate(ids, 1):
        said = select(messages.c.role, messages.c.content, messages.c.created_at)
        said = said.where(messages.c.user_id == user_id, messages.c.conversation_id == id)
        with into.open(f"conversations/{number}.txt", "w", force_zip64=True) as file:
            async for row in _each(connection, said.order_by(messages.c.seq)):
                text = row.content.get("content")
                if row.role in ("user", "assistant") and isinstance(text, str) and text:
                    who = "You" if row.role == "user" else "Coach"
                    file.write(f"{who}, {row.created_at:%Y-%m-%d %H:%M}\n{text}\n\n".encode())


async def _pictures(connection: AsyncConnection, user_id: str) -> AsyncIterator[tuple[str, str]]:
    """The key of each photo and picture, and what it is called in the zip."""
    number = 0
    async for row in _each(connection, _mine(photos, user_id).order_by(None).order_by(photos.c.created_at)):
        number += 1
        yield row.blob, f"photos/photo-{number}{'-primary' if row.primary else ''}{_ending(row.blob)}"
        if row.original:
            yield row.original, f"originals/photo-{number}{_ending(row.original)}"
    made = select(versions, identities.c.number.label("of")).join(
        identities, identities.c.id == versions.c.identity_id
    )
    async for row in _each(connection, made.where(versions.c.user_id == user_id)):
        name = f"pictures/i{row.of}/{row.handle}{'-accepted' if row.accepted_at else ''}"
        yield row.blob, f"{name}{_ending(row.blob)}"
        if row.provider_blob:
            yield row.provider_blob, f"{name}-provider{_ending(row.provider_blob)}"


def _ending(key: str) -> str:
    return Path(key).suffix
