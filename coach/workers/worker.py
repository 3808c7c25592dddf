"""A worker: takes orders as there is room for them, and puts back what dead workers left."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from contextvars import copy_context
from datetime import timedelta

from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from sqlalchemy import text

from coach.errors import CoachError
from coach.store import Store
from coach.store._rows import now
from coach.store._work import TakenOver
from coach.store.orders import Orders
from coach.store.roster import BEAT, DEAD, Roster
from coach.studio import Studio
from coach.workers.common import Common
from coach.workers.gate import IN_HAND, SharedGate
from coach.workers.instruments import CAPACITY, RUNNING
from coach.workers.jobs import TASK, is_lost, put, put_back, unnamed
from coach.workers.limits import Slot, Wait
from coach.workers.making import Making
from coach.workers.orders import FORM

logger = logging.getLogger("coach.workers")

BATCH_PART = 0.8
"""So much of the slots and of the minute a batch takes at most: who comes meanwhile need not wait for it."""

SEE = 10.0
"""Seconds between two looks at the place for pictures."""

_POLL = 2.0
_AGAIN = 5.0  # Seconds until an order is looked at again that could not even be looked at.
_KEEP = timedelta(hours=24)
_CLEAN = 600.0  # Seconds between two times that what is old is deleted.
_TRY = text("SELECT pg_try_advisory_xact_lock(:lock)")
_REAPING = 0x51B9A7E04D2C11  # Any number that nobody else asks PostgreSQL for.


class Worker:
    """One worker process.

    Args:
        studio: Makes the pictures; its gates are ``gates``.
        common: What whoever asks must have too.
        gates: By service.
        slots: How many orders are made here at the same time.
        name: What the operator knows it as.
        beaten: Is told each time the database took its sign of life.
    """

    def __init__(
        self,
        *,
        store: Store,
        studio: Studio,
        app: App,
        common: Common,
        gates: Mapping[str, SharedGate],
        slots: int,
        name: str,
        beaten: Callable[[], None] = lambda: None,
    ) -> None:
        self._store, self._app, self._jobs = store, app, app.job_manager
        self._gates, self._name, self._slots = gates, name, slots
        self._orders, self._roster = Orders(store.database), Roster(store.database)
        self._making = Making(store=store, studio=studio, name=name, common=common)
        self._common, self._has_place = common, True
        self._running: dict[asyncio.Task[None], str] = {}  # and the service of each
        self._look = {service: asyncio.Event() for service in gates}
        self._stopping = asyncio.Event()
        self._id = 0
        self._beats, self._beaten = 0, beaten

    def stop(self) -> None:
        """Take nothing more."""
        self._stopping.set()
        self._look_all()

    async def run(self) -> None:
        """Work until :meth:`stop`, and then until what was begun has come to its end."""
        await self._jobs.prune_stalled_workers(10 * DEAD)
        self._id = await self._jobs.register_worker()
        await self._say()
        CAPACITY.add(self._slots)
        watching = self._beat(), self._reap(), self._listen(), self._see()
        own = [asyncio.create_task(each) for each in watching]
        serving = [asyncio.create_task(self._serve(service)) for service in self._gates]
        try:
            # None of them ends by itself, unless by an error that nobody foresaw: then this worker ends.
            await asyncio.wait({*own, *serving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.stop()
            CAPACITY.add(-self._slots)
            try:
                with suppress(CoachError):
                    await self._say()
                await asyncio.wait(serving)
                logger.info("worker %s takes nothing more; %d on their way", self._name, len(self._running))
                await asyncio.gather(*self._running, return_exceptions=True)
            finally:  # also when nobody waits for that
                for task in (*own, *serving):
                    task.cancel()
                ended = await asyncio.gather(*own, *serving, return_exceptions=True)
            with suppress(CoachError, ConnectorException):
                await self._jobs.unregister_worker(self._id)
                await self._roster.leave(self._name)
        for error in ended:
            if isinstance(error, Exception):
                raise error

    async def _serve(self, service: str) -> None:
        """Take orders of one service as long as there are some and there is room."""
        look, shared = self._look[service], self._gates[service].shared
        while not self._stopping.is_set():
            look.clear()
            wait = _POLL
            try:
                # Only who finds that some wait takes a slot: all workers are told of each that comes.
                while waits := self._may_begin and await self._orders.any_waiting(service):
                    part = BATCH_PART if waits == "batch" else 1.0
                    if len(self._running) >= max(1, int(self._slots * part)):
                        break
                    taken = await shared.take(self._name, part=part)
                    if isinstance(taken, Wait):
                        wait = min(_POLL, taken.seconds)
                        break
                    if not await self._begin(service, taken):
                        break
            except (CoachError, ConnectorException) as error:
                logger.warning("the queue cannot be looked at: %s", type(error).__name__)
                if isinstance(error, ConnectorException) and not is_lost(error):
                    await self._come_back()
            with suppress(TimeoutError):
                await asyncio.wait_for(look.wait(), wait)

    async def _come_back(self) -> None:
        """Be a worker anew: after a long silence others removed us, and the engine gives us nothing."""
        with suppress(ConnectorException):
            self._id = await self._jobs.register_worker()

    @property
    def _may_begin(self) -> bool:
        return self._takes and len(self._running) < self._slots

    @property
    def _takes(self) -> bool:
        return self._has_place and not self._stopping.is_set()

    async def _begin(self, service: str, slot: Slot) -> bool:
        """Begin with the next order, in a slot; says whether there was one."""
        job = None
        try:
            job = await self._jobs.fetch_job(queues=[service], worker_id=self._id)
        finally:
            if job is None:
                await slot.release()
        if job is None or job.id is None:
            return False
        context = copy_context()
        context.run(IN_HAND.set, [slot])
        task = asyncio.create_task(self._do(job, slot), context=context)
        self._running[task] = service
        RUNNING.add(1, {"coach.order.service": service})
        task.add_done_callback(self._ended)
        return True

    def _ended(self, task: asyncio.Task[None]) -> None:
        RUNNING.add(-1, {"coach.order.service": self._running.pop(task)})
        self._look_all()

    async def _do(self, job: Job, slot: Slot) -> None:
        wait: float | None = _AGAIN
        try:
            wait = await self._making.carry_out(str(job.task_kwargs["order"]))
        except TakenOver:
            return  # so is its job, which is not to end before the order does
        except Exception:
            logger.exception("order %s could not be carried out", job.task_kwargs["order"])
            with suppress(CoachError):
                await self._orders.free(str(job.task_kwargs["order"]))
        finally:
            if IN_HAND.get([]):  # nothing was sent
                with suppress(CoachError):
                    await slot.release()
        if wait is None:
            await self._insist(lambda: self._jobs.finish_job(job, Status.SUCCEEDED, delete_job=True))
        else:
            later = now() + timedelta(seconds=wait)
            await self._insist(lambda: put_back(self._app, job, later))

    async def _insist(self, write: Callable[[], Awaitable[None]]) -> None:
        """Tell the engine, as soon as it is there; that somebody else told it is as good."""
        while True:
            try:
                return await write()
            except ConnectorException as error:
                if not is_lost(error):
                    return None
            await asyncio.sleep(BEAT)

    async def _beat(self) -> None:
        while True:
            try:
                await self._jobs.update_heartbeat(self._id)
                for gate in self._gates.values():
                    await gate.shared.beat(self._name)
                await self._say()
                self._beats += 1
                self._beaten()
            except (CoachError, ConnectorException):
                self._beats = 0
            await asyncio.sleep(BEAT)

    async def _say(self) -> None:
        await self._roster.beat(
            self._name,
            services=[*self._gates],
            slots=self._slots,
            form=FORM,
            stopping=not self._takes,
        )

    async def _see(self) -> None:
        """Take nothing while what is made could not be kept."""
        while True:
            await asyncio.sleep(SEE)
            try:
                await self._common.look()
            except CoachError as error:
                if self._has_place:
                    logger.warning("nothing is taken until pictures can be kept: %s", error)
                self._has_place = False
            else:
                self._has_place = True

    async def _reap(self) -> None:
        """Put back what dead workers left. When the database was away, the living come back first."""
        cleaned = -math.inf
        while True:
            await asyncio.sleep(BEAT)
            if self._beats * BEAT <= DEAD:
                continue
            with suppress(CoachError, ConnectorException):
                await self._put_back()
                # It reads the whole table: not each time.
                if time.monotonic() - cleaned > _CLEAN:
                    await self._orders.forget(_KEEP)
                    await self._roster.forget()
                    cleaned = time.monotonic()

    async def _put_back(self) -> None:
        async with self._store.database.write() as connection:
            # One at a time: what one has put back, another may have begun with already.
            mine = await connection.execute(_TRY, {"lock": _REAPING})
            if not mine.scalar_one():
                return
            living = await self._living()
            for job in await self._jobs.get_stalled_jobs(task_name=TASK, seconds_since_heartbeat=DEAD):
                order_id = str(job.task_kwargs["order"])
                logger.warning("order %s was left by a dead worker", order_id)
                # Before anybody can have begun with it anew; who has it by another job keeps it.
                await self._orders.free(order_id, living=living)
                await put_back(self._app, job)
            for order_id in await unnamed(self._store.database, living):
                logger.warning("order %s was left, and the queue did not know of it", order_id)
                await self._orders.free(order_id, living=living)
                if (order := await self._orders.find(order_id)) is not None and order.waits:
                    await put(self._app, order)
        self._look_all()

    async def _living(self) -> list[str]:
        """Who certainly lives: whoever's job has stalled was silent for longer."""
        return [each.name for each in await self._roster.workers() if each.silent < DEAD - BEAT]

    async def _listen(self) -> None:
        async def heard(*, channel: str, notification: object) -> None:
            for service, look in self._look.items():
                if channel.endswith(f"#{service}"):
                    look.set()

        while True:
            with suppress(ConnectorException):
                await self._jobs.listen_for_jobs(on_notification=heard, queues=list(self._gates))
            await asyncio.sleep(BEAT)

    def _look_all(self) -> None:
        for look in self._look.values():
            look.set()
