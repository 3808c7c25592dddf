"""Erasing a person: what is theirs in the database, the blobs, the spool and at the picture service.

The order is what makes it safe to die in: the mark first, which stops new work, then what only the rows can
find, the rows, the blobs, and the person's own row last. Whatever was begun is done again from the beginning.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.exc import DBAPIError

from coach._reached import reached
from coach.errors import CoachError, Conflict
from coach.store import Store, owner_of
from coach.store import erase as rows
from coach.store._rows import now
from coach.store.blobs import Emptied
from coach.store.states import ENDS
from coach.studio._bury import Buried, bury, of_person
from coach.studio._receipt import ELSEWHERE as ELSEWHERE
from coach.studio._receipt import OUTSIDE_DAYS as OUTSIDE_DAYS
from coach.studio._receipt import Job, Outside, counted, outside_of
from coach.studio._receipt import Receipt as Receipt
from coach.studio.ledger import Generation, Ledger
from coach.studio.leftovers import whereabouts
from coach.studio.spool import Spool

Forget = Callable[[str], Awaitable[bool]]
"""Has a picture service delete what it keeps of a job, by its id; ``False``: it keeps nothing any more."""

PATIENCE = 700.0
"""Seconds in which every picture that is being made has ended: its turn is waited for, then it is made."""

_LOOK_AGAIN = 0.2
_DEADLOCK = "40P01"  # PostgreSQL's manual, "PostgreSQL Error Codes"
_UNSENT = frozenset({"planned", "quoted", "reserved"})
_DOUBT = frozenset({"unknown"})


class _Busy(Exception):
    """Something was begun meanwhile."""


@dataclass(kw_only=True)
class _Found:
    """What was there, gathered step by step."""

    files: int = 0
    file_bytes: int = 0
    jobs: dict[str, Job] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    buried: Buried = field(default_factory=Buried)
    outside: tuple[Outside, ...] = ()
    out: int = 0


async def erase(
    store: Store,
    user_id: str,
    *,
    spool: Spool | None = None,
    forget: Mapping[str, Forget] | None = None,
    patience: float = PATIENCE,
    say: Callable[[str], None] = lambda text: None,
) -> Receipt:
    """Erase everything of a person. Safe to repeat, and to do again after a crash at any point.

    What waits for its turn at the picture service is not sent any more. A picture that is out is waited for:
    it ends, and is erased with the rest. In the books stays what was charged, as nobody's.

    Args:
        spool: This machine's; another machine's own is cleared there, at its next start or sweep.
        forget: By the engine's name, how its service is asked to delete a job.
        patience: Seconds to wait for what is out; after that its rows go all the same.
        say: Told what is waited for.

    Raises:
        InputRefused: It is nobody's id.
        StoreUnavailable: A database or bucket is away; what was begun is marked, and can be done again.
    """
    eraser = _Eraser(store=store, user_id=user_id, spool=spool, forget=forget or {}, say=say)
    return await eraser.run(patience)


@dataclass(frozen=True, kw_only=True)
class _Eraser:
    store: Store
    user_id: str
    spool: Spool | None
    forget: Mapping[str, Forget]
    say: Callable[[str], None]
    found: _Found = field(default_factory=_Found)

    async def run(self, patience: float) -> Receipt:
        there = await rows.begin(self.store.database, self.user_id)
        reached("erase_marked")
        if there:
            await self._rows(patience)
        emptied = [await self.store.blobs.empty(owner_of(self.user_id))]
        reached("erase_blobs")
        left = [await rows.wipe(self.store.database)]
        reached("erase_wiped")
        if self.found.out:
            # What was just being put when its rows went.
            await asyncio.sleep(_LOOK_AGAIN)
            emptied.append(await self.store.blobs.empty(owner_of(self.user_id)))
        elif there:
            await rows.remove_person(self.store.database, self.user_id)
            reached("erase_person")
            left.append(await rows.wipe(self.store.database, anew=False))
        return self._receipt(there, emptied, left)

    async def _rows(self, patience: float) -> None:
        """Clear what only the rows can find, then the rows."""
        until = asyncio.get_running_loop().time() + patience
        told = 0
        while True:
            out = await self._stop()
            if out and asyncio.get_running_loop().time() < until:
                if out != told:
                    self.say(f"Waiting for {out} picture(s) that are being made.")
                told = out
                await asyncio.sleep(_LOOK_AGAIN)
                continue
            self.found.out = out
            reached("erase_stopped")
            mine = await self._mine()
            for job in mine:
                await self._forget(job)
            reached("erase_forgotten")
            await asyncio.to_thread(self._clear, mine)
            reached("erase_spool")
            try:
                await self._delete(mine)
            except _Busy:
                continue
            except DBAPIError as error:
                # What is being written about them elsewhere may wait for us while we wait for it.
                if getattr(error.orig, "sqlstate", None) != _DEADLOCK:
                    raise
                continue
            reached("erase_rows")
            return

    async def _mine(self) -> Sequence[Generation]:
        async with self.store.database.read() as connection:
            return await of_person(connection, self.user_id)

    async def _stop(self) -> int:
        """Let nothing more be sent; says how many pictures are out, here or elsewhere."""
        ledger = Ledger(self.store.database)
        out = 0
        for one in await self._mine():
            if one.state in _UNSENT:
                try:
                    await ledger.advance(one, "failed", error_code="stopped", paid="unpaid", spool=None)
                except Conflict:  # it has just been sent, or has ended
                    out += 1
            elif one.state not in ENDS | _DOUBT:
                out += whereabouts(self.spool, one) == "working"
        return out

    async def _forget(self, one: Generation) -> None:
        if one.job_id is None or one.job_id in self.found.jobs:
            return
        job = Job(id=one.job_id, engine=one.engine, end="kept", why="nobody could be asked")
        if one.engine in self.forget:
            try:
                there = await self.forget[one.engine](one.job_id)
                job = replace(job, end="deleted" if there else "gone", why="")
            except CoachError as error:
                job = replace(job, why=getattr(error, "code", type(error).__name__))
        self.found.jobs[one.job_id] = job

    def _clear(self, mine: Sequence[Generation]) -> None:
        """Delete the files of their answers, whatever state they are in and whoever writes them."""
        if self.spool is None:
            return
        for one in mine:
            files, size = self.spool.erase(one.id)
            self.found.files += files
            self.found.file_bytes += size

    async def _delete(self, seen: Sequence[Generation]) -> None:
        states = {one.id: one.state for one in seen}
        async with self.store.database.write() as connection:
            await rows.is_there(connection, self.user_id)
            mine = await of_person(connection, self.user_id, lock=True)
            # What was begun or went on since we looked may have a file again.
            if not self.found.out and any(states.get(one.id) != one.state for one in mine):
                raise _Busy
            pictures = await rows.remove(connection, self.user_id, rows.PICTURES)
            buried = await bury(connection, Ledger(self.store.database), self.user_id, mine)
            words = await rows.remove(connection, self.user_id, rows.WORDS)
        self.found.rows = {**pictures, **words, "generations": buried.lines - buried.kept}
        self.found.buried, self.found.outside = buried, outside_of(mine, now())

    def _receipt(self, there: bool, emptied: Sequence[Emptied], left: Sequence[str]) -> Receipt:
        found = self.found
        still = dict.fromkeys([*(each.still for each in emptied), *left])
        return Receipt(
            user_id=self.user_id,
            at=now(),
            rows={**found.rows, "people": int(there and not found.out)},
            blobs=counted(emptied),
            blob_bytes=sum(blob.size for each in emptied for blob in each.blobs),
            older=sum(each.older for each in emptied),
            unfinished=sum(each.unfinished for each in emptied),
            spool_files=found.files,
            spool_bytes=found.file_bytes,
            jobs=tuple(found.jobs.values()),
            kept_lines=found.buried.kept,
            kept_micros=found.buried.kept_micros,
            settled=tuple(one.id for one in found.buried.settled),
            outside=found.outside,
            chat=found.rows.get("messages", 0) > 0,
            still=tuple(filter(None, still)),
            out=found.out,
        )
