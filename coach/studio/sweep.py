"""Orphans both ways, in the blobs and in this machine's spool, and erasures that were not finished."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from coach.errors import CoachError
from coach.store import Store
from coach.store._rows import AT_ONCE, every, now, parts
from coach.store.erase import LEASE, begun
from coach.store.states import ENDS
from coach.store.sweep import SETTLED, Finding, Retention, sweep_blobs
from coach.store.tables import generations
from coach.studio.accounts import GENERATIONS
from coach.studio.erase import Forget, Receipt, erase, nameless
from coach.studio.generation import Generation
from coach.studio.spool import Spool

logger = logging.getLogger(__name__)

_ANSWER = (".part", ".body")
_WAIT = f"somebody is at work on it, or was {LEASE.total_seconds():.0f} seconds ago: look again then"


async def sweep(
    store: Store,
    *,
    spool: Spool | None = None,
    forget: Mapping[str, Forget] | None = None,
    retention: Retention | None = None,
    fix: bool = False,
    all: bool = False,
) -> list[Finding]:
    """Look for what lies in the wrong place or was kept long enough.

    Args:
        spool: This machine's.
        forget: See :func:`coach.studio.erase.erase`.
        fix: Remove what can be removed, and finish erasures that were begun and not ended.
        all: See :func:`coach.store.sweep.sweep_blobs`.

    Raises:
        StoreUnavailable: The database, the bucket or the folder cannot be used.
    """
    retention = retention or Retention()
    found = await _erasures(store, spool, forget, fix=fix)
    found += await sweep_blobs(store, retention, fix=fix, all=all)
    if spool is not None:
        found += await _spool(store, spool, retention, fix=fix)
    return found


async def finish_erasures(
    store: Store, *, spool: Spool | None = None, forget: Mapping[str, Forget] | None = None
) -> int:
    """Finish the erasures whose process died; says how many. For the start of a process.

    One that fails stops nothing: it stays begun, and is tried again. One whose process may be alive is let
    be: :func:`finish_later`.
    """
    found = [
        await _erased(store, user_id, spool, forget) for user_id in await begun(store.database, idle=True)
    ]
    if failed := [each for each in found if each.why]:
        logger.warning("%d erasure(s) could not be finished: %s", len(failed), failed[0].why)
    return sum(each.fixed for each in found)


async def finish_later(
    store: Store, *, spool: Spool | None = None, forget: Mapping[str, Forget] | None = None
) -> None:
    """Finish also what died so shortly before the start that it could have been alive."""
    await asyncio.sleep(LEASE.total_seconds())
    try:
        await finish_erasures(store, spool=spool, forget=forget)
    except CoachError as error:
        logger.warning("Whether an erasure was left unfinished could not be seen: %s", error)


async def _erasures(
    store: Store, spool: Spool | None, forget: Mapping[str, Forget] | None, *, fix: bool
) -> list[Finding]:
    idle = set(await begun(store.database, idle=True))
    found = []
    for user_id in await begun(store.database):
        if fix and user_id in idle:
            found.append(await _erased(store, user_id, spool, forget))
        else:
            found.append(Finding(what="unfinished erasure", where=user_id, why=_WAIT * (user_id not in idle)))
    return found


async def _erased(
    store: Store, user_id: str, spool: Spool | None, forget: Mapping[str, Forget] | None
) -> Finding:
    finding = Finding(what="unfinished erasure", where=user_id)
    try:
        receipt = await erase(store, user_id, spool=spool, forget=forget, patience=0)
    except (CoachError, DBAPIError, OSError) as error:
        # Their own text may name the person.
        return replace(finding, why=f"it failed ({type(error).__name__}); `coach erase` tries again")
    if receipt.done:
        _tell(receipt)
    return replace(finding, fixed=receipt.done)


def _tell(receipt: Receipt) -> None:
    """Nobody waits for this receipt any more, and afterwards nothing can give it again."""
    logger.warning("An erasure that was begun is finished. Its receipt: %s", nameless(receipt))


async def _spool(store: Store, spool: Spool, retention: Retention, *, fix: bool) -> list[Finding]:
    files = await asyncio.to_thread(_old_files, spool.folder)
    found = []
    for ids in parts(list(files), AT_ONCE):
        rows = await _rows(store, ids)
        for id in ids:
            finding = _judge(files[id], rows.get(id), retention)
            if finding is None:
                continue
            if fix and not finding.why and await asyncio.to_thread(_remove, spool, id):
                await _forget_file(store, rows.get(id))
                finding = replace(finding, fixed=True)
            found.append(finding)
    return found


async def _rows(store: Store, ids: Sequence[str]) -> dict[str, Generation]:
    async with store.database.read() as connection:
        known = await every(connection, GENERATIONS.where(generations.c.id.in_(ids)), Generation)
    return {row.id: row for row in known}


@dataclass(frozen=True, kw_only=True, order=True)
class _File:
    """A file as it was when we looked: whoever works on it may have renamed or deleted it since."""

    name: str
    size: int
    age: timedelta

    @property
    def is_answer(self) -> bool:
        return self.name.endswith(_ANSWER)


def _old_files(folder: Path) -> dict[str, list[_File]]:
    """The files of each generation of which none was changed lately."""
    files: dict[str, list[_File]] = {}
    for path in folder.iterdir():
        if path.name == "secret" or path.name.startswith(".") or path.is_dir():
            continue
        with suppress(FileNotFoundError):  # deleted or renamed meanwhile
            facts = path.stat()
            age = timedelta(seconds=time.time() - facts.st_mtime)
            file = _File(name=path.name, size=facts.st_size, age=age)
            files.setdefault(path.name.partition(".")[0], []).append(file)
    return {id: sorted(each) for id, each in sorted(files.items()) if _age(each) > SETTLED}


def _age(files: Sequence[_File]) -> timedelta:
    return min(file.age for file in files)


def _judge(files: Sequence[_File], row: Generation | None, retention: Retention) -> Finding | None:
    size = sum(file.size for file in files)
    where, keep = files[0].name, timedelta(days=retention.evidence)
    if row is None:
        if not any(file.is_answer for file in files):
            return Finding(what="stray file", where=where, size=size)
        # It may have been paid for, and the database be an older copy of itself.
        why = "" if _age(files) > keep else "kept as long as evidence is: it may have been paid for"
        return Finding(what="answer without a row", where=where, size=size, why=why)
    if row.state not in ENDS:
        return None  # recovery's, or an operator's
    if row.spool is None:
        return Finding(what="stray file", where=where, size=size)
    old = now() - row.updated_at > keep
    return Finding(what="old evidence", where=where, size=size) if old else None


def _remove(spool: Spool, id: str) -> bool:
    """Delete a generation's files; ``False``: somebody works on them after all."""
    with spool.claim(id) or nullcontext() as file:
        if file is None and spool.has(id):
            return False
        spool.erase(id)
    return True


async def _forget_file(store: Store, row: Generation | None) -> None:
    if row is None or row.spool is None:
        return
    change = update(generations).where(generations.c.id == row.id, generations.c.moves == row.moves)
    async with store.database.write() as connection:
        await connection.execute(change.values(spool=None))
