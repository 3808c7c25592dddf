"""A model that sends anything: nothing raises, every call is answered once, nothing happens that may not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import coach
from tests._talk import ACTIONS, open_gate, run, write_talk

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
