"""One turn: whatever the model sends, the right things happen once and every call is answered once."""

from __future__ import annotations

import asyncio
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


def said(turn: coach.Turn) -> list[str]:
    return [answer["content"] for answer in turn.answers]


async def test_a_call_runs_and_is_answered_in_the_providers_shape(talk: coach.Coach, log: list[Any]) -> None:
    turn = await start(talk)
    events = await run(turn, {"id": "a", "function": {"name": "write", "arguments": '{"text": "hello"}'}})
    assert turn.answers == [{"role": "tool", "tool_call_id": "a", "content": "Wrote 5 characters."}]
    assert log == [("ann", "a", "hello")]
    assert [type(event).__name__ for event in events] == ["Started", "Finished"]
    assert events[-1].data == {"text": "hello"}


async def test_the_tools_are_strict_and_in_the_phases_order(talk: coach.Coach) -> None:
    turn = await start(talk)
    functions = [tool["function"] for tool in turn.tools]
    assert [function["name"] for function in functions] == ["write", "move", "fail", "paint", "approve"]
    assert all(
        function["strict"] and not function["parameters"]["additionalProperties"] for function in functions
    )


@pytest.mark.parametrize(
    ("raw", "state", "part"),
    [
        (call("nope"), "retry", "Available now: `write`, `move`"),
        (call("write"), "retry", "text: Field required"),
        (call("write", text=3), "retry", "text: Input should be a valid string"),
        (call("write", text="x", user_id="bob"), "retry", "user_id: Extra inputs are not permitted"),
        (coach.Call(id="x", name="write", arguments="{nonsense"), "retry", "not a JSON object"),
        (coach.Call(id="x", name="write", arguments="[1]"), "retry", "not a JSON object"),
        (coach.Call(id="x", name="write", arguments="[" * 100_000), "retry", "not a JSON object"),
        (call("fail", how="retry"), "retry", "Say it differently."),
        (call("fail", how="missing"), "retry", "There is no identity 'i9'."),
        (call("fail", how="refused"), "refused", "It is settled."),
        (call("fail", how="conflict"), "refused", "It has moved on."),
        (call("approve", text="x"), "waiting", "It has not happened yet"),
    ],
)
async def test_each_fate_of_a_call(talk: coach.Coach, raw: coach.Call, state: str, part: str) -> None:
    turn = await start(talk)
    events = await run(turn, raw)
    assert events[-1].state == state
    assert part in said(turn)[0]


async def test_a_failure_tells_the_model_a_reference_and_never_the_text(
    talk: coach.Coach, caplog: pytest.LogCaptureFixture
) -> None:
    turn = await start(talk)
    events = await run(turn, call("fail", how="break"))
    assert events[-1].state == "failed"
    assert "sk-secret" not in said(turn)[0]
    reference = said(turn)[0].split("ref ")[1].rstrip(").")
    assert reference in caplog.text


async def test_a_call_that_takes_too_long_ends_in_a_sentence(talk: coach.Coach) -> None:
    turn = await start(talk, limits=coach.Limits(seconds=0.2))
    await run(turn, call("fail", how="slow"))
    assert "did not finish within" in said(turn)[0]
    await run(turn, call("write", text="x"))
    assert "time of this turn" in said(turn)[0]


async def test_the_same_action_is_put_right_only_so_often(talk: coach.Coach) -> None:
    turn = await start(talk)
    states = []
    for _ in range(4):
        states += [
            event.state for event in await run(turn, call("write")) if isinstance(event, coach.Finished)
        ]
    assert states == ["retry", "retry", "refused", "refused"]


async def test_a_repeated_call_id_gives_the_stored_answer_and_no_second_effect(
    talk: coach.Coach, log: list[Any]
) -> None:
    for _ in range(3):
        turn = await start(talk)
        await run(turn, call("write", id="same", text="once"), call("write", id="same", text="once"))
        assert said(turn) == ["Wrote 4 characters."]
    assert len(log) == 1
    turn = await start(talk)
    await run(turn, call("write", id="same", text="other"))
    assert "used before for another call" in said(turn)[0]
    turn = await start(talk, user_id="bob")
    await run(turn, call("write", id="same", text="bob's"))
    assert log[-1] == ("bob", "same", "bob's")


async def test_a_repeated_call_answers_the_same_in_a_later_phase_and_moves_only_where_that_leads(
    talk: coach.Coach, log: list[Any]
) -> None:
    turn = await start(talk)
    calls = [call("fail", id="f", how="refused"), call("move", id="m", phase="middle")]
    await run(turn, *calls)
    answers = turn.answers
    # A crash before the move was kept by the host: the same reply is run again, in the phase it was asked in.
    again = await start(talk)
    await run(again, *calls)
    assert (again.phase, again.answers) == ("middle", answers)
    # And after it: nothing is judged anew, and nothing moves back.
    await run(again, *calls)
    assert (again.phase, again.answers) == ("middle", answers)


async def test_all_calls_of_a_reply_are_judged_in_its_phase_and_the_move_comes_last(
    talk: coach.Coach, log: list[Any]
) -> None:
    turn = await start(talk)
    events = await run(
        turn,
        call("move", phase="middle"),
        call("write", text="still here"),
        call("move", phase="end"),
        call("paint", name="p"),
    )
    assert turn.phase == "middle"
    assert [event for event in events if isinstance(event, coach.PhaseChanged)] == [
        coach.PhaseChanged(phase="middle", previous="start")
    ]
    assert isinstance(events[-1], coach.PhaseChanged)
    assert len(turn.answers) == 4
    assert "went to middle, not to end" in said(turn)[2]
    assert "This is middle." in turn.prompt
    assert [tool["function"]["name"] for tool in turn.tools] == ["write", "move"]
    await run(turn, call("paint", name="p"))
    assert "Available now: `write`, `move`" in said(turn)[0]


async def test_a_phase_that_is_not_declared_is_never_entered(talk: coach.Coach) -> None:
    turn = await start(talk, phase="middle")
    await run(turn, call("move", phase="start"))
    assert turn.phase == "middle"


async def test_calls_run_in_order_and_pictures_side_by_side(tmp_path: Path, log: list[Any]) -> None:
    both = asyncio.Event()
    begun: list[str] = []

    async def gate(name: str) -> None:
        begun.append(name)
        if len(begun) == 2:
            both.set()
        await both.wait()

    talk = coach.load(write_talk(tmp_path), log=log, gate=gate)
    turn = await start(talk)
    await run(turn, call("paint", name="a"), call("write", text="x"), call("paint", name="b"))
    assert [entry[0] for entry in log] == ["begin", "ann", "begin", "end", "end"]


async def test_one_value_of_an_exclusive_parameter_is_worked_on_at_a_time(
    talk: coach.Coach, log: list[Any]
) -> None:
    turns = [await start(talk, conversation_id=each) for each in ("c1", "c2")]
    await asyncio.gather(*(run(turn, call("paint", name="same")) for turn in turns))
    assert [entry[0] for entry in log] == ["begin", "end", "begin", "end"]


async def test_a_turn_allows_only_so_many_pictures_and_calls(talk: coach.Coach, log: list[Any]) -> None:
    turn = await start(talk, limits=coach.Limits(calls=4, pictures=1))
    await run(turn, *(call("paint", name=str(n)) for n in range(3)))
    assert [event for event in log if event[0] == "begin"] == [("begin", "0")]
    assert "at most 1" in said(turn)[1]
    await run(turn, *(call("write", text=str(n)) for n in range(5)))
    assert sum(entry[0] == "ann" for entry in log) == 1
    assert turn.over == "calls"


async def test_calls_that_are_none_are_counted_too(talk: coach.Coach) -> None:
    turn = await start(talk, limits=coach.Limits(calls=2))
    while not turn.over:
        await run(turn, call("nonsense"))
    assert turn.over == "calls"


async def test_a_picture_that_began_in_time_is_not_cut_off_by_the_turns_clock(tmp_path: Path) -> None:
    async def gate(name: str) -> None:
        await asyncio.sleep(0.4)

    talk = coach.load(write_talk(tmp_path), log=[], gate=gate)
    turn = await start(talk, limits=coach.Limits(seconds=0.2))
    await run(turn, call("paint", name="a"))
    assert said(turn) == ["There it is."]
    assert turn.over == "time"


async def test_an_outcome_that_cannot_be_told_is_still_an_answer(
    talk: coach.Coach, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def odd(*_: Any, **__: Any) -> coach.Result[Any]:
        return coach.Result(say="x", data=object())

    actions = {**talk.actions, "write": replace(talk.actions["write"], handler=odd)}
    turn = await start(replace(talk, actions=actions))
    await run(turn, call("write", text="x"))
    assert "cannot put right" in said(turn)[0]


async def test_a_button_runs_the_same_action_and_may_move_the_phase(
    talk: coach.Coach, log: list[Any]
) -> None:
    turn = await start(talk)
    events = [event async for event in turn.press("approve", {"text": "move"})]
    assert log == [("ann", "approved", "move")]
    assert isinstance(events[-1], coach.PhaseChanged) and turn.phase == "end"
    assert "This is end." in turn.prompt and turn.answers == []
    turn = await start(talk)
    events = [event async for event in turn.press("approve", {"texts": "typo"})]
    assert events[-1].state == "retry" and "text: Field required" in events[-1].say


async def test_what_was_begun_goes_on_when_the_reader_leaves(tmp_path: Path, log: list[Any]) -> None:
    release = asyncio.Event()

    async def gate(name: str) -> None:
        await release.wait()

    talk = coach.load(write_talk(tmp_path), log=log, gate=gate)
    turn = await start(talk)
    events = turn.run([call("paint", id="p", name="a")])
    assert isinstance(await anext(events), coach.Started)
    del events
    release.set()
    again = await start(talk)
    await run(again, call("paint", id="p", name="a"))
    assert said(again) == ["There it is."]
