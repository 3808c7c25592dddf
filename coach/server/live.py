"""Work in progress: kept as it happens, seen by whoever watches, carried on when its process dies."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from coach.errors import CoachError, StoreUnavailable
from coach.pending import BEGUN
from coach.server.instruments import TURNS
from coach.server.record import Record
from coach.server.still import May, Still, always
from coach.server.told import Told
from coach.store import Store
from coach.store._work import LEASE, TakenOver, Work, Works
from coach.store.bell import LOOK_AGAIN
from coach.store.happenings import MOST, Happening, Happenings, happened
from coach.store.serving import WorkState

logger = logging.getLogger("coach.server")

W = TypeVar("W", bound=Work)

CUT_OFF = "This was cut off when the server stopped. What was made is kept; look at your pictures."
FAILED = "Something went wrong on our side. Nothing you wrote is lost."
_FAILED_CODE = "failed"


class Kind(Protocol[W]):
    """One kind of work: the turns of conversations, the runs of flows."""

    @property
    def works(self) -> Works[W]:
        """Its rows."""
        ...

    @property
    def breakable(self) -> bool:
        """Whether it may be broken off when the process stops: another carries it on from where it was."""
        ...

    def channel(self, work: W) -> str:
        """What it happens in."""
        ...

    def opening(self, work: W) -> Told:
        """What is seen of it first."""
        ...

    async def do(self, work: W, record: Record, *, anew: bool) -> None:
        """Do it, and write down what happens.

        Args:
            anew: ``False``: a process died that was at it.
        """
        ...


class Live:
    """The work of one process.

    Args:
        store: Where it is kept, and what happens in it.
    """

    def __init__(self, store: Store) -> None:
        self._happenings, self._people = Happenings(store.database), store.people
        self._holder = uuid4().hex
        self._bell = store.bell
        self._work: set[asyncio.Task[None]] = set()
        self._ours: dict[asyncio.Task[None], tuple[Kind[Any], str]] = {}  # not yet about to end by itself
        self._given_up: set[str] = set()  # the work whose end could not be written down
        self._beating: asyncio.Task[None] | None = None
        self.closing, self.stops = False, asyncio.Event()

    def start(self, *kinds: Kind[Any]) -> None:
        """Say from now on that this process is alive, and carry on what dead ones left of these kinds."""
        self._beating = asyncio.create_task(self._beat(kinds))

    async def close(self) -> None:
        """Begin nothing more, let watchers go, and return when all work has come to its end.

        What another process can carry on is left to it where it is.
        """
        self.hang_up()
        for task, (kind, _) in self._ours.items():
            if kind.breakable:
                task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.wait([self._beating])

    def hang_up(self) -> None:
        """Let watchers go; they come back to the next process with the number of what they saw last."""
        self.closing = True
        self.stops.set()
        self._bell.ring_all()

    async def begin(self, kind: Kind[W], ask: Callable[[str], Awaitable[tuple[W, bool]]]) -> W:
        """Begin some work; it goes on whether or not anybody watches.

        Args:
            ask: Writes it down for the process of this name, and says whether it is new.

        Raises:
            StoreUnavailable: This process is stopping.
            CoachError: What ``ask`` raises.
        """
        if self.closing:
            raise StoreUnavailable("The server is stopping. Try again in a moment.")
        work, is_new = await ask(self._holder)
        if is_new:
            self._carry_on(kind, work, anew=True)
        return work

    async def watch(
        self,
        user_id: str,
        channel: str,
        after: int = 0,
        *,
        work: Work | None = None,
        may: May = always,
    ) -> AsyncGenerator[Sequence[Happening]]:
        """What happened in a channel after a number, and then what happens, while the person is there.

        As much at a time as there is, up to :data:`MOST`, and never nothing: a long past is thousands.

        Args:
            work: Only what belongs to this, until it ends. ``None``: everything, without end.
            may: Whether the watcher may still look; asked now and then.
        """
        its = None if work is None else work.id
        still = Still(self._people, user_id, may)
        with self._bell.hang(happened(channel)) as bell:
            while await still.so():
                bell.clear()
                some = await self._happenings.after(user_id, channel, after, turn_id=its)
                ended = next((n for n, each in enumerate(some, 1) if work and each.kind == "done"), None)
                if some:
                    yield some[:ended]
                    after = some[-1].seq
                if ended is not None:
                    return
                if self.closing or its in self._given_up:
                    return
                if len(some) < MOST:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(bell.wait(), LOOK_AGAIN)

    def ring(self, channel: str) -> None:
        """Let those who watch a channel look; in other processes they do when it is written down."""
        self._bell.ring(happened(channel))

    def record(self, user_id: str, channel: str, turn_id: str) -> Record:
        """Where to write down what happens in a channel."""
        return Record(self._happenings, user_id, channel, turn_id, ring=self.ring)

    def _carry_on(self, kind: Kind[W], work: W, *, anew: bool) -> None:
        task = asyncio.create_task(self._run(kind, work, anew=anew))
        self._work.add(task)
        self._ours[task] = kind, work.id
        TURNS.add(1)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        self._ours.pop(task, None)
        TURNS.add(-1)

    async def _run(self, kind: Kind[W], work: W, *, anew: bool) -> None:
        record = self.record(work.user_id, kind.channel(work), work.id)
        kind.works.at_work(work)
        try:
            person = await self._people.get(work.user_id)
            # Nothing is written down of somebody who is erased meanwhile: it would bring them back.
            BEGUN.set((work.user_id, person.created_at))
            why = await self._done(kind, work, record, anew=anew)
            state: WorkState = "failed" if why is not None and why["code"] == _FAILED_CODE else "done"
            if why is not None:
                await self._kept(partial(record.add, "error", why))
            await self._kept(partial(record.end, {"state": state}))
            if (task := asyncio.current_task()) is not None:
                self._ours.pop(task, None)
            await self._kept(partial(kind.works.end, work, state))
        except TakenOver:
            logger.warning("another process carries on %s", work.id)
        except CoachError as error:  # the person is being erased, or the database is away and we stop
            logger.warning("what happened in %s is not kept: %s", work.id, error)
            self._given_up.add(work.id)
            self.ring(kind.channel(work))

    async def _done(self, kind: Kind[W], work: W, record: Record, *, anew: bool) -> Mapping[str, Any] | None:
        """Do some work; gives what is told where it did not come to its end."""
        try:
            # Of what is new nothing can have happened; a process that died may have come so far, or not.
            channel = kind.channel(work)
            if anew or not await self._happenings.after(work.user_id, channel, 0, turn_id=work.id):
                await record.add(*kind.opening(work))
            await kind.do(work, record, anew=anew)
        except TakenOver:
            raise
        except CoachError as error:
            return {"code": type(error).__name__, "say": str(error)}
        except Exception:
            logger.exception("%s failed", work.id)
            return {"code": _FAILED_CODE, "say": FAILED}
        return None

    async def _kept(self, write: Callable[[], Awaitable[None]]) -> None:
        """Write something down, as soon as the database is there: who watches waits for it.

        Raises:
            CoachError: It cannot be; or this process stops before it can.
        """
        while True:
            try:
                return await write()
            except StoreUnavailable:
                if self.closing:
                    raise
                await asyncio.sleep(LOOK_AGAIN)

    async def _keep_up(self, kind: Kind[Any]) -> None:
        """Say that we are alive, and leave what another process took over while we were silent."""
        ours = {task: work_id for task, (its, work_id) in self._ours.items() if its is kind}
        held = await kind.works.beat(self._holder)
        for task, work_id in ours.items():
            if work_id not in held and task in self._ours:
                logger.warning("another process carries on %s", work_id)
                task.cancel()

    async def _beat(self, kinds: tuple[Kind[Any], ...]) -> None:
        while True:
            for kind in kinds:
                with suppress(CoachError):
                    await self._keep_up(kind)
                    if not self.closing:
                        for work in await kind.works.adopt(self._holder):
                            self._carry_on(kind, work, anew=False)
            await asyncio.sleep(LEASE.total_seconds() / 3)
