"""What so many people need, and how many of them each part bears."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from benchmarks.scale.limits import MINUTE
from benchmarks.scale.model import quantile, simulate
from benchmarks.scale.parameters import TIERS, Parameters
from benchmarks.scale.traffic import DAY, HOUR, mean_seconds

MONTH = 30.0
TARGET = 10.0
"""Seconds: 95 of 100 who ask in the busiest hour are to wait no longer."""

_BEFORE, _AFTER = 2.0, 0.5
"""Hours around the busiest moment that are simulated when only these matter."""

ENOUGH, _DAYS = 8_000, 40
"""How many pictures of the busiest hour are looked at, and of how many days at most."""

_PLENTY_OF_SLOTS, _PLENTY_OF_ACCOUNTS = 50_000, 6
"""More than is used here: so that one limit is seen by itself."""

Whose = Literal["OpenAI", "more processes", "one database", "one bucket"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of coach at its limit.

    Attributes:
        name: What it is.
        bears: What it bears, in the unit of ``takes``.
        takes: What a person adds in the busiest moment, or in all the time that counts.
        whose: What kind of limit it is.
        then: What is done then.
    """

    name: str
    bears: float
    takes: float
    whose: Whose
    then: str

    @property
    def people(self) -> float:
        """How many it bears."""
        return self.bears / self.takes


@dataclass(frozen=True, kw_only=True)
class Need:
    """What keeps the waiting time below :data:`TARGET`.

    Attributes:
        given: The parameters with as many accounts and workers.
        waits: Of those who asked in the busiest hour, in ascending order.
        load: Pictures that are being made in the busiest moment, on average.
        by_rate: Accounts, for the pictures per minute.
        by_money: Accounts, for the dollars a month.
    """

    given: Parameters
    waits: Sequence[float]
    load: float
    by_rate: int
    by_money: int


def at_peak(given: Parameters, *, enough: int = ENOUGH) -> list[float]:
    """How long they waited who asked within the busiest hour, in ascending order.

    Only that hour and those before it are simulated, of as many days as it takes to see enough pictures.
    """
    hours = (given.peak_hour - _BEFORE, given.peak_hour + _AFTER)
    days = math.ceil(enough / (given.per_second_at_peak * HOUR))
    seeds = range(given.seed, given.seed + min(days, _DAYS))
    return sorted(wait for seed in seeds for wait in _busiest(replace(given, seed=seed), hours))


def _busiest(given: Parameters, hours: tuple[float, float]) -> list[float]:
    begin = (given.peak_hour - 0.5) * HOUR
    return simulate(given, hours=hours).waits(since=begin, until=begin + HOUR)


def only_workers(given: Parameters) -> Parameters:
    """The same where nothing but the workers' slots limits anything."""
    return replace(given, accounts=_PLENTY_OF_ACCOUNTS, tier=max(TIERS))


def only_accounts(given: Parameters) -> Parameters:
    """The same where nothing but the accounts' limits does."""
    return replace(given, workers=math.ceil(_PLENTY_OF_SLOTS / given.slots))


def needed(given: Parameters, *, enough: int = ENOUGH) -> Need:
    """The fewest accounts and the fewest workers for so many people, by so many pictures."""

    def is_quick(given: Parameters) -> bool:
        return quantile(at_peak(given, enough=enough), 0.95) <= TARGET

    load = given.per_second_at_peak * mean_seconds(given)
    accounts = _fewest(1, lambda number: is_quick(replace(only_accounts(given), accounts=number)))
    least = max(1, math.ceil(load / given.slots * 0.9))
    workers = _fewest(least, lambda number: is_quick(replace(given, accounts=accounts, workers=number)))
    money = given.pictures_per_day * given.micros / 1e6 * MONTH
    found = replace(given, accounts=accounts, workers=workers)
    return Need(
        given=found,
        waits=at_peak(found, enough=enough),
        load=load,
        by_rate=accounts,
        by_money=math.ceil(money / TIERS[given.tier].usd),
    )


def _fewest(least: int, is_enough: Callable[[int], bool]) -> int:
    """The smallest number that is enough, from ``least`` on: by strides that double, then by halves."""
    too_few, number, stride = least - 1, least, 1
    while not is_enough(number):
        too_few, number, stride = number, number + stride, stride * 2
    while number - too_few > 1:
        middle = (too_few + number) // 2
        too_few, number = (too_few, middle) if is_enough(middle) else (middle, number)
    return number


def parts(given: Parameters) -> list[Part]:
    """What each part bears, in the order in which they are full."""
    asked = given.per_second_at_peak / given.people
    each_day = given.pictures_per_day / given.people
    tier = TIERS[given.tier]
    seconds = mean_seconds(given)
    writes = given.writes + given.queue_writes + given.beats * seconds / given.slots
    talks = given.active * given.talk * given.peak / DAY
    found = [
        Part(
            name=f"dollars a month, one tier {given.tier} account",
            bears=tier.usd / MONTH,
            takes=each_day * given.micros / 1e6,
            whose="OpenAI",
            then="a higher usage limit from OpenAI; drafts (COACH_GRADE=draft); a second organization",
        ),
        Part(
            name=f"pictures per minute, one tier {given.tier} account",
            bears=tier.pictures / (MINUTE + given.margin),
            takes=asked,
            whose="OpenAI",
            then="ask OpenAI for more; a second organization, with its own key",
        ),
        Part(
            name=f"slots of {given.workers} workers",
            bears=given.workers * given.slots / seconds,
            takes=asked,
            whose="more processes",
            then="start more workers",
        ),
        Part(
            name=f"processors of {given.workers} workers, one each",
            bears=given.workers / given.cpu,
            takes=asked,
            whose="more processes",
            then="start more workers",
        ),
        Part(
            name=f"conversations open on {given.web} web processes",
            bears=given.web * given.open_talks,
            takes=talks,
            whose="more processes",
            then="start more web processes",
        ),
        Part(
            name=f"disk of {given.disk / 1e12:g} TB, {given.keep_days} days of all tables",
            bears=given.disk,
            takes=each_day * given.keep_days * given.row_bytes,
            whose="one database",
            then="retention: move what is older out of the database; a larger disk",
        ),
        Part(
            name=f"rows of the ledger's history, {given.keep_days} days",
            bears=given.table_rows,
            takes=each_day * given.keep_days * given.steps,
            whose="one database",
            then="partition the ledger by month; drop a partition instead of deleting rows",
        ),
        Part(
            name="NOTIFY: one such commit at a time",
            bears=1 / given.commit,
            takes=asked * given.notifies,
            whose="one database",
            then="one bell for several events; previews without one; then a region of its own",
        ),
        Part(
            name='the "day" account, a row that every picture locks',
            bears=1 / given.commit,
            takes=asked * given.shared_row,
            whose="one database",
            then="several rows for a day, added up; then a region of its own",
        ),
        Part(
            name="the limit of one account, a row that every picture locks",
            bears=1 / given.commit,
            takes=asked * given.limit_row,
            whose="one database",
            then="never: its account is full long before",
        ),
        Part(
            name="PostgreSQL, transactions a second",
            bears=given.transactions,
            takes=asked * writes,
            whose="one database",
            then="a larger machine; then a region of its own",
        ),
        Part(
            name="one bucket, PUT a second",
            bears=given.bucket_puts,
            takes=asked * given.puts,
            whose="one bucket",
            then="never by itself: S3 splits a busy prefix",
        ),
    ]
    return sorted(found, key=lambda part: part.people)
