"""Calls that an agent makes one at a time: judged in the phase their reply was asked in, as together."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import coach
from coach.adapters import Answer, Hosted
from coach.pending import MemoryJournal
from tests._talk import open_gate, start, write_talk


class Opened:
    """A gate that opens when two pictures wait at it: only side by side do they get through."""

    def __init__(self) -> None:
        self._both = asyncio.Barrier(2)

    async def __call__(self, name: str) -> None:
        await self._both.wait()


@pytest.fixture
def log() -> list[Any]:
    return []


@pytest.fixture
def talk(tmp_path: Path, log: list[Any]) -> coach.Coach:
    return coach.load(write_talk(tmp_path), log=log, gate=Opened())


@pytest.fixture
def told() -> list[coach.Event]:
    return []


async def hosted(talk: coach.Coach, told: list[coach.Event]) -> Hosted:
    async def listen(event: coach.Event) -> None:
        told.append(event)

    return Hosted(await start(talk), listen)


async def test_a_move_waits_until_the_reply_is_over(
    talk: coach.Coach, log: list[Any], told: list[coach.Event]
) -> None:
    host = await hosted(talk, told)
    moved = await host.call("a", "move", {"phase": "end"})
    wrote = await host.call("b", "write", '{"text": "still here"}')
    again = await host.call("c", "move", {"phase": "middle"})
    assert (moved.say, wrote.finished.state) == ("On to end.", "done")
    assert again.say.endswith("it went to end, not to middle.")
    assert (host.turn.phase, log) == ("start", [("ann", "b", "still here")])
    await host.proceed()
    assert (host.turn.phase, host.turn.tools, "This is end" in host.turn.prompt) == ("end", [], True)
    assert told[-1] == coach.PhaseChanged(phase="end", previous="start")
    await host.proceed()
    assert (host.turn.phase, host.turn.answers) == ("end", [])


async def test_an_agent_that_does_not_say_when_it_asks_again_catches_up_between_replies(
    talk: coach.Coach, log: list[Any], told: list[coach.Event]
) -> None:
    host = await hosted(talk, told)
    both = asyncio.gather(*(host.call(name, "paint", {"name": name}) for name in ("p", "q")))
    await host.call("a", "move", {"phase": "end"})
    await host.catch_up()  # two pictures are at work: the reply is not over
    assert host.turn.phase == "start"
    await both
    await asyncio.gather(*(host.catch_up() for _ in range(3)))
    assert host.turn.phase == "end"
    assert sum(isinstance(event, coach.PhaseChanged) for event in told) == 1


async def test_pictures_are_made_side_by_side_and_the_rest_in_order(
    talk: coach.Coach, log: list[Any], told: list[coach.Event]
) -> None:
    host = await hosted(talk, told)
    asked = [
        *(host.call(name, "paint", {"name": name}) for name in ("p", "q")),
        *(host.call(f"w{number}", "write", {"text": str(number)}) for number in range(5)),
    ]
    answers: list[Answer] = await asyncio.gather(*asked)
    assert [answer.finished.state for answer in answers] == ["done"] * 7
    assert [entry[2] for entry in log if entry[0] == "ann"] == ["0", "1", "2", "3", "4"]
    assert sum(isinstance(event, coach.Progress) for event in told) == 2


class Slow(MemoryJournal):
    """A journal whose first look-up takes longest, as a database's may."""

    async def find(self, user_id: str, conversation_id: str, call_id: str) -> coach.CallRecord | None:
        for _ in range(20 if call_id == "first" else 0):
            await asyncio.sleep(0)
        return await super().find(user_id, conversation_id, call_id)


async def test_they_begin_in_the_order_they_came_in_whatever_a_look_up_takes(
    talk: coach.Coach, log: list[Any], told: list[coach.Event]
) -> None:
    host = await hosted(talk.with_services(calls=Slow()), told)
    await asyncio.gather(*(host.call(name, "write", {"text": name}) for name in ("first", "second")))
    assert [entry[2] for entry in log] == ["first", "second"]


async def test_what_waits_says_so_and_what_is_repeated_happens_once(
    talk: coach.Coach, log: list[Any], told: list[coach.Event]
) -> None:
    host = await hosted(talk, told)
    asked = await host.call("a", "approve", {"text": "x"})
    assert asked.waiting is not None and asked.finished.state == "waiting"
    assert asked.waiting in told
    first, second = [await host.call("b", "write", {"text": "x"}) for _ in range(2)]
    assert first.say == second.say and len(log) == 1
    nobody = await host.call("", "nope", "{")
    assert nobody.finished.state == "retry" and "Available now: `write`" in nobody.say


async def test_a_yes_between_the_calls_of_a_reply_leaves_no_move_from_where_it_no_longer_is(
    talk: coach.Coach, told: list[coach.Event]
) -> None:
    host = await hosted(talk, told)
    asked = await host.call("a", "approve", {"text": "move"})
    await host.call("b", "move", {"phase": "middle"})
    assert asked.waiting is not None
    await host.decide(asked.waiting, yes=True)
    await host.proceed()
    assert host.turn.phase == "end" and talk.phase("end").next == ()


async def test_an_id_that_is_repeated_side_by_side_is_one_call_also_when_it_costs_money(
    talk: coach.Coach, log: list[Any], told: list[coach.Event]
) -> None:
    host = await hosted(talk.with_services(gate=open_gate), told)
    answers = await asyncio.gather(*(host.call("a", "paint", {"name": "x"}) for _ in range(3)))
    assert {answer.say for answer in answers} == {"There it is."}
    assert log == [("begin", "x"), ("end", "x")]
