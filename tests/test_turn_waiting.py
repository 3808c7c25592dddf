"""What waits for a person's yes: it happens once, and only as it was shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import coach
from coach.testing import call
from tests._talk import open_gate, run, start, write_talk


@pytest.fixture
def log() -> list[Any]:
    return []


@pytest.fixture
def talk(tmp_path: Path, log: list[Any]) -> coach.Coach:
    return coach.load(write_talk(tmp_path), log=log, gate=open_gate)


async def test_what_needs_a_yes_happens_once_and_only_for_the_exact_arguments(
    talk: coach.Coach, log: list[Any]
) -> None:
    turn = await start(talk)
    events = await run(turn, call("approve", id="q", text="this"))
    waiting = next(event for event in events if isinstance(event, coach.Waiting))
    assert log == []
    assert await turn.waiting() == [waiting]
    later = await start(talk)
    with pytest.raises(coach.Conflict):
        [event async for event in later.decide("q", "0" * 64, yes=True)]
    for stranger in (await start(talk, user_id="bob"), await start(talk, conversation_id="c2")):
        assert await stranger.waiting() == []
        with pytest.raises(coach.Conflict):
            [event async for event in stranger.decide("q", waiting.digest, yes=True)]
    events = [event async for event in later.decide("q", waiting.digest, yes=True)]
    assert events[-1].state == "done"
    assert log == [("ann", "approved", "this")]
    with pytest.raises(coach.Conflict):
        [event async for event in later.decide("q", waiting.digest, yes=True)]
    assert len(log) == 1


async def test_what_is_asked_once_more_takes_the_place_of_the_question_before(
    talk: coach.Coach, log: list[Any]
) -> None:
    turn = await start(talk)
    [first] = [each for each in await run(turn, call("approve", id="q1", text="this")) if _asks(each)]
    [other] = [each for each in await run(turn, call("approve", id="q2", text="that")) if _asks(each)]
    events = await run(turn, call("approve", id="q3", text="this"))
    [second] = [each for each in events if _asks(each)]
    assert ("q1", "declined") in [(each.call_id, each.state) for each in events if hasattr(each, "state")]
    assert await turn.waiting() == [other, second]
    with pytest.raises(coach.Conflict):
        [event async for event in turn.decide("q1", first.digest, yes=True)]
    [event async for event in turn.decide("q3", second.digest, yes=True)]
    assert log == [("ann", "approved", "this")]


def _asks(event: coach.Event) -> bool:
    return isinstance(event, coach.Waiting)


async def test_the_model_is_told_once_what_came_of_a_button(talk: coach.Coach) -> None:
    turn = await start(talk)
    events = await run(turn, call("approve", id="q1", text="this"), call("approve", id="q2", text="that"))
    for waiting, yes in zip(filter(_asks, events), (True, False), strict=True):
        assert isinstance(waiting, coach.Waiting)
        [event async for event in turn.decide(waiting.call_id, waiting.digest, yes=yes)]
        with pytest.raises(coach.Conflict):
            [event async for event in turn.decide(waiting.call_id, waiting.digest, yes=yes)]
    [event async for event in turn.press("write", {"text": 3})]
    history = turn.told()
    assert turn.told() == []
    made = [message["tool_calls"][0] for message in history[::2]]
    assert [one["function"] for one in made] == [
        {"name": "approve", "arguments": '{"text": "this"}'},
        {"name": "approve", "arguments": '{"text": "that"}'},
        {"name": "write", "arguments": '{"text": 3}'},
    ]
    ids = [one["id"] for one in made]
    assert ids == [message["tool_call_id"] for message in history[1::2]]
    assert len({*ids, "q1", "q2"}) == 5
    said = [message["content"] for message in history[1::2]]
    assert said[:2] == ["The user said yes. It is done: Approved.", "The user said no."]
    assert said[2].startswith("The user pressed this button, but it was not done: ")


async def test_a_yes_to_what_is_no_action_any_more_is_told_as_not_done(talk: coach.Coach) -> None:
    turn = await start(talk)
    [waiting] = [each for each in await run(turn, call("approve", text="this")) if _asks(each)]
    assert isinstance(waiting, coach.Waiting)
    later = await start(replace(talk, actions={"write": talk.actions["write"]}), phase="end")
    [event async for event in later.decide(waiting.call_id, waiting.digest, yes=True)]
    [_, told] = later.told()
    assert told["content"] == ("The user said yes, but it was not done: This action is no longer available.")


async def test_a_no_settles_the_call(talk: coach.Coach, log: list[Any]) -> None:
    turn = await start(talk)
    events = await run(turn, call("approve", text="this"))
    waiting = next(event for event in events if isinstance(event, coach.Waiting))
    events = [event async for event in turn.decide(waiting.call_id, waiting.digest, yes=False)]
    assert events[-1].state == "declined"
    assert (log, await turn.waiting()) == ([], [])
