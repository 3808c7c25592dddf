"""Erasing a person: what is theirs in the database, the blobs and the spool, and jobs at the picture service.

The order is what makes it safe to die in: the mark first, which stops new work, then what only the rows can
find, the rows, the blobs, and the person's own row last. Whatever was begun is done again from the beginning.
What was done is written down with the person until their row goes, so the receipt holds all of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from coach._reached import reached
from coach.errors import CoachError, Conflict
from coach.store import Store, owner_of
from coach.store import erase as rows
from coach.store._rows import now
from coach.studio._bury import bury, of_person
from coach.studio._receipt import Job, counted, joined, outside_of, read
from coach.studio._receipt import Receipt as Receipt
from coach.studio._receipt import nameless as nameless
from coach.studio._receipt import sentences as sentences
from coach.studio._receipt import written as written
from coach.studio.ledger import Generation, Ledger
from coach.studio.leftovers import whereabouts
from coach.studio.spool import Spool

Forget = Callable[[str], Awaitable[bool]]
"""Has a picture service delete what it keeps of a job, by its id; ``False``: it keeps nothing any more."""

PATIENCE = 700.0
"""Seconds in which every picture that is being made has ended: its turn is waited for, then it is made."""

_LOOK_AGAIN = 0.2
_SELDOM = 2.0
_DEADLOCK = "40P01"  # PostgreSQL's manual, "PostgreSQL Error Codes"
_UNSENT = frozenset({"planned", "quoted", "reserved"})
_DOUBT = frozenset({"unknown"})


class _Busy(Exception):
    """Something was begun meanwhile."""


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
    it ends, and is erased with the rest. In the books stays what was charged, as nobody's. Where an erasure
    was begun before and not ended, its receipt is continued.

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
    async with rows.at_work(store.database, user_id):
        return await eraser.run(patience)


@dataclass(kw_only=True)
class _Eraser:
    store: Store
    user_id: str
    spool: Spool | None
    forget: Mapping[str, Forget]
    say: Callable[[str], None]
    so_far: Receipt = field(init=False)
    asked: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.so_far = Receipt(user_id=self.user_id, at=now())

    async def run(self, patience: float) -> Receipt:
        there = await rows.begin(self.store.database, self.user_id)
        reached("erase_marked")
        out = await self._rows(patience) if there else 0
        still = [await self._blobs()]
        reached("erase_blobs")
        still.append(await rows.wipe(self.store.database))
        reached("erase_wiped")
        if out:
            # What was just being put when its rows went.
            await asyncio.sleep(_LOOK_AGAIN)
            still.append(await self._blobs())
        elif there:
            await rows.remove_person(self.store.database, self.user_id)
            reached("erase_person")
            still.append(await rows.wipe(self.store.database, anew=False))
        counts = {**self.so_far.rows, "people": int(there and not out)}
        left = tuple(filter(None, dict.fromkeys(still)))
        return replace(self.so_far, at=now(), rows=counts, still=left, out=out)

    async def _rows(self, patience: float) -> int:
        """Clear what only the rows can find, then the rows; says how many pictures are still out."""
        until = asyncio.get_running_loop().time() + patience
        while True:
            out = await self._wait(until)
            reached("erase_stopped")
            mine = await self._mine()
            jobs = [await self._forget(job) for job in await self._jobs(mine)]
            reached("erase_forgotten")
            files, size = await asyncio.to_thread(self._clear, mine)
            await self._note(jobs=tuple(jobs), spool_files=files, spool_bytes=size)
            reached("erase_spool")
            try:
                await self._delete(mine, out)
            except _Busy:
                continue
            except DBAPIError as error:
                # What is being written about them elsewhere may wait for us while we wait for it.
                if getattr(error.orig, "sqlstate", None) != _DEADLOCK:
                    raise
                continue
            reached("erase_rows")
            return out

    async def _wait(self, until: float) -> int:
        """Wait for what is out, here or elsewhere; says how many still are when the time is over."""
        pause, told = _LOOK_AGAIN, 0
        while out := await self._stop():
            left = until - asyncio.get_running_loop().time()
            if left <= 0:
                break
            if out != told:
                self.say(f"Waiting for {out} picture(s) that are being made.")
            told = out
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 1.5, _SELDOM)
        return out

    async def _mine(self, *, open: bool = False) -> Sequence[Generation]:
        async with self.store.database.read() as connection:
            return await of_person(connection, self.user_id, open=open)

    async def _stop(self) -> int:
        """Let nothing more be sent; says how many pictures are out, here or elsewhere."""
        ledger = Ledger(self.store.database)
        out = 0
        for one in await self._mine(open=True):
            if one.state in _UNSENT:
                try:
                    await ledger.advance(one, "failed", error_code="stopped", paid="unpaid", spool=None)
                except Conflict:  # it has just been sent, or has ended
                    out += 1
            elif one.state not in _DOUBT:
                out += await asyncio.to_thread(whereabouts, self.spool, one) == "working"
        return out

    async def _jobs(self, mine: Sequence[Generation]) -> Sequence[Job]:
        """What is still to be asked for: of these pictures, and what could not be deleted the last time."""
        async with self.store.database.read() as connection:
            kept = await rows.kept_receipt(connection, self.user_id)
        old = [job for job in read(kept).jobs if job.end == "kept"] if kept else []
        why = "nobody could be asked"
        new = [Job(id=one.job_id, engine=one.engine, end="kept", why=why) for one in mine if one.job_id]
        jobs = {job.id: job for job in (*old, *new) if job.id not in self.asked}
        self.asked |= jobs.keys()
        return list(jobs.values())

    async def _forget(self, job: Job) -> Job:
        if job.engine not in self.forget:
            return job
        try:
            there = await self.forget[job.engine](job.id)
        except CoachError as error:
            return replace(job, why=getattr(error, "code", type(error).__name__))
        return replace(job, end="deleted" if there else "gone", why="")

    def _clear(self, mine: Sequence[Generation]) -> tuple[int, int]:
        """Delete the files of their answers, whatever state they are in and whoever writes them."""
        cleared = [self.spool.erase(one.id) for one in mine] if self.spool else []
        return sum(files for files, _ in cleared), sum(size for _, size in cleared)

    async def _delete(self, seen: Sequence[Generation], out: int) -> None:
        states = {one.id: one.state for one in seen}
        async with self.store.database.write() as connection:
            await rows.lock_person(connection, self.user_id)
            mine = await of_person(connection, self.user_id, lock=True)
            # What was begun or went on since we looked may have a file again.
            if not out and any(states.get(one.id) != one.state for one in mine):
                raise _Busy
            pictures = await rows.remove(connection, self.user_id, rows.PICTURES)
            buried = await bury(connection, Ledger(self.store.database), self.user_id, mine)
            words = await rows.remove(connection, self.user_id, rows.WORDS)
            await self._note_within(
                connection,
                rows={**pictures, **words, "generations": buried.lines - buried.kept},
                kept_lines=buried.kept,
                kept_micros=buried.kept_micros,
                settled=tuple(one.id for one in buried.settled),
                outside=outside_of(mine, now()),
                chat=words["messages"] > 0,
            )

    async def _blobs(self) -> str:
        """Remove their blobs; says why something may still be there."""
        emptied = await self.store.blobs.empty(owner_of(self.user_id))
        await self._note(
            blobs=counted(emptied.blobs),
            blob_bytes=sum(blob.size for blob in emptied.blobs),
            older=emptied.older,
            unfinished=emptied.unfinished,
        )
        return emptied.still

    async def _note(self, **done: Any) -> None:
        async with self.store.database.write() as connection:
            await self._note_within(connection, **done)

    async def _note_within(self, connection: AsyncConnection, **done: Any) -> None:
        """Write down with the person what was done, beside what was before: we may die before we tell."""
        kept = await rows.kept_receipt(connection, self.user_id)
        before = read(kept) if kept else self.so_far
        self.so_far = joined(before, Receipt(user_id=self.user_id, at=now(), **done))
        await rows.keep_receipt(connection, self.user_id, written(self.so_far))
