"""Orphans both ways, in the blobs and in this machine's spool, and erasures that were not finished."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from coach.store import Store
from coach.store._rows import first, now
from coach.store.erase import begun
from coach.store.states import ENDS
from coach.store.sweep import SETTLED, Finding, Retention, sweep_blobs
from coach.store.tables import generations
from coach.studio.accounts import GENERATIONS
from coach.studio.erase import PATIENCE, Forget, erase
from coach.studio.generation import Generation
from coach.studio.spool import Spool

_ANSWER = (".part", ".body")


async def sweep(
    store: Store,
    *,
    spool: Spool | None = None,
    forget: Mapping[str, Forget] | None = None,
    retention: Retention | None = None,
    fix: bool = False,
) -> list[Finding]:
    """Look for what lies in the wrong place or was kept long enough.

    Args:
        spool: This machine's.
        forget: See :func:`coach.studio.erase.erase`.
        fix: Remove what can be removed, and finish erasures that were begun and not ended.

    Raises:
        StoreUnavailable: The database, the bucket or the folder cannot be used.
    """
    retention = retention or Retention()
    found = await _erasures(store, spool, forget, fix=fix)
    found += await sweep_blobs(store, retention, fix=fix)
    if spool is not None:
        found += await _spool(store, spool, retention, fix=fix)
    return found


async def finish_erasures(
    store: Store, *, spool: Spool | None = None, forget: Mapping[str, Forget] | None = None
) -> int:
    """Finish the erasures whose process died; says how many. For the start of a process."""
    return sum(each.fixed for each in await _erasures(store, spool, forget, fix=True))


async def _erasures(
    store: Store, spool: Spool | None, forget: Mapping[str, Forget] | None, *, fix: bool
) -> list[Finding]:
    # Until then, whoever began it may be waiting for a picture.
    users = await begun(store.database, before=now() - timedelta(seconds=PATIENCE))
    found = [Finding(what="unfinished erasure", where=user) for user in users]
    if fix:
        ends = [await erase(store, user, spool=spool, forget=forget, patience=0) for user in users]
        found = [replace(each, fixed=end.done) for each, end in zip(found, ends, strict=True)]
    return found


async def _spool(store: Store, spool: Spool, retention: Retention, *, fix: bool) -> list[Finding]:
    files = await asyncio.to_thread(_old_files, spool.folder)
    async with store.database.read() as connection:
        rows = {id: await _row(connection, id) for id in files}
    found = []
    for id, paths in files.items():
        finding = _judge(paths, rows[id], retention)
        if finding is None:
            continue
        if fix and not finding.why and await asyncio.to_thread(_remove, spool, id):
            await _forget_file(store, rows[id])
            finding = replace(finding, fixed=True)
        found.append(finding)
    return found


async def _row(connection: AsyncConnection, id: str) -> Generation | None:
    row = await first(connection, GENERATIONS.where(generations.c.id == id))
    return Generation(**row) if row else None


def _old_files(folder: Path) -> dict[str, list[Path]]:
    """The files of each generation of which none was changed lately."""
    files: dict[str, list[Path]] = {}
    for path in folder.iterdir():
        if path.name != "secret":
            files.setdefault(path.name.partition(".")[0], []).append(path)
    return {id: sorted(paths) for id, paths in sorted(files.items()) if _age(paths) > SETTLED}


def _age(paths: Sequence[Path]) -> timedelta:
    return timedelta(seconds=time.time() - max(path.stat().st_mtime for path in paths if path.exists()))


def _judge(paths: Sequence[Path], row: Generation | None, retention: Retention) -> Finding | None:
    size = sum(path.stat().st_size for path in paths)
    where, keep = paths[0].name, timedelta(days=retention.evidence)
    if row is None:
        if not any(path.suffix in _ANSWER for path in paths):
            return Finding(what="stray file", where=where, size=size)
        # It may have been paid for, and the database be an older copy of itself.
        why = "" if _age(paths) > keep else "kept as long as evidence is: it may have been paid for"
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
