"""The gate: whose turn it is, how many are inside, and that nobody is lost on the way in or out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from coach.errors import PictureError
from coach.studio.gate import Gate, GateLimits
from tests.studio._scaled import ScaledLoop, scaled

ONE_AT_ONCE = GateLimits(at_once=1)


async def be_served(
    gate: Gate, person: str, seen: list[str], *, pictures: int = 1, seconds: float = 1
) -> None:
    """Come in, stay for a while, and leave."""
    async with gate.admit(person, pictures):
        seen.append(person)
        await asyncio.sleep(seconds)


@asynccontextmanager
async def busy(gate: Gate, *, pictures: int = 1) -> AsyncIterator[None]:
    """Somebody is inside meanwhile."""
    async with gate.admit("somebody", pictures):
        yield


async def settle() -> None:
    """Let all others go as far as they can without time passing."""
    for _ in range(10):
        await asyncio.sleep(0)


@scaled
async def test_people_take_turns_however_many_requests_one_of_them_has() -> None:
    gate, seen = Gate(ONE_AT_ONCE), list[str]()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(50):
            tasks.create_task(be_served(gate, "eager", seen))
        await asyncio.sleep(2.5)
        tasks.create_task(be_served(gate, "ana", seen))
        tasks.create_task(be_served(gate, "ben", seen))
        tasks.create_task(be_served(gate, "ana", seen))
    assert seen[:3] == ["eager"] * 3
    assert seen[3:9] == ["eager", "ana", "ben", "eager", "ana", "eager"]
    assert seen[9:] == ["eager"] * 44


@scaled
async def test_one_person_is_served_in_the_order_of_asking() -> None:
    gate, seen = Gate(ONE_AT_ONCE), list[int]()

    async def ask(number: int) -> None:
        async with gate.admit("ana"):
            seen.append(number)
            await asyncio.sleep(1)

    await asyncio.gather(*(ask(number) for number in range(5)))
    assert seen == [0, 1, 2, 3, 4]


@scaled
async def test_pictures_count_not_requests() -> None:
    gate, seen = Gate(GateLimits(at_once=4)), list[str]()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(be_served(gate, "three", seen, pictures=3))
        tasks.create_task(be_served(gate, "two", seen, pictures=2))
        tasks.create_task(be_served(gate, "one", seen))
        await settle()
        # The one would fit, but then those who ask for several could wait for ever.
        assert seen == ["three"]
        assert gate.state().in_flight == 3
        await asyncio.sleep(1.5)
        assert seen == ["three", "two", "one"]


@scaled
async def test_more_pictures_than_there_is_room_for_go_alone() -> None:
    gate, seen = Gate(GateLimits(at_once=4)), list[str]()
    async with asyncio.TaskGroup() as tasks:
        async with busy(gate):
            tasks.create_task(be_served(gate, "ten", seen, pictures=10))
            tasks.create_task(be_served(gate, "one", seen))
            await settle()
            assert seen == []
        await settle()
        assert seen == ["ten"]


@scaled
async def test_patience_runs_out_with_busy() -> None:
    gate = Gate(GateLimits(at_once=1, patience=20))
    async with busy(gate):
        began = asyncio.get_running_loop().time()
        with pytest.raises(PictureError) as caught:
            async with gate.admit("ana"):
                pass
        assert (caught.value.code, caught.value.paid) == ("busy", "unpaid")
        assert asyncio.get_running_loop().time() == began + 20
        assert gate.state().waiting == 0


@pytest.mark.parametrize("when", ["while it waits", "just before its turn", "just after its turn"])
@scaled
async def test_the_place_of_somebody_cancelled_goes_to_the_next(when: str) -> None:
    gate, seen = Gate(ONE_AT_ONCE), list[str]()
    async with asyncio.TaskGroup() as tasks:
        async with busy(gate):
            gone = tasks.create_task(be_served(gate, "ana", seen))
            tasks.create_task(be_served(gate, "ben", seen))
            await settle()
            if when != "just after its turn":
                gone.cancel()
            if when == "while it waits":
                await settle()
                assert gate.state().waiting == 1
        if when == "just after its turn":
            gone.cancel()  # it has been given its place, but has not run since
        await settle()
        assert seen == ["ben"]
    assert gate.state().in_flight == 0


@pytest.mark.parametrize("how", ["out of patience", "cancelled"])
@scaled
async def test_when_a_large_request_gives_up_the_smaller_ones_behind_it_go(how: str) -> None:
    gate, seen = Gate(GateLimits(at_once=4, patience=5)), list[str]()
    async with busy(gate, pictures=3):
        large = asyncio.create_task(be_served(gate, "large", seen, pictures=4))
        await asyncio.sleep(1)
        small = asyncio.create_task(be_served(gate, "small", seen))
        await settle()
        assert seen == []
        if how == "cancelled":
            large.cancel()
        await asyncio.wait([large])
        await small
        assert seen == ["small"]


@scaled
async def test_who_is_cancelled_in_the_middle_of_the_queue_leaves_it_at_once() -> None:
    gate, seen = Gate(ONE_AT_ONCE), list[str]()
    async with busy(gate):
        first, gone = (asyncio.create_task(be_served(gate, person, seen)) for person in ("ana", "ben"))
        await settle()
        gone.cancel()
        await settle()
        assert gate.state().waiting == 1
    await first


@scaled
async def test_waiting_sets_a_few_timers_and_no_more() -> None:
    gate, seen = Gate(GateLimits(per_minute=60, patience=1000)), list[str]()
    await asyncio.gather(*(be_served(gate, "ana", seen) for _ in range(100)))
    loop = asyncio.get_running_loop()
    assert isinstance(loop, ScaledLoop)
    assert len(loop.timers) <= 5 * len(seen)


@scaled
async def test_the_gate_says_when_the_next_would_have_to_wait() -> None:
    gate = Gate(GateLimits(at_once=2, per_minute=6))
    assert not gate.is_full
    async with gate.admit("ana"):
        assert gate.is_full, "the pace: one in ten seconds"
        await asyncio.sleep(10)
        assert not gate.is_full
        async with gate.admit("ana"):
            await asyncio.sleep(10)
            assert gate.is_full, "two are inside"
    assert not gate.is_full


@scaled
async def test_whatever_happens_inside_the_place_is_given_back() -> None:
    gate = Gate(ONE_AT_ONCE)
    with pytest.raises(ZeroDivisionError):
        async with gate.admit("ana"):
            raise ZeroDivisionError
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1), gate.admit("ana"):
            await asyncio.sleep(2)
    async with gate.admit("ana"):
        assert gate.state().in_flight == 1


@scaled
async def test_draining_refuses_who_waits_and_who_comes_and_waits_for_those_inside() -> None:
    gate, seen = Gate(ONE_AT_ONCE), list[str]()
    inside = asyncio.create_task(be_served(gate, "ana", seen, seconds=9))
    waiting = asyncio.create_task(be_served(gate, "ben", seen))
    await settle()
    began = asyncio.get_running_loop().time()
    assert await asyncio.gather(gate.drain(), gate.drain(seconds=4)) == [True, False]
    assert asyncio.get_running_loop().time() == began + 9
    await inside
    with pytest.raises(PictureError) as caught:
        await waiting
    assert (caught.value.code, caught.value.paid) == ("closing", "unpaid")
    with pytest.raises(PictureError, match="restarted"):
        async with gate.admit("cleo"):
            pass
    assert await gate.drain()
    assert gate.state().closing
    assert seen == ["ana"]


@pytest.mark.parametrize("name", ["at_once", "per_minute", "patience", "down_for"])
def test_a_limit_that_lets_nobody_in_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        GateLimits(**{name: 0})
