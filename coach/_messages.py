"""The messages of a conversation's history, as chat completions has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from coach._calls import Call
from coach._replies import Reply, assistant_message, sendable
from coach.events import Finished


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What came of a person's button, in the shape every model takes: a call, answered.

    As a message of the person it could be forged by writing it; as a system message it would put words of
    the person into the system's mouth.

    Attributes:
        call: The action and its arguments, as JSON text, under an id of ours.
        finished: How it ended, under the same id; its ``say`` is the sentence for the model.
    """

    call: Call
    finished: Finished

    @classmethod
    def of(cls, what: str, arguments: Mapping[str, Any], event: Finished) -> Decided:
        """Put what the person did, e.g. ``"said yes"``, and how that ended into a sentence."""
        asked = Call(id="", name=event.action, arguments=arguments)
        call = Call(id=new_call_id(), **sendable(asked))
        return cls(
            call=call, finished=replace(event, call_id=call.id, say=f"The user {what}{_came_of(event)}")
        )


def as_messages(decided: Decided) -> list[dict[str, Any]]:
    """It as two messages of chat completions."""
    asked = assistant_message(Reply(text="", calls=(decided.call,)))
    return [asked, {"role": "tool", "tool_call_id": decided.call.id, "content": decided.finished.say}]


def _came_of(event: Finished) -> str:
    match event.state:
        case "done":
            return f". It is done: {event.say}"
        case "declined":
            return "."
        case _:
            return f", but it was not done: {event.say}"


def new_call_id() -> str:
    """An id of ours: a server may repeat its own, and a call id is worth one answer for ever."""
    return f"call_{uuid4().hex[:24]}"


def unanswered(messages: list[dict[str, Any]]) -> tuple[Call, ...]:
    """The calls of the last reply that have no answer."""
    asked: dict[str, Call] = {}
    for message in messages:
        if message["role"] == "assistant":
            asked = {raw["id"]: Call.of(raw) for raw in message.get("tool_calls", [])}
        elif message["role"] == "tool":
            asked.pop(message["tool_call_id"], None)
    return tuple(asked.values())
