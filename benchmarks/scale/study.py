"""What is simulated for docs/scale.md, as plain data."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from benchmarks.scale.model import Result, quantile, simulate
from benchmarks.scale.needs import TARGET, Need, Part, at_peak, needed, only_accounts, only_workers, parts
from benchmarks.scale.parameters import TIERS, Parameters
from benchmarks.scale.traffic import HOUR, mean_seconds

PEOPLE = (1_000, 10_000, 100_000, 300_000, 1_000_000)
FILLED = (0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 1.0, 1.1)
"""How full the one limit is on average, in the busiest moment, where waiting is drawn against people."""

WORKERS = (4, 16, 64)
SHARES = (0.5, 0.95, 0.99)
_MINUTES = 24 * 60


@dataclass(frozen=True, kw_only=True)
class Curve:
    """How waiting grows. Each point: people, and seconds by :data:`SHARES` in the busiest hour."""

    label: str
    points: Sequence[tuple[int, Sequence[float]]]

    @property
    def borne(self) -> float:
        """With how many people 95 of 100 wait as long as the target, between the points on a log scale."""
        for (few, short), (many, long) in pairwise((people, waits[1]) for people, waits in self.points):
            if short <= TARGET < long:
                return few + (many - few) * math.log(TARGET / short) / math.log(long / short)
        return 0.0 if self.points[0][1][1] > TARGET else self.points[-1][0]


@dataclass(frozen=True, kw_only=True)
class BadDay:
    """A day on which something breaks.

    Attributes:
        waiting: How many people wait, at each minute of the day.
        seconds: How long they waited, by :data:`SHARES`, and the longest.
        usd: What the pictures in doubt cost at most.
    """

    label: str
    waiting: Sequence[int]
    seconds: Sequence[float]
    pictures: int
    deaths: int
    unknown: int
    usd: float


@dataclass(frozen=True, kw_only=True)
class Study:
    """Everything there is to show."""

    given: Parameters
    needs: Sequence[Need]
    drafts: Sequence[Need]
    tiers: Sequence[Curve]
    rooms: Sequence[Curve]
    workers: Sequence[Curve]
    days: Sequence[BadDay]
    parts: Sequence[Part]


def study(given: Parameters, *, people: Sequence[int] = PEOPLE, say: Callable[[str], None]) -> Study:
    """Simulate all of it.

    Args:
        given: What all of it has in common.
        people: For how many it is said what they need; the bad days are those of the middle one.
        say: Told what is done at the moment.
    """
    needs, drafts = list[Need](), list[Need]()
    for number in people:
        say(f"What {number:,} people need")
        needs.append(needed(replace(given, people=number)))
        drafts.append(needed(replace(given, people=number, grade="draft")))
    say("One account of each tier")
    tiers = [
        _curve(f"tier {tier}, {limit.pictures}/min", only_accounts(replace(given, tier=tier)))
        for tier, limit in TIERS.items()
    ]
    say("The same if batches could fill a minute")
    rooms = [
        _curve(f"tier {tier}", only_accounts(replace(given, tier=tier, batch_room=1.0))) for tier in TIERS
    ]
    say("Workers")
    workers = [
        _curve(f"{number} workers", only_workers(replace(given, workers=number)), slots=True)
        for number in WORKERS
    ]
    say("Bad days")
    days = list(_days(needs[len(needs) // 2].given))
    return Study(
        given=given,
        needs=needs,
        drafts=drafts,
        tiers=tiers,
        rooms=rooms,
        workers=workers,
        days=days,
        parts=parts(given),
    )


def _curve(label: str, given: Parameters, *, slots: bool = False) -> Curve:
    each = given.per_second_at_peak / given.people
    seconds = mean_seconds(given)
    bears = given.workers * given.slots / seconds if slots else TIERS[given.tier].pictures / 60
    full = bears / each
    points = []
    for share in FILLED:
        people = math.floor(full * share)
        waits = at_peak(replace(given, people=people))
        points.append((people, [quantile(waits, each) for each in SHARES]))
    return Curve(label=label, points=points)


def _days(given: Parameters) -> Sequence[BadDay]:
    faults: Mapping[str, Mapping[str, Any]] = {
        "nothing breaks": {},
        "every worker dies once an hour": {"deaths": 24.0},
        "PostgreSQL restarts twice, 10 s": {"restarts": ((14 * HOUR, 10.0), (given.peak_hour * HOUR, 10.0))},
        "the service is out for 10 min": {"outages": (((given.peak_hour - 1) * HOUR, 600.0),)},
    }
    together = {name: value for each in faults.values() for name, value in each.items()}
    faults = {**faults, "all of it": together, "all of it, background mode": {**together, "background": True}}
    return [_day(label, replace(given, **broken)) for label, broken in faults.items()]


def _day(label: str, given: Parameters) -> BadDay:
    result = simulate(given)
    waits, unknown = result.waits(), result.number("unknown")
    return BadDay(
        label=label,
        waiting=waiting(result),
        seconds=[*(quantile(waits, share) for share in SHARES), waits[-1]],
        pictures=len(result.pictures),
        deaths=result.deaths,
        unknown=unknown,
        usd=unknown * given.micros / 1e6,
    )


def waiting(result: Result) -> list[int]:
    """How many people wait at each minute of the day."""
    more = [0] * (_MINUTES + 1)
    for picture in result.pictures:
        begin, end = math.ceil(picture.asked / 60), math.ceil(picture.started / 60)
        if not picture.batch and begin < min(end, _MINUTES):
            more[begin] += 1
            more[min(end, _MINUTES)] -= 1
    total, found = 0, []
    for change in more[:_MINUTES]:
        total += change
        found.append(total)
    return found
