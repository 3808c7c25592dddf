"""The messages of a conversation's history, as chat completions has them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from coach._calls import Call
from coach.events import Finished


def came_of(event: Finished) -> str:
    """How a button ended, as the end of a sentence to the coach."""
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
