"""What lies in the wrong place: blobs that no row knows, rows whose blob is gone, what was kept long enough.

Nothing that somebody may be working on is touched: what is younger than :data:`SETTLED` is let be, and so is
what belongs to a picture that has not ended. Only keys of our own form are looked at: a bucket may hold more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal, get_args

from sqlalchemy import select

from coach.store import Store
from coach.store._rows import now
from coach.store.blobs import BlobKind, Stored, owner_of
from coach.store.states import ENDS
from coach.store.tables import generations, people, photos, versions

SETTLED = timedelta(hours=1)
"""So long bytes may lie without a row: they are put first, and their row follows in the same breath."""

What = Literal[
    "blob without a row",
    "row without its blob",
    "old preview",
    "unfinished put",
    "answer without a row",
    "old evidence",
    "stray file",
    "unfinished erasure",
]
"""What can be found."""

_COLUMNS = (photos.c.blob, photos.c.original, versions.c.blob, versions.c.provider_blob)
_ID = 36


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How many days is kept what nobody needs any more.

    Attributes:
        previews: Unfinished pictures, after their picture has ended.
        evidence: Answers of the picture service that gave no picture, or not all, after they have ended.
    """

    previews: float = 7
    evidence: float = 30


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


async def sweep_blobs(store: Store, retention: Retention, *, fix: bool) -> list[Finding]:
    """Compare the blobs with the rows, both ways.

    Args:
        fix: Remove what no row knows, old previews, and what was never put to the end. A row without its
            blob stays: it says what there was, and a backup may have the bytes.
    """
    # First the blobs, then the rows: what comes to be in between is in the rows.
    stored = await store.blobs.look()
    rows = await _Rows.read(store)
    found = [each for blob in stored if (each := rows.judge(blob, retention))]
    if found and not rows.known & {blob.key for blob in stored}:
        why = "no row names any blob that is there: is this the right database?"
        found = [replace(each, why=why) for each in found]
    elif fix:
        found = [await _removed(store, each) for each in found]
    lost = [
        key for key in sorted(rows.known - {blob.key for blob in stored}) if not await store.blobs.exists(key)
    ]
    why = "its bytes are gone; a backup may have them"
    found += [Finding(what="row without its blob", where=key, why=why) for key in lost]
    count = await store.blobs.unfinished(now() - SETTLED, remove=fix)
    return found + [Finding(what="unfinished put", where=f"{count} of them", fixed=fix)] * bool(count)


async def _removed(store: Store, finding: Finding) -> Finding:
    await store.blobs.delete(finding.where)
    return replace(finding, fixed=True)


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """What the rows know: every blob they name, whose folders there are, and which pictures have ended."""

    known: frozenset[str]
    owners: frozenset[str]
    ended: dict[str, bool]

    @classmethod
    async def read(cls, store: Store) -> _Rows:
        known: set[str] = set()
        async with store.database.read() as connection:
            for column in _COLUMNS:
                named = await connection.execute(select(column).where(column.is_not(None)))
                known.update(named.scalars())
            ids = (await connection.execute(select(people.c.user_id))).scalars()
            owners = frozenset(owner_of(user_id) for user_id in ids)
            states: Sequence[Any] = (
                await connection.execute(select(generations.c.id, generations.c.state))
            ).all()
        return cls(known=frozenset(known), owners=owners, ended={id: state in ENDS for id, state in states})

    def judge(self, blob: Stored, retention: Retention) -> Finding | None:
        owner, kind, name = blob.key.split("/") if blob.key.count("/") == 2 else ("", "", "")
        age = now() - blob.put_at
        if kind not in get_args(BlobKind) or blob.key in self.known or age < SETTLED:
            return None
        if owner not in self.owners:
            return Finding(what="blob without a row", where=blob.key, size=blob.size)
        # What was made for a person has no row of its own: it is theirs as long as they are there.
        if kind == "derived":
            return None
        ended = self.ended.get(name[:_ID])
        if kind == "previews" and ended:
            old = age > timedelta(days=retention.previews)
            return Finding(what="old preview", where=blob.key, size=blob.size) if old else None
        if kind in ("pictures", "previews") and ended is False:
            return None  # it is still to be put away
        return Finding(what="blob without a row", where=blob.key, size=blob.size)
