"""A model that sends anything: nothing raises, every call is answered once, nothing happens that may not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import coach
from coach.adapters import Hosted
from coach.testing import call
from tests._talk import ACTIONS, open_gate, run, start, write_talk

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from([*ACTIONS, "wr1te", "", "write "]) | st.text(max_size=20)
arguments = (
    st.text(max_size=40)
    | json_values.map(json.dumps)
    | st.fixed_dictionaries({"text": st.text(max_size=30)}).map(json.dumps)
    | st.fixed_dictionaries({"name": st.text(max_size=30)}).map(json.dumps)
    | st.sampled_from(['{"text": "\\ud800"}', '{"text": "a\\u0000b"}', '{"phase": "end"}', "null", ""])
)
raw_calls = st.builds(
    lambda id, name, arguments: {"id": id, "function": {"name": name, "arguments": arguments}},
    st.sampled_from(["a", "b", "c", "", None]) | st.text(max_size=8),
    names,
    arguments,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_talk(tmp_path_factory.mktemp("talk"))


@settings(max_examples=150, deadline=None)
@given(replies=st.lists(st.lists(raw_calls, max_size=6), min_size=1, max_size=3))
async def test_nothing_a_model_sends_raises_or_goes_unanswered(
    folder: Path, replies: list[list[dict[str, Any]]]
) -> None:
    log: list[Any] = []
    talk = coach.load(folder, log=log, gate=open_gate)
    turn = await talk.turn(user_id="ann", conversation_id="c1", limits=coach.Limits(seconds=5))
    for calls in replies:
        phase, before = turn.phase, len(log)
        await run(turn, *calls)
        asked = {call["id"] for call in calls if call["id"]}
        answered = [answer["tool_call_id"] for answer in turn.answers]
        assert len(answered) == len(set(answered))
        assert asked <= set(answered)
        effects = {entry[1] for entry in log[before:] if entry[0] == "begin"}
        assert phase == "start" or not effects
        assert not any(entry[1] == "approved" for entry in log)


async def test_the_same_call_again_and_again_is_stopped(folder: Path) -> None:
    log: list[Any] = []
    talk = coach.load(folder, log=log, gate=open_gate)
    for one_at_a_time in (False, True):
        log.clear()
        turn = await start(talk, limits=coach.Limits(pictures=9), conversation_id=str(one_at_a_time))
        host = Hosted(turn)
        for _ in range(6):
            made = [call("write", text="x"), call("paint", name="a"), call("paint", name="a")]
            if one_at_a_time:
                for each in made:
                    await host.call(each.id, each.name, each.arguments)
            else:
                await run(turn, *made)
        said = [str(answer["content"]) for answer in turn.answers[-3:]]
        assert said[0].startswith("This was called 3 times in this turn with the same arguments.")
        assert (
            said[1]
            == said[2]
            == ("Exactly this was asked for in this turn already. Talk with the user before another is made.")
        )
        assert [entry[0] for entry in log] == ["ann", "begin", "end", "ann", "ann"]
        await run(turn, call("write", text="y"), call("paint", name="b"))
        assert log[-3:] == [("ann", turn.answers[0]["tool_call_id"], "y"), ("begin", "b"), ("end", "b")]


async def test_what_was_not_made_may_be_asked_for_again(folder: Path) -> None:
    tries = []

    async def gate(name: str) -> None:
        tries.append(name)
        if len(tries) == 1:
            raise coach.Refused("Not yet.")

    turn = await start(coach.load(folder, log=[], gate=gate))
    for _ in range(3):
        await run(turn, call("paint", name="a"))
    assert tries == ["a", "a"]


async def test_one_call_id_for_ever_ends_the_turn(folder: Path) -> None:
    log: list[Any] = []
    turn = await start(coach.load(folder, log=log, gate=open_gate))
    rounds = 0
    while not turn.over:
        await run(turn, call("write", id="same", text="x"))
        assert turn.answers[0]["content"] == "Wrote 1 characters."
        rounds += 1
    assert (rounds, len(log)) == (coach.Limits().calls, 1)
