"""A conversation: it asks the model, keeps every message, and survives what a model or a crash does to it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import coach
from coach.conversation import AWAY, LOST, SILENT
from coach.errors import ContextError
from coach.testing import ScriptedModel, call
from tests._talk import open_gate, write_talk


@pytest.fixture
def log() -> list[Any]:
    return []


@pytest.fixture
def talk(tmp_path: Path, log: list[Any], store: coach.Store) -> coach.Coach:
    return coach.load(write_talk(tmp_path), **store.services(), log=log, gate=open_gate)


async def begin(talk: coach.Coach, *replies: Any, **given: Any) -> tuple[coach.Conversation, ScriptedModel]:
    model = ScriptedModel(replies)
    return await coach.Conversation.start(talk, model, user_id="ann", **given), model


async def events_of(events: Any) -> list[coach.Event]:
    return [event async for event in events]


def roles(messages: list[dict[str, Any]]) -> list[str]:
    return [message["role"] for message in messages]


async def test_it_greets_answers_and_keeps_every_message(talk: coach.Coach) -> None:
    conversation, model = await begin(talk, "Hello.", "Nice.")
    assert await events_of(conversation.greet()) == [coach.Say(text="Hello.")]
    assert await events_of(conversation.say("  I am Ann\x00. ")) == [coach.Say(text="Nice.")]
    assert await conversation.messages() == [
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "I am Ann\ufffd."},
        {"role": "assistant", "content": "Nice."},
    ]
    assert model.left == 0
    assert model.asked[1]["messages"] == (await conversation.messages())[:2]
    assert "You are a coach." in model.asked[0]["system"]


async def test_calls_are_run_answered_and_followed_by_words(talk: coach.Coach, log: list[Any]) -> None:
    conversation, model = await begin(
        talk,
        [call("write", id="dup", text="a"), call("write", id="dup", text="b"), call("move", phase="end")],
        "Done.",
    )
    await events_of(conversation.say("Go."))
    assert [entry[2] for entry in log] == ["a", "b"]
    messages = await conversation.messages()
    assert roles(messages) == ["user", "assistant", "tool", "tool", "tool", "assistant"]
    asked = [made["id"] for made in messages[1]["tool_calls"]]
    assert [message["tool_call_id"] for message in messages[2:5]] == asked
    assert len(set(asked)) == 3
    assert conversation.phase == "end"
    assert "This is end." in model.asked[1]["system"]
    assert model.asked[1]["tools"] == []


async def test_it_goes_on_after_a_restart(talk: coach.Coach, tmp_path: Path, log: list[Any]) -> None:
    conversation, _ = await begin(talk, [call("move", phase="middle")], "We moved.")
    await events_of(conversation.say("Move."))
    later = ScriptedModel(["Welcome back."])
    again = await coach.Conversation.resume(talk, later, user_id="ann", conversation_id=conversation.id)
    assert again.phase == "middle"
    await events_of(again.say("Hi again."))
    assert roles(later.asked[0]["messages"]) == ["user", "assistant", "tool", "assistant", "user"]


async def test_calls_left_open_by_a_crash_are_answered_before_anything_else(
    talk: coach.Coach, log: list[Any], store: coach.Store
) -> None:
    conversation, _ = await begin(talk)
    made = {
        "id": "call_x",
        "type": "function",
        "function": {"name": "write", "arguments": '{"text": "late"}'},
    }
    await store.conversations.append(
        "ann", conversation.id, {"role": "assistant", "content": None, "tool_calls": [made]}
    )
    again = await coach.Conversation.resume(
        talk, ScriptedModel(["Here."]), user_id="ann", conversation_id=conversation.id
    )
    await events_of(again.say("Are you there?"))
    assert roles(await again.messages()) == ["assistant", "tool", "user", "assistant"]
    assert [entry[2] for entry in log] == ["late"]


async def test_a_model_that_loops_ends_in_a_sentence(talk: coach.Coach, log: list[Any]) -> None:
    conversation, model = await begin(
        talk, *[[call("write", text=str(n))] for n in range(20)], limits=coach.Limits(replies=3)
    )
    events = await events_of(conversation.say("Go."))
    assert events[-1] == coach.Stopped(reason="replies", say=LOST)
    assert len(model.asked) == 3
    assert (await conversation.messages())[-1] == {"role": "assistant", "content": LOST}


async def test_a_model_that_says_nothing_ends_in_a_sentence(talk: coach.Coach) -> None:
    conversation, _ = await begin(talk, "")
    assert (await events_of(conversation.say("Go.")))[-1] == coach.Stopped(reason="model", say=SILENT)


async def test_a_model_that_is_away_loses_nothing(talk: coach.Coach) -> None:
    conversation, model = await begin(talk, coach.ModelError("HTTP 500"), "Back.")
    events = await events_of(conversation.say("First."))
    assert events == [coach.Stopped(reason="model", say=AWAY, detail="HTTP 500")]
    await events_of(conversation.say("Second."))
    assert [message["content"] for message in model.asked[1]["messages"]] == ["First.", "Second."]


async def test_invented_calls_leave_a_history_every_server_takes(talk: coach.Coach) -> None:
    conversation, _ = await begin(
        talk,
        [
            coach.Call(id="", name="drop tables; \ud800" + "x" * 200, arguments="{broken"),
            coach.Call(id="", name="", arguments='{"a": "\\u0000"}'),
        ],
        "Sorry.",
    )
    await events_of(conversation.say("Go."))
    made = (await conversation.messages())[1]["tool_calls"]
    assert made[0]["function"]["arguments"] == "{}"
    assert made[0]["function"]["name"].startswith("drop_tables__")
    assert len(made[0]["function"]["name"]) == 64
    assert made[1]["function"]["name"] == "unknown"


async def test_a_waiting_call_runs_when_the_person_says_yes_and_the_model_is_told(
    talk: coach.Coach, log: list[Any]
) -> None:
    conversation, model = await begin(talk, [call("approve", text="move")], "Shall I?", "It is done.")
    await events_of(conversation.say("Go."))
    [waiting] = await conversation.waiting()
    events = await events_of(conversation.decide(waiting, yes=True))
    assert log == [("ann", "approved", "move")]
    assert [type(event).__name__ for event in events] == ["Started", "Finished", "PhaseChanged", "Say"]
    asked, told = model.asked[-1]["messages"][-2:]
    assert asked["tool_calls"][0]["function"] == {"name": "approve", "arguments": '{"text": "move"}'}
    assert asked["tool_calls"][0]["id"] == told["tool_call_id"] != waiting.call_id
    assert told["content"] == "The user said yes. It is done: Approved."
    assert "This is end." in model.asked[-1]["system"] and model.asked[-1]["tools"] == []
    again = await coach.Conversation.resume(talk, model, user_id="ann", conversation_id=conversation.id)
    assert again.phase == "end"
    with pytest.raises(coach.Conflict):
        await events_of(again.decide(waiting, yes=True))


async def test_a_yes_that_a_crash_swallowed_is_asked_for_again(
    talk: coach.Coach, log: list[Any], store: coach.Store
) -> None:
    conversation, _ = await begin(talk, [call("approve", text="this")], "Shall I?")
    await events_of(conversation.say("Go."))
    [waiting] = await conversation.waiting()
    now = datetime.now(UTC)
    assert await store.calls.claim("ann", conversation.id, waiting.call_id, waiting.digest, now)
    # The process dies here: the call was taken, and nothing came of it.
    again = await coach.Conversation.resume(
        talk, ScriptedModel(["Where were we?", "Good."]), user_id="ann", conversation_id=conversation.id
    )
    await events_of(again.say("Hello?"))
    [asked] = await again.waiting()
    assert (asked.call_id, asked.digest, log) == (waiting.call_id, waiting.digest, [])
    await events_of(again.decide(asked, yes=True))
    assert (log, await again.waiting()) == ([("ann", "approved", "this")], [])


async def test_a_button_is_told_to_the_model_too(
    talk: coach.Coach, log: list[Any], store: coach.Store
) -> None:
    conversation, model = await begin(talk, "Good.")
    await events_of(conversation.press("approve", {"text": "this"}))
    assert log == [("ann", "approved", "this")]
    made, told, _ = await store.conversations.messages("ann", conversation.id)
    assert made.created_at == told.created_at  # in one transaction: what is cut off between is done once more
    assert model.asked[0]["messages"][-1]["content"] == "The user pressed this button. It is done: Approved."


async def test_a_button_does_not_fail_for_what_only_a_prompt_needs(
    tmp_path: Path, log: list[Any], store: coach.Store
) -> None:
    folder = write_talk(tmp_path)
    (folder / "context").mkdir()
    (folder / "context" / "slow.py").write_text(
        "import asyncio\n\nfrom coach import Context, context_key\n\n\n@context_key(timeout=0.01)\n"
        'async def slow(ctx: Context) -> str:\n    "Too slow."\n    await asyncio.sleep(30)\n    return ""\n'
    )
    start = folder / "prompts" / "phases" / "start.md"
    start.write_text(start.read_text().replace("context = []", 'context = ["slow"]') + "{{ slow }}\n")
    talk = coach.load(folder, **store.services(), log=log, gate=open_gate)
    conversation, model = await begin(talk)
    seen = []
    with pytest.raises(ContextError, match="`slow` did not answer"):  # the model is not asked then
        async for event in conversation.press("write", {"text": "this"}):
            seen.append(type(event).__name__)
    assert ([text for *_, text in log], seen) == (["this"], ["Started", "Finished"])
    assert (roles(await conversation.messages()), model.asked) == (["assistant", "tool"], [])


async def test_a_model_that_never_ends_is_given_up_on_in_time(talk: coach.Coach) -> None:
    class Endless:
        async def reply(self, **_: Any) -> Any:
            while True:
                await asyncio.sleep(0.01)
                yield "…"

    limits = coach.Limits(seconds=0.3)
    conversation = await coach.Conversation.start(talk, Endless(), user_id="ann", limits=limits)
    events = await events_of(conversation.say("Go."))
    assert events[-1] == coach.Stopped(reason="time", say=LOST)


async def test_another_object_of_the_same_conversation_follows_its_phase(talk: coach.Coach) -> None:
    conversation, model = await begin(talk, [call("move", phase="end")], "Moved.", "Still here.")
    other = await coach.Conversation.resume(talk, model, user_id="ann", conversation_id=conversation.id)
    await events_of(conversation.say("Move."))
    await events_of(other.say("And?"))
    assert (other.phase, "This is end." in model.asked[-1]["system"]) == ("end", True)


async def test_two_messages_at_once_are_answered_one_after_the_other(talk: coach.Coach) -> None:
    conversation, _ = await begin(talk, "One.", "Two.")
    await asyncio.gather(events_of(conversation.say("a")), events_of(conversation.say("b")))
    assert roles(await conversation.messages()) == ["user", "assistant", "user", "assistant"]


@pytest.mark.parametrize("text", ["", "  \n", "x" * 16_001])
async def test_a_message_that_cannot_be_taken_is_refused_and_nothing_is_kept(
    talk: coach.Coach, text: str
) -> None:
    conversation, _ = await begin(talk)
    with pytest.raises(coach.InputRefused):
        conversation.say(text)
    assert await conversation.messages() == []


async def test_somebody_elses_conversation_and_no_conversation_are_the_same(talk: coach.Coach) -> None:
    conversation, model = await begin(talk)
    errors = set()
    for which in (conversation.id, "0" * 36):
        with pytest.raises(coach.NotFound) as info:
            await coach.Conversation.resume(talk, model, user_id="bob", conversation_id=which)
        errors.add(str(info.value).replace(which, "?"))
    assert errors == {"There is no conversation '?'."}
