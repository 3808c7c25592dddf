"""One upstream, many takers: what it bears is never exceeded, and nothing of it is lost for good."""

from __future__ import annotations

import asyncio
import math
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from sqlalchemy import select, text

from coach.store import Database
from coach.store.upstreams import upstreams
from coach.workers import limits as limits_module
from coach.workers.limits import SharedLimits, Slot, SlotLost, Wait
from tests._race import racer
from tests.workers._taker import takers
from tests.workers.conftest import Clock

AT_ONCE, PER_MINUTE = 5, 15
GUESS = limits_module._LOOK_AGAIN


def shared(database: Database, *, at_once: int = 10, per_minute: float | None = None) -> SharedLimits:
    return SharedLimits(database, upstream="images", at_once=at_once, per_minute=per_minute)


async def got(limits: SharedLimits, holder: str = "a", pictures: int = 1) -> Slot:
    slot = await limits.take(holder, pictures)
    assert isinstance(slot, Slot)
    return slot


async def sent(limits: SharedLimits, holder: str = "a", pictures: int = 1) -> Slot:
    slot = await got(limits, holder, pictures)
    await slot.send()
    return slot


async def wait(limits: SharedLimits, pictures: int = 1) -> float:
    answer = await limits.take("z", pictures)
    assert isinstance(answer, Wait)
    return answer.seconds


@dataclass(kw_only=True)
class Service:
    """A picture service that answers when as many ask as may, and counts.

    Attributes:
        most: The most it had to make at once.
    """

    full: asyncio.Barrier
    inside: int = 0
    most: int = 0
    made: int = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await self.full.wait()
        self.inside -= 1
        self.made += 1
        writer.write(b"1")
        writer.close()


async def test_fifty_takers_in_four_processes_are_never_too_many(database_url: str, clock: Clock) -> None:
    service = Service(full=asyncio.Barrier(AT_ONCE))
    async with asyncio.timeout(60), AsyncExitStack() as stack:
        server = await stack.enter_async_context(await asyncio.start_server(service.answer, "127.0.0.1", 0))
        port = server.sockets[0].getsockname()[1]
        arguments = database_url, port, AT_ONCE, PER_MINUTE
        asking = [await stack.enter_async_context(takers(*arguments)) for _ in range(2)]
        others = [racer("tests.workers._taker", *map(str, arguments)) for _ in range(3)]
        asking += await asyncio.gather(*map(stack.enter_async_context, others))
        for done in (1, 2):
            assert sum(await asyncio.gather(*(ask() for ask in asking))) == PER_MINUTE
            assert (service.made, service.most) == (done * PER_MINUTE, AT_ONCE)
            await clock.goes_on(62)


async def test_a_slot_in_use_is_given_to_nobody_else(database: Database) -> None:
    limits, other = shared(database, at_once=2), shared(database, at_once=2)
    first, _ = await got(limits), await sent(other)
    assert await wait(limits) == await wait(other) == GUESS
    elsewhere = SharedLimits(database, upstream="another key", at_once=1)
    await got(elsewhere)
    await first.release()
    await sent(other)


async def test_what_was_sent_counts_for_a_minute_and_what_was_not_only_while_it_is_held(
    database: Database, clock: Clock
) -> None:
    limits = shared(database, per_minute=2)
    first = await got(limits)
    await clock.goes_on(7)
    await first.send()
    unsent = await got(limits)
    assert await wait(limits) == 62  # the one that was sent; the other may yet be given back
    await first.release()
    assert await wait(limits) == 62
    await unsent.release()
    await clock.goes_on(20)
    await (await sent(limits)).release()
    assert await wait(limits) == 42
    assert await wait(limits, 2) == 62
    await clock.goes_on(41.5)
    assert await wait(limits) == 0.5
    await clock.goes_on(0.5)
    await got(limits)
    assert await wait(limits) == 20


async def test_how_long_an_unsent_one_is_in_the_way_nobody_knows(database: Database) -> None:
    limits = shared(database, per_minute=3)
    await sent(limits)
    await got(limits, pictures=2)
    assert await wait(limits, 2) == GUESS


async def test_more_pictures_than_are_allowed_go_alone(database: Database, clock: Clock) -> None:
    limits = shared(database, at_once=3, per_minute=5)
    first = await sent(limits)
    assert await wait(limits, 4) == GUESS
    await first.release()
    many = await sent(limits, pictures=4)
    assert await wait(shared(database, at_once=4)) == GUESS
    await many.release()
    await clock.goes_on(1)
    assert await wait(limits, 6) == 61
    await clock.goes_on(61)
    await sent(limits, pictures=6)
    assert await wait(limits) == 62


async def test_a_part_of_a_picture_is_none_and_less_than_one_a_minute_is_one_in_longer(
    database: Database,
) -> None:
    limits = shared(database, per_minute=1.9)
    await sent(limits)
    assert await wait(limits) == 62
    assert await wait(shared(database, per_minute=0.5)) == 122
    await got(shared(database, per_minute=math.inf))


async def test_what_can_wait_leaves_room_for_who_comes_meanwhile(database: Database, clock: Clock) -> None:
    limits = shared(database, at_once=5, per_minute=10)
    slots = [await sent(limits) for _ in range(4)]
    assert isinstance(await limits.take("batch", part=0.8), Wait)
    slots.append(await sent(limits))
    for each in slots:
        await each.release()
    for _ in range(3):
        await (await sent(limits)).release()
    assert isinstance(await limits.take("batch", part=0.8), Wait)
    assert isinstance(await limits.take("somebody"), Slot)


async def test_a_dead_holders_slots_are_free_and_what_it_sent_still_counts(
    database: Database, clock: Clock
) -> None:
    limits, dead = shared(database, at_once=3, per_minute=3), shared(database, at_once=3, per_minute=3)
    await sent(dead)
    unsent, kept = await got(dead), await got(limits)
    await clock.goes_on(9)
    # Only what was taken there: of a slot whose taker was cancelled before it came nobody knows.
    await limits.beat("a")
    assert await wait(limits) == 53
    await clock.goes_on(1)
    with pytest.raises(SlotLost):
        await unsent.send()
    await got(limits)
    assert await wait(limits) == 52  # the minute is used up by what was sent, and by two that are held
    await kept.send()
    await dead.beat("a")
    assert await wait(shared(database, at_once=3)) == GUESS  # it lives, and what it sent is being made
    with pytest.raises(SlotLost):
        await unsent.send()


async def test_a_beat_on_its_way_takes_nothing_back_that_is_released(database: Database) -> None:
    limits = shared(database, at_once=1)
    slot = await sent(limits)
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    async with asyncio.timeout(10), database.write() as other, database.read() as watcher:
        await other.execute(select(upstreams).with_for_update())
        beat = asyncio.create_task(limits.beat("a"))
        while not (await watcher.execute(waiting)).scalar_one():
            pass
        await slot.release()
    await beat
    await got(limits)


async def test_a_slot_is_leave_for_one_request(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = shared(database, at_once=2)
    used, given_back = await sent(limits), await got(limits)
    await given_back.release()
    await given_back.release()
    for slot in (used, given_back):
        with pytest.raises(SlotLost):
            await slot.send()
    late = await got(limits)
    monkeypatch.setattr(limits_module, "_PROMPT", 0.0)
    with pytest.raises(SlotLost):
        await late.send()
    await got(limits)  # the place of the late one, which may be forgotten; the used one is still in use
    assert await wait(limits) == GUESS


async def test_a_pause_is_for_all(database: Database, clock: Clock) -> None:
    limits, other = shared(database), shared(database)
    await limits.pause(30)
    assert await wait(other) == 30
    await other.pause(5)
    await clock.goes_on(29)
    assert await wait(limits) == 1
    await other.pause(None)
    assert await wait(limits) == 10
    await limits.pause(-1)
    await limits.pause(math.inf)
    assert await wait(other) == 3600
    await clock.goes_on(3600)
    await sent(other)


async def test_no_more_rows_are_kept_than_count(database: Database, clock: Clock) -> None:
    limits = shared(database)
    for _ in range(20):
        await (await sent(limits)).release()
        await (await got(limits)).release()
    await sent(limits, "dead")
    await clock.goes_on(62)
    await got(limits)
    assert await clock.connection.fetchval("SELECT count(*) FROM slots") == 1


async def test_numbers_that_are_none_are_named(database: Database) -> None:
    for at_once, per_minute, said in (
        (0, None, "at_once"),
        (1, 0, "per_minute"),
        (1, math.nan, "per_minute"),
    ):
        with pytest.raises(ValueError, match=f"^{said} must be above 0"):
            shared(database, at_once=at_once, per_minute=per_minute)
    with pytest.raises(ValueError, match="upstream"):
        SharedLimits(database, upstream="", at_once=1)
    for holder, pictures, said in (("a", 0, "pictures"), ("", 1, "holder")):
        with pytest.raises(ValueError, match=said):
            await shared(database).take(holder, pictures)
