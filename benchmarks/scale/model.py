"""The simulation: events in the order of their moments, from asking for a picture to its end."""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from benchmarks.scale.limits import Account
from benchmarks.scale.parameters import TIERS, Parameters
from benchmarks.scale.queue import FairQueue
from benchmarks.scale.traffic import DAY, Picture, State, Traffic

_REFUSAL = 0.3
"""Seconds until the service has said no."""

_MOMENT = 1e-6
"""Seconds that are no difference: moments are sums of floats."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of every picture.

    Attributes:
        pictures: All that were asked for.
        most_in_a_minute: Sent within any minute, for each account.
        queue_seconds: The integral of the number that waited over time, counted as it happened.
        put_back: How many a worker had taken, and not sent when it died or the service was out.
        deaths: How many workers died.
    """

    pictures: Sequence[Picture]
    most_in_a_minute: Sequence[int]
    queue_seconds: float
    put_back: int
    deaths: int

    def waits(self, *, batch: bool = False, since: float = 0.0, until: float = math.inf) -> list[float]:
        """How long they waited who asked between two moments, in ascending order."""
        mine = (each for each in self.pictures if each.batch == batch and since <= each.asked < until)
        return sorted(each.waited for each in mine)

    def number(self, state: State) -> int:
        """How many came to that end."""
        return sum(each.state == state for each in self.pictures)


def quantile(ascending: Sequence[float], share: float) -> float:
    """The value that so large a share does not exceed; 0 of nothing."""
    return ascending[min(len(ascending) - 1, int(share * len(ascending)))] if ascending else 0.0


def simulate(
    parameters: Parameters,
    *,
    pictures: Iterable[Picture] | None = None,
    hours: tuple[float, float] = (0, 24),
) -> Result:
    """One day, until everything that was asked for has ended.

    The same parameters give the same result. Slots first, as in coach/workers: a picture is taken from the
    queue only when a worker has a free slot and an account lets one go.

    Args:
        pictures: What is asked for, and when; left out: a day's :class:`Traffic`.
        hours: Of a day's traffic, only who comes between these.
    """
    traffic = Traffic(parameters, hours=hours)
    world = _World(parameters, traffic.after if pictures is None else lambda _: None)
    for picture in traffic.first() if pictures is None else pictures:
        world.expect(picture)
    return world.run()


@dataclass(kw_only=True, eq=False)
class _Worker:
    number: int
    alive: bool = True
    running: dict[Picture, Account] = field(default_factory=dict)


class _World:
    def __init__(self, given: Parameters, after: Callable[[Picture], Picture | None]) -> None:
        self._given, self._after = given, after
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._numbers, self._now = count(), 0.0
        self._queue = FairQueue()
        self._limits = [
            Account(
                per_minute=TIERS[given.tier].pictures,
                margin=given.margin,
                at_once=given.at_once,
                batch=given.batch_room,
            )
            for _ in range(given.accounts)
        ]
        self._workers = [_Worker(number=number) for number in range(given.workers)]
        # One entry for each free slot, of each worker in turn; those of a dead one are passed over.
        self._free = deque(worker for _ in range(given.slots) for worker in self._workers)
        self._for_batches = max(1, int(given.slots * given.batch_room))
        self._refusals = random.Random(f"{given.seed} refusals")
        self._pictures: list[Picture] = []
        self._wake, self._down_until = math.inf, -math.inf
        self._area, self._counted_at = 0.0, 0.0
        self._put_back = self._deaths = 0
        self._break_things(random.Random(f"{given.seed} faults"))

    def expect(self, picture: Picture) -> None:
        """It will be asked for."""
        self._pictures.append(picture)
        self._at(picture.asked, self._arrive, picture)

    def run(self) -> Result:
        """Until nothing is left to happen."""
        while self._events:
            self._now, _, happen, about = heapq.heappop(self._events)
            happen(*about)
        return Result(
            pictures=self._pictures,
            most_in_a_minute=[each.most_in_a_minute for each in self._limits],
            queue_seconds=self._area,
            put_back=self._put_back,
            deaths=self._deaths,
        )

    def _break_things(self, draw: random.Random) -> None:
        given = self._given
        for number in range(given.workers) if given.deaths else ():
            at = draw.expovariate(given.deaths / DAY)
            while at < DAY:
                self._at(at, self._die, number, draw.uniform(0, given.reaper))
                at += given.restart + draw.expovariate(given.deaths / DAY)
        for begin, length in given.outages:
            self._at(begin, self._break_service, begin + length)
        for begin, length in given.restarts:
            self._at(begin, self._stop_database, begin + length)

    def _at(self, moment: float, happen: Callable[..., None], *about: Any) -> None:
        heapq.heappush(self._events, (moment, next(self._numbers), happen, about))

    def _needs_database(self, happen: Callable[..., None], *about: Any) -> bool:
        """Whether it has to happen again, once PostgreSQL is back."""
        if self._now < self._down_until:
            self._at(self._down_until, happen, *about)
            return True
        return False

    def _arrive(self, picture: Picture) -> None:
        if not self._needs_database(self._arrive, picture):
            self._count()
            self._queue.add(picture)
            self._dispatch()

    def _dispatch(self) -> None:
        while self._queue and self._now >= self._down_until:
            batch = self._queue.is_batch
            if (worker := self._free_one(batch=batch)) is None:
                return
            ready_at, which = min((each.ready_at(batch=batch), at) for at, each in enumerate(self._limits))
            if ready_at == math.inf:  # it goes when one of that account's ends
                return
            sent = max(self._now + self._given.hop, ready_at)
            if (wake := sent - self._given.hop) > self._now + _MOMENT:
                if wake < self._wake:
                    self._wake = wake
                    self._at(wake, self._awake)
                return
            self._count()
            self._free.remove(worker)
            self._begin(self._queue.pop(), worker, self._limits[which], sent)

    def _free_one(self, *, batch: bool) -> _Worker | None:
        """The next worker with a free slot, for a batch one that leaves some free."""
        while self._free and not self._free[0].alive:
            self._free.popleft()
        slots = self._for_batches if batch else self._given.slots
        return next((each for each in self._free if each.alive and len(each.running) < slots), None)

    def _awake(self) -> None:
        self._wake = math.inf
        self._dispatch()

    def _begin(self, picture: Picture, worker: _Worker, account: Account, sent: float) -> None:
        picture.state, picture.started, picture.worker = "running", sent, worker.number
        picture.tries += 1
        worker.running[picture] = account
        account.send(picture.started)
        if self._refusals.random() < self._given.refused:
            self._at(picture.started + _REFUSAL, self._refuse, picture, picture.tries, worker)
        else:
            self._at(picture.started + picture.seconds, self._end, picture, picture.tries, worker)

    def _refuse(self, picture: Picture, this: int, worker: _Worker) -> None:
        if picture.tries != this or picture not in worker.running:
            return
        account = self._leave(picture, worker)
        account.release()
        account.pause(self._now + self._given.retry_after)
        self._wait_again(picture)

    def _end(self, picture: Picture, this: int, worker: _Worker | None) -> None:
        if picture.tries != this or picture.state != "running":
            return
        if self._needs_database(self._end, picture, this, worker):
            return
        if worker is not None:
            self._leave(picture, worker).release()
        self._finish(picture, "done")

    def _finish(self, picture: Picture, state: State) -> None:
        picture.state, picture.ended = state, self._now
        if (following := self._after(picture)) is not None:
            self.expect(following)
        self._dispatch()

    def _leave(self, picture: Picture, worker: _Worker) -> Account:
        if worker.alive:
            self._free.append(worker)
        return worker.running.pop(picture)

    def _wait_again(self, picture: Picture) -> None:
        if not self._needs_database(self._wait_again, picture):
            picture.state, picture.started = "waiting", math.inf
            self._count()
            self._queue.put_back(picture)
            self._dispatch()

    def _die(self, number: int, until_seen: float) -> None:
        worker = self._workers[number]
        worker.alive = False
        self._deaths += 1
        seen = self._now + self._given.heartbeat + until_seen
        for picture in list(worker.running):
            account = self._leave(picture, worker)
            self._at(self._now + self._given.lease, self._free_lease, account)
            picture.tries += 1
            self._at(seen, self._found, picture, picture.started <= self._now)
        self._at(self._now + self._given.restart, self._come_back, worker)

    def _free_lease(self, account: Account) -> None:
        account.release()
        self._dispatch()

    def _come_back(self, worker: _Worker) -> None:
        # A new object: what is left of the dead one's slots stays dead.
        self._workers[worker.number] = back = _Worker(number=worker.number)
        self._free.extend(back for _ in range(self._given.slots))
        self._dispatch()

    def _found(self, picture: Picture, sent: bool, well_at: float = 0.0) -> None:
        """What a dead worker or a lost connection left, as the next one finds it."""
        if self._needs_database(self._found, picture, sent, well_at):
            return
        if not sent:
            self._put_back += 1
            self._wait_again(picture)
        elif self._given.background:
            fetched = max(self._now, well_at, picture.started + picture.seconds)
            self._at(fetched, self._end, picture, picture.tries, None)
        else:
            self._finish(picture, "unknown")

    def _break_service(self, until: float) -> None:
        """Every connection is lost, and nothing is sent until it is well again."""
        for account in self._limits:
            account.pause(until)
        for worker in self._workers:
            for picture in list(worker.running):
                self._leave(picture, worker).release()
                picture.tries += 1
                self._found(picture, picture.started <= self._now, until)

    def _stop_database(self, until: float) -> None:
        self._down_until = max(self._down_until, until)
        self._at(self._down_until, self._dispatch)

    def _count(self) -> None:
        self._area += len(self._queue) * (self._now - self._counted_at)
        self._counted_at = self._now
