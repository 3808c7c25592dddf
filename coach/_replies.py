"""What a model replies: put together from the pieces it streams in, and as a message of the history."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from coach._calls import Call
from coach.text import clean

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionChunk
    from openai.types.chat.chat_completion_chunk import ChoiceDeltaToolCall


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One whole reply of a model: what it says and what it asks for."""

    text: str
    calls: tuple[Call, ...] = ()


@dataclass(kw_only=True)
class _Piece:
    """A call as it streams in: id and name in its first piece, the arguments in all of them."""

    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


async def streamed_reply(chunks: AsyncIterable[ChatCompletionChunk]) -> AsyncIterator[str | Reply]:
    """The pieces of text of streamed chat completions as they come, then the whole reply, last.

    Raises:
        ValueError, TypeError, AttributeError: It is none, or breaks off among its calls. The SDK passes on
            whatever a server sends, and takes a connection that was closed for the end.
    """
    said: list[str] = []
    pieces: dict[int, _Piece] = {}
    ended = False
    async for chunk in chunks:
        for choice in chunk.choices[:1]:
            ended = ended or choice.finish_reason is not None
            if text := as_text(choice.delta.content):
                said.append(text)
                yield text
            _collect(pieces, choice.delta.tool_calls or [])
    if pieces and not ended:
        raise ValueError("broke off")
    calls = [Call.of(vars(p) | {"arguments": "".join(p.arguments)}) for p in pieces.values()]
    yield Reply(text="".join(said), calls=tuple(calls))


def _collect(pieces: dict[int, _Piece], deltas: Sequence[ChoiceDeltaToolCall]) -> None:
    for delta in deltas:
        piece = pieces.setdefault(int(delta.index), _Piece())
        piece.id = piece.id or as_text(delta.id)
        if delta.function is not None:
            piece.name = piece.name or as_text(delta.function.name)
            piece.arguments.append(as_text(delta.function.arguments))


def as_text(value: Any) -> str:
    """A text as it came, or none.

    Raises:
        TypeError: It is something else.
    """
    if value is None or isinstance(value, str):
        return value or ""
    raise TypeError(type(value).__name__)


def assistant_message(reply: Reply) -> dict[str, Any]:
    """A reply as a message of chat completions."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if reply.calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": sendable(call)} for call in reply.calls
        ]
    return message


def sendable(call: Call) -> dict[str, str]:
    """A call's name and arguments for the history: a server refuses all of it for one odd or broken one."""
    return {
        "name": re.sub(r"[^A-Za-z0-9_-]", "_", call.name)[:64] or "unknown",
        "arguments": _arguments(call),
    }


def _arguments(call: Call) -> str:
    parsed = call.parse()
    if parsed is None:
        return "{}"
    return str(clean(call.arguments)) if isinstance(call.arguments, str) else json.dumps(parsed)
