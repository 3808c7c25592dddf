"""Whatever takers do in whatever order: the database answers as a list in memory would."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

import pytest

from coach.store import Database
from coach.workers.limits import LEASE, SharedLimits, Slot, SlotLost, Wait
from tests.workers.conftest import Clock

WINDOW, GUESS = 62.0, 0.25
STEPS = 500
# Around what matters: a lease of 10 seconds, a window of 62.
LAPSES = (0.25, 1.0, 4.0, 9.75, 10.0, 31.0, 52.0)


@dataclass(kw_only=True)
class Taken:
    """A slot as it should be."""

    holder: str
    pictures: int
    until: float
    sent_at: float | None = None
    given_back: bool = False


@dataclass(kw_only=True)
class Model:
    """One upstream, as the rules have it."""

    now: float = 0.0
    paused_until: float = 0.0
    slots: list[Taken] = field(default_factory=list)

    def take(self, holder: str, pictures: int, *, at_once: int, per_minute: int) -> Taken | float:
        """The slot, or the seconds to wait."""
        self.slots = [each for each in self.slots if each.until > self.now or self._is_in_window(each)]
        reasons = [self.paused_until - self.now, self._until_the_window_has_room(pictures, per_minute)]
        in_use = sum(each.pictures for each in self.slots if each.until > self.now)
        if in_use and in_use + pictures > at_once:
            reasons.append(GUESS)
        if max(reasons) > 0:
            return max(reasons)
        self.slots.append(Taken(holder=holder, pictures=pictures, until=self.now + LEASE))
        return self.slots[-1]

    def send(self, slot: Taken) -> bool:
        may = slot.sent_at is None and slot.until > self.now
        if may:
            slot.sent_at = self.now
        return may

    def release(self, slot: Taken) -> None:
        if not slot.given_back:
            slot.until, slot.given_back = self.now, True

    def beat(self, holder: str) -> None:
        for slot in self.slots:
            lives = slot.until > self.now or slot.sent_at is not None
            if slot.holder == holder and lives and not slot.given_back:
                slot.until = self.now + LEASE

    def _is_in_window(self, slot: Taken) -> bool:
        return slot.sent_at is not None and slot.sent_at + WINDOW > self.now

    def _until_the_window_has_room(self, pictures: int, per_minute: int) -> float:
        unsent = sum(each.pictures for each in self.slots if each.sent_at is None)
        sent = [each for each in self.slots if self._is_in_window(each)]
        leaving = sorted(((each.sent_at or 0.0) + WINDOW, each.pictures) for each in sent)
        used, moment = unsent + sum(each for _, each in leaving), self.now
        for at, each in leaving:
            if used == 0 or used + pictures <= per_minute:
                break
            used, moment = used - each, at
        return moment - self.now if used == 0 or used + pictures <= per_minute else GUESS


async def test_the_database_answers_like_a_list(database: Database, clock: Clock) -> None:
    chance, model = Random(9), Model()
    numbers = [{"at_once": 4, "per_minute": 10}, {"at_once": 5, "per_minute": 15}]
    shared = [SharedLimits(database, upstream="images", **each) for each in numbers]
    slots: list[tuple[Slot, Taken]] = []
    sent: list[tuple[float, int]] = []
    seen = Counter[str]()
    for _ in range(STEPS):
        step = chance.choice(
            ["take"] * 8 + ["send"] * 6 + ["release"] * 3 + ["beat"] * 2 + ["time"] * 4 + ["pause"]
        )
        which = chance.randrange(2)
        holder, limits = f"holder {which}", shared[which]
        if step == "take":
            pictures = chance.choice([1, 1, 1, 2, 3, 20])
            expected = model.take(holder, pictures, **numbers[which])
            answer = await limits.take(holder, pictures)
            if isinstance(answer, Slot) and isinstance(expected, Taken):
                slots.append((answer, expected))
            else:
                assert isinstance(answer, Wait) and answer.seconds == expected
                step = "wait"
        elif step == "send" and slots:
            slot, taken = chance.choice(slots[-2:])
            if model.send(taken):
                await slot.send()
                sent.append((model.now, taken.pictures))
                minute = [pictures for at, pictures in sent if at > model.now - WINDOW]
                assert sum(minute) <= 15 or len(minute) == 1
            else:
                step = "lost"
                with pytest.raises(SlotLost):
                    await slot.send()
        elif step == "release" and slots:
            slot, taken = chance.choice(slots[-8:])
            model.release(taken)
            await slot.release()
        elif step == "beat":
            model.beat(holder)
            await limits.beat(holder)
        elif step == "pause":
            seconds = chance.choice([1.0, 8.0])
            model.paused_until = max(model.paused_until, model.now + seconds)
            await limits.pause(seconds)
        elif step == "time":
            seconds = chance.choice(LAPSES)
            model.now += seconds
            await clock.goes_on(seconds)
        seen[step] += 1
    assert min(seen[step] for step in ("take", "wait", "send", "lost")) > 20
