"""How fast the gate lets people through: the tier's pace, and what "too many requests" teaches."""

from __future__ import annotations

import asyncio

import pytest

from coach.errors import PictureError
from coach.studio.faults import fault
from coach.studio.gate import Gate, GateLimits
from tests.studio._scaled import scaled


def now() -> float:
    return asyncio.get_running_loop().time()


async def pass_through(gate: Gate, went: list[float], person: str = "ana", pictures: int = 1) -> None:
    async with gate.admit(person, pictures) as passed:
        went.append(now())
        passed.succeeded()


async def be_refused(gate: Gate, retry_after: float | None) -> None:
    async with gate.admit("ana") as passed:
        await asyncio.sleep(0)  # so that several are inside before the first is refused
        passed.failed(fault("rate_limited", paid="unpaid", retry_after=retry_after))


async def many(gate: Gate, count: int) -> list[float]:
    """When each of so many went."""
    went = list[float]()
    await asyncio.gather(*(pass_through(gate, went) for _ in range(count)))
    return went


@scaled
async def test_a_small_tier_is_paced_one_by_one() -> None:
    assert await many(Gate(GateLimits(per_minute=5)), 6) == [0, 12, 24, 36, 48, 60]


@scaled
async def test_a_large_tier_lets_a_tenth_of_a_minute_through_at_once() -> None:
    went = await many(Gate(GateLimits(per_minute=240)), 240)
    assert went.count(0) == 24
    assert went[24:] == pytest.approx([number / 4 for number in range(1, 217)])


@scaled
async def test_several_pictures_in_one_request_are_waited_for() -> None:
    gate, went = Gate(GateLimits(per_minute=5)), list[float]()
    await pass_through(gate, went, pictures=4)
    await pass_through(gate, went)
    assert went == [0, 48]


@scaled
async def test_the_place_of_somebody_cancelled_is_taken_by_the_next_at_the_same_moment() -> None:
    gate, went = Gate(GateLimits(per_minute=5)), list[float]()
    await pass_through(gate, went)
    gone = asyncio.create_task(pass_through(gate, went, "ben"))
    after = asyncio.create_task(pass_through(gate, went, "cleo"))
    await asyncio.sleep(3)
    gone.cancel()
    await after
    assert went == [0, 12]


@scaled
async def test_who_cannot_be_in_time_is_told_so_at_once() -> None:
    gate, went = Gate(GateLimits(per_minute=5, patience=30)), list[float]()
    await pass_through(gate, went)
    in_time = [asyncio.create_task(pass_through(gate, went, person)) for person in ("ana", "ana", "ben")]
    await asyncio.sleep(0)
    with pytest.raises(PictureError) as caught:  # 12 for ana, 24 for ben, 36 for ana
        await pass_through(gate, went, "cleo")
    assert (caught.value.code, caught.value.paid, caught.value.retry_after) == ("busy", "unpaid", 36)
    assert now() == 0
    await asyncio.gather(*in_time, return_exceptions=True)
    assert went == [0, 12, 24]


@scaled
async def test_retry_after_holds_everybody_back_and_then_they_go_one_by_one() -> None:
    gate = Gate(GateLimits())
    await many(gate, 5)
    await asyncio.gather(*(be_refused(gate, 12) for _ in range(11)))
    assert gate.state().paused_for == pytest.approx(12)
    # The service took five in the last minute: every 12 seconds one.
    assert await many(gate, 6) == [12, 24, 36, 48, 60, 72]


@scaled
async def test_what_it_taught_is_forgotten_by_and_by() -> None:
    gate = Gate(GateLimits(patience=10_000))
    await be_refused(gate, 30)
    went = await many(gate, 40)
    in_minutes = [sum(30 + 60 * minute <= at < 90 + 60 * minute for at in went) for minute in range(4)]
    assert in_minutes == [5, 10, 20, 5]


@scaled
async def test_the_tiers_pace_goes_on_after_a_pause_without_making_up_for_it() -> None:
    gate = Gate(GateLimits(per_minute=240))
    await be_refused(gate, 60)
    assert await many(gate, 10) == [60 + number / 4 for number in range(10)]


@pytest.mark.parametrize(
    ("said", "pause"), [(None, 10), (0, 0), (-5, 0), (7, 7), (1e9, 3600), (float("nan"), 3600)]
)
@scaled
async def test_a_pause_is_never_negative_nor_endless(said: float | None, pause: float) -> None:
    gate = Gate(GateLimits())
    await be_refused(gate, said)
    assert gate.state().paused_for == pause


@scaled
async def test_a_pause_longer_than_anybodys_patience_is_told_at_once() -> None:
    gate = Gate(GateLimits(patience=120))
    await be_refused(gate, 600)
    with pytest.raises(PictureError) as caught:
        await many(gate, 1)
    assert (caught.value.code, caught.value.retry_after, now()) == ("busy", 600, 0)


@scaled
async def test_a_short_pause_after_a_long_one_does_not_shorten_it() -> None:
    gate = Gate(GateLimits())
    async with gate.admit("ana") as one, gate.admit("ben") as other:
        one.failed(fault("rate_limited", paid="unpaid", retry_after=60))
        other.failed(fault("rate_limited", paid="unpaid", retry_after=1))
    assert await many(gate, 2) == [60, 72]


@scaled
async def test_a_refusal_that_comes_after_minutes_pauses_too() -> None:
    gate = Gate(GateLimits())
    async with gate.admit("ana") as slow:
        await asyncio.sleep(100)
        assert await many(gate, 2) == [100, 100]
        slow.failed(fault("rate_limited", paid="unpaid", retry_after=30))
    assert await many(gate, 2) == [130, 142]
