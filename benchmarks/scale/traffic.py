"""Who asks for a picture, and when: people who come over a day and stay for some pictures, and batches."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Literal

from benchmarks.scale.parameters import Parameters

DAY, HOUR = 86_400.0, 3_600.0
_P95 = 1.6449
"""Standard deviations above the median at which 95 of 100 lie (normal distribution)."""

State = Literal["waiting", "running", "done", "unknown"]


@dataclass(kw_only=True, eq=False, slots=True)
class Picture:
    """One that is asked for, and what became of it. Moments are seconds from midnight.

    Attributes:
        asked: When it was asked for.
        seconds: How long the service takes for it.
        person, tenant: Who wants it; a person is of one tenant.
        batch: Whether nobody waits for it.
        left: How many the same person will ask for after it.
        tag: Its place in the queue: see :class:`benchmarks.scale.queue.FairQueue`.
        tries: How often it was begun.
        started: When it was sent, the last time.
        ended: When it was done, or known to be in doubt.
        worker: The number of the worker that made it.
    """

    asked: float
    seconds: float
    person: int = 0
    tenant: int = 0
    batch: bool = False
    left: int = 0
    tag: float = 0.0
    tries: int = 0
    state: State = "waiting"
    started: float = math.inf
    ended: float = math.inf
    worker: int = -1

    @property
    def waited(self) -> float:
        """From asking to sending."""
        return self.started - self.asked


def mean_seconds(given: Parameters) -> float:
    """How long the service takes for a picture, on average: log-normal, by its median and its 95th of 100."""
    mean, spread = _log_normal(given)
    return math.exp(mean + spread**2 / 2)


def _log_normal(given: Parameters) -> tuple[float, float]:
    median, p95 = given.draft_seconds if given.grade == "draft" else given.final_seconds
    return math.log(median), math.log(p95 / median) / _P95


class Traffic:
    """The pictures of a day.

    People begin by a Poisson process whose rate is a cosine over the day, given how many there are in all;
    each asks for a geometric number of pictures, the next one some time after the last has ended. So who has
    to wait asks for less: a service that is too slow slows people down, as it does in life.

    Args:
        parameters: See there.
        hours: Only who comes between these two hours of the day.
    """

    def __init__(self, parameters: Parameters, *, hours: tuple[float, float] = (0, 24)) -> None:
        self._given, self._hours = parameters, hours
        self._random = random.Random(f"{parameters.seed} traffic")
        self._mean, self._spread = _log_normal(parameters)
        self._people = count()
        self._sizes = [1 / (rank + 1) for rank in range(parameters.tenants)]

    def first(self) -> Iterator[Picture]:
        """The first picture of everybody who comes, and all pictures of the batches; in no order."""
        given, draw = self._given, self._random
        for _ in range(round(given.people * given.active)):
            at = self._moment()
            more = 1 - 1 / given.pictures_each
            left = int(math.log(1 - draw.random()) / math.log(more)) if more else 0
            tenant = self._tenant()
            if self._is_asked_for(at):
                yield self._picture(at, person=next(self._people), tenant=tenant, left=left)
        for _ in range(round(given.pictures_per_day * given.batch / given.batch_size)):
            at, tenant, person = self._moment(), self._tenant(), next(self._people)
            if self._is_asked_for(at):
                for _ in range(given.batch_size):
                    yield self._picture(at, person=person, tenant=tenant, batch=True)

    def after(self, picture: Picture) -> Picture | None:
        """What the same person asks for next, now that this one has ended."""
        if not picture.left:
            return None
        at = picture.ended + self._random.expovariate(1 / self._given.looks)
        return self._picture(at, person=picture.person, tenant=picture.tenant, left=picture.left - 1)

    def _picture(self, at: float, *, person: int, tenant: int, batch: bool = False, left: int = 0) -> Picture:
        seconds = self._random.lognormvariate(self._mean, self._spread)
        return Picture(asked=at, seconds=seconds, person=person, tenant=tenant, batch=batch, left=left)

    def _moment(self) -> float:
        while True:
            at = self._random.random() * DAY
            wave = math.cos((at / HOUR - self._given.peak_hour) / 24 * math.tau)
            if self._random.random() * self._given.peak < 1 + (self._given.peak - 1) * wave:
                return at

    def _tenant(self) -> int:
        return self._random.choices(range(len(self._sizes)), self._sizes)[0]

    def _is_asked_for(self, at: float) -> bool:
        return self._hours[0] * HOUR <= at < self._hours[1] * HOUR
