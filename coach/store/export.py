"""Everything of one person in one zip: for them to read, and for another program to take over."""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
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
from coach.store.upstreams import slots, upstreams, workers

README = """\
What this coach keeps of you.

photos/         your photos as they are kept; originals/ as you sent them, if you asked for that
pictures/       the pictures of your identities, by identity and handle, and in workshop/ those of none;
                -provider: as the service gave them
other/          other pictures that you gave along, and masks; previews, sheets and comparisons made for you
conversations/  what was said, to read
data/           everything as data, one line of JSON for each row: your consents, identities, notes and
                conversations; `generations` is what was asked for and what it cost in millionths of a US
                dollar, `generation_steps` how it went, `versions` holds how alike each picture was judged,
                `sticker_specs` what stickers were to look like and what that would cost
"""

_AT_ONCE = 200
"""Rows that are written together, in a thread: making them small takes its time."""


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
    async with _whole(path) as file:
        return await pack(store, user_id, file)


async def pack(store: Store, user_id: str, file: IO[bytes]) -> Exported:
    """:func:`export` into a file that is open; one without a name is gone with whoever has it open.

    Raises:
        NotFound: There is no such person.
        OSError: It cannot be written.
    """
    with ZipFile(file, "w", ZIP_DEFLATED) as into:
        into.writestr("README.txt", README)
        async with store.database.read(streams=True) as connection:
            if (await connection.execute(_mine(people, user_id))).first() is None:
                raise NotFound("person", user_id)
            rows = [
                await _write(into, f"data/{each.name}.jsonl", connection, _mine(each, user_id), _as_json)
                for each in metadata.sorted_tables
                if each not in (upstreams, slots, workers)  # nobody's
            ]
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


@asynccontextmanager
async def _whole(path: Path) -> AsyncIterator[IO[bytes]]:
    """A file that has its name only when all went well."""
    # A name nobody knows, of a file that is new: not that of another export, nor a link of somebody's.
    part = path.with_name(f".coach-{uuid.uuid4().hex}.part")
    try:
        with await asyncio.to_thread(open, part, "xb", opener=private) as file:
            yield file
            file.flush()
            await asyncio.to_thread(os.fsync, file.fileno())
        part.replace(path)
        await asyncio.to_thread(sync, path.parent)
    finally:
        part.unlink(missing_ok=True)


def _mine(table: Table, user_id: str) -> Select[Any]:
    if "user_id" in table.c:
        told = [column for column in table.c if column.name != "secret_hash"]
        return select(*told).where(table.c.user_id == user_id).order_by(*table.primary_key)
    its = generations.c.id == table.c.generation_id
    return select(table).join(generations, its).where(generations.c.user_id == user_id)


async def _each(connection: AsyncConnection, rows: Select[Any]) -> AsyncIterator[Row[Any]]:
    async with connection.stream(rows) as found:
        async for row in found:
            yield row


async def _write(
    into: ZipFile,
    name: str,
    connection: AsyncConnection,
    rows: Select[Any],
    text_of: Callable[[Row[Any]], str],
) -> int:
    """Write rows as text into a file of the zip; says how many there were."""
    count = 0
    with into.open(name, "w", force_zip64=True) as file:
        async with connection.stream(rows) as found:
            async for some in found.partitions(_AT_ONCE):
                await asyncio.to_thread(_write_some, file, some, text_of)
                count += len(some)
    return count


def _write_some(file: IO[bytes], rows: Sequence[Row[Any]], text_of: Callable[[Row[Any]], str]) -> None:
    file.write("".join(map(text_of, rows)).encode())


def _as_json(row: Row[Any]) -> str:
    return f"{json.dumps(row._asdict(), default=str, ensure_ascii=False)}\n"


def _as_talk(row: Row[Any]) -> str:
    text = row.content.get("content")
    if row.role not in ("user", "assistant") or not isinstance(text, str) or not text:
        return ""
    who = "You" if row.role == "user" else "Coach"
    return f"{who}, {row.created_at:%Y-%m-%d %H:%M}\n{text}\n\n"


async def _conversations(into: ZipFile, connection: AsyncConnection, user_id: str) -> None:
    """What was said, to read: a file for each conversation."""
    begun = _mine(conversations, user_id).order_by(None).order_by(conversations.c.created_at)
    ids = [row.id async for row in _each(connection, begun.with_only_columns(conversations.c.id))]
    for number, id in enumerate(ids, 1):
        said = select(messages.c.role, messages.c.content, messages.c.created_at)
        said = said.where(messages.c.user_id == user_id, messages.c.conversation_id == id)
        said = said.order_by(messages.c.seq)
        await _write(into, f"conversations/{number}.txt", connection, said, _as_talk)


async def _pictures(connection: AsyncConnection, user_id: str) -> AsyncIterator[tuple[str, str]]:
    """The key of each photo and picture, and what it is called in the zip."""
    number = 0
    async for row in _each(connection, _mine(photos, user_id).order_by(None).order_by(photos.c.created_at)):
        number += 1
        yield row.blob, f"photos/photo-{number}{'-primary' if row.primary else ''}{_ending(row.blob)}"
        if row.original:
            yield row.original, f"originals/photo-{number}{_ending(row.original)}"
    made = select(versions, identities.c.number.label("of"), identities.c.kind).join(
        identities, identities.c.id == versions.c.identity_id
    )
    async for row in _each(connection, made.where(versions.c.user_id == user_id)):
        of = f"i{row.of}" if row.kind == "identity" else row.kind
        name = f"pictures/{of}/{row.handle}{'-accepted' if row.accepted_at else ''}"
        yield row.blob, f"{name}{_ending(row.blob)}"
        if row.provider_blob:
            yield row.provider_blob, f"{name}-provider{_ending(row.provider_blob)}"


def _ending(key: str) -> str:
    return Path(key).suffix
