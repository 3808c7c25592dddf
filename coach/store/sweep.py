"""What lies in the wrong place: blobs that no row knows, rows whose blob is gone, what was kept long enough.

Nothing that somebody may be working on is touched: what is younger than :data:`SETTLED` is let be, and so is
what belongs to a picture that has not ended. Only keys of our own form are looked at: a bucket may hold more.
What no row knows may be another database's, or newer than this one: it is kept as long as evidence is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import JSON, Select, func, select, true, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from coach.store import Store
from coach.store._rows import AT_ONCE, now, parts
from coach.store.blobs import Stored, owner_of
from coach.store.blobs._form import is_ours
from coach.store.serving import flows, sticker_specs
from coach.store.states import ENDS
from coach.store.tables import generations, people, photos, versions

SETTLED = timedelta(hours=1)
"""So long bytes may lie without a row: they are put first, and their row follows in the same breath."""

What = Literal[
    "blob without a row",
    "row without its blob",
    "old preview",
    "old sheet",
    "mask without a picture",
    "upload without a picture",
    "unfinished put",
    "answer without a row",
    "old evidence",
    "stray file",
    "unfinished erasure",
]
"""What can be found."""

A_FEW = 5
"""So many blobs can be unknown to any database; above that, and a tenth of all, it may be the wrong one."""

_NAMES = (photos.c.blob, photos.c.original, versions.c.blob, versions.c.provider_blob)
_ID = 36
_GIVEN = re.compile(r"(mask|upload)-([0-9a-f]{64})\.(?:png|jpg)")  # see `coach.studio.masks` and `uploads`
_ASKED = type_coerce(generations.c.request, JSON)


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How many days is kept what nobody needs any more.

    Attributes:
        previews: Unfinished pictures, after their picture has ended; sheets, comparisons and thumbnails,
            which are made again when asked for; masks and uploads with which no picture was asked for and
            that are in no flow and of no sticker's spec.
        evidence: Answers of the picture service that gave no picture, or not all, after they have ended;
            blobs that no row knows, since they were put.
    """

    previews: float = 7
    evidence: float = 30

    @property
    def made(self) -> timedelta:
        """For how long is kept what was made on the way to something else."""
        return timedelta(days=self.previews)

    @property
    def unknown(self) -> timedelta:
        """For how long is kept what a newer copy of the database, or another, may know."""
        return timedelta(days=self.evidence)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        where: A blob's key, a file's name, or a person's id.
        size: Bytes.
        fixed: Whether it is gone now.
        why: Why it was left, when it cannot be removed.
    """

    what: What
    where: str
    size: int = 0
    fixed: bool = False
    why: str = ""


async def sweep_blobs(store: Store, retention: Retention, *, fix: bool, all: bool = False) -> list[Finding]:
    """Compare the blobs with the rows, both ways.

    Args:
        fix: Remove what no row knows, old previews, and what was never put to the end. A row without its
            blob stays: it says what there was, and a backup may have the bytes.
        all: Also where more is unknown than can be by chance: the place for blobs is this database's alone.
    """
    # First the blobs, then the rows: what comes to be in between is in the rows.
    stored = await store.blobs.look()
    there = {blob.key for blob in stored}
    async with store.database.read(streams=True) as connection:
        known = await _column(connection, *(select(column).where(column.is_not(None)) for column in _NAMES))
        left = {blob.key: blob for blob in stored if blob.key not in known and _is_settled(blob)}
        owners = {owner_of(user_id) for user_id in await _column(connection, select(people.c.user_id))}
        found = await _judged(connection, list(left.values()), owners, retention)
    if not all and (why := _doubt(found, named=len(known & there))):
        found = [replace(each, why=each.why or why) for each in found]
    elif fix:
        tried = [
            each if each.why else await _removed(store, left[each.where], owners, retention) for each in found
        ]
        found = [each for each in tried if each is not None]
    lost = [key for key in sorted(known - there) if not await store.blobs.exists(key)]
    why = "its bytes are gone; a backup may have them"
    found += [Finding(what="row without its blob", where=key, why=why) for key in lost]
    count = await store.blobs.unfinished(now() - SETTLED, remove=fix)
    return found + [Finding(what="unfinished put", where=f"{count} of them", fixed=fix)] * bool(count)


def _doubt(found: Sequence[Finding], *, named: int) -> str:
    """Why nothing should be removed: this may be another database's place, or this database an older copy."""
    unknown = sum(each.what == "blob without a row" for each in found)
    if found and not named:
        return "no row names any blob that is there: is this the right database? --all removes it"
    if unknown > max(A_FEW, (named + unknown) / 10):
        return "so much is unknown that it may be another database's; --all removes what is old enough"
    return ""


async def _removed(
    store: Store, blob: Stored, owners: Collection[str], retention: Retention
) -> Finding | None:
    """Remove a blob, unless its row came meanwhile: the place's clock and ours may differ."""
    async with store.database.read(streams=True) as connection:
        if not (still := await _judged(connection, [blob], owners, retention)):
            return None
    await store.blobs.delete(blob.key)
    return replace(still[0], fixed=True)


def _is_settled(blob: Stored) -> bool:
    """Whether it has a key of our form, and its row would be there by now."""
    return is_ours(blob.key) and now() - blob.put_at >= SETTLED


async def _column(connection: AsyncConnection, *asked: Select[Any]) -> set[str]:
    """All that some statements of one column give."""
    return {value for each in asked for value in (await connection.execute(each)).scalars()}


async def _judged(
    connection: AsyncConnection, left: Sequence[Stored], owners: Collection[str], retention: Retention
) -> list[Finding]:
    """What is to be said of blobs that no row names, some at a time."""
    found = []
    for blobs in parts(left, AT_ONCE):
        rows = await _Rows.of(connection, blobs, owners)
        found += [each for blob in blobs if (each := rows.judge(blob, retention))]
    return found


async def _used(connection: AsyncConnection, given: Sequence[str]) -> set[tuple[str, str]]:
    """Which of these masks and uploads somebody needs, and who: for a picture, in a flow, in a spec."""
    mask = _ASKED["mask"]["id"].as_string()
    if connection.dialect.name == "sqlite":
        each = func.json_each(generations.c.request, "$.references").table_valued("value")
        upload = func.json_extract(each.c.value, "$.id")
    else:
        each = func.jsonb_array_elements(_ASKED["references"]).table_valued("value")
        upload = type_coerce(each.c.value, JSON)["id"].as_string()
    whose = select(generations.c.user_id)
    uploads = whose.add_columns(upload).select_from(generations.join(each, true()))
    masks = await connection.execute(whose.add_columns(mask).where(mask.in_(given)))
    found = [*masks, *await connection.execute(uploads.where(upload.in_(given)))]
    specs = select(sticker_specs.c.user_id, sticker_specs.c.base_id)
    found += await connection.execute(specs.where(sticker_specs.c.base_id.in_(given)))
    async with connection.stream(select(flows.c.user_id, flows.c.graph)) as rows:
        found += [(user_id, id) async for user_id, graph in rows for id in _drawn(graph, given)]
    return {(owner_of(user_id), id) for user_id, id in found}


def _drawn(graph: Mapping[str, Any], given: Sequence[str]) -> Iterator[str]:
    """Those that are in a flow, of whatever nodes."""
    names = {node["data"].get(name) for node in graph["nodes"] for name in ("upload", "mask")}
    return (id for id in given if id in names or f"m-{id[:8]}" in names)  # see `coach.studio.masks`


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """What the rows know of some blobs: who is there, how their pictures stand, what they were made with.

    Attributes:
        ended: Whether a picture has ended, by its id.
        used: The masks and uploads that somebody needs: whose they are, and their ids.
        named: What a row names after all: it came while we looked.
    """

    owners: Collection[str]
    ended: dict[str, bool]
    used: set[tuple[str, str]]
    named: set[str]

    @classmethod
    async def of(cls, connection: AsyncConnection, blobs: Sequence[Stored], owners: Collection[str]) -> _Rows:
        names = [blob.key.rpartition("/")[2] for blob in blobs]
        given = [found[2] for name in names if (found := _GIVEN.fullmatch(name))]
        states = select(generations.c.id, generations.c.state)
        states = states.where(generations.c.id.in_({name[:_ID] for name in names}))
        ended = {id: state in ENDS for id, state in await connection.execute(states)}
        used = await _used(connection, given) if given else set()
        keys = [blob.key for blob in blobs]
        named = await _column(connection, *(select(column).where(column.in_(keys)) for column in _NAMES))
        return cls(owners=owners, ended=ended, used=used, named=named)

    def judge(self, blob: Stored, retention: Retention) -> Finding | None:
        owner, kind, name = blob.key.split("/")
        if blob.key in self.named:
            return None
        what = self._what(owner, kind, name) if owner in self.owners else "blob without a row"
        age = now() - blob.put_at
        if what == "blob without a row":
            young = "kept as long as evidence is: another database, or a newer copy of this one, may know it"
            why = young if age <= retention.unknown else ""
            return Finding(what=what, where=blob.key, size=blob.size, why=why)
        if what is None or age <= retention.made:
            return None
        return Finding(what=what, where=blob.key, size=blob.size)

    def _what(self, owner: str, kind: str, name: str) -> What | None:
        """What is wrong with a blob of somebody who is there."""
        if kind == "derived":
            given = _GIVEN.fullmatch(name)
            if given is None:
                return "old sheet"
            if (owner, given[2]) in self.used:
                return None
            return "mask without a picture" if given[1] == "mask" else "upload without a picture"
        ended = self.ended.get(name[:_ID])
        if kind == "previews" and ended:
            return "old preview"
        if kind in ("pictures", "previews") and ended is False:
            return None  # it is still to be put away
        return "blob without a row"
