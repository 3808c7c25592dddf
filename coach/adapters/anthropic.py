"""Anthropic's Messages: a coach's actions as tools of your own loop, streamed or not.

::

    turn = await my_coach.turn(user_id="ann", conversation_id="ann-1")
    while not turn.over:
        async with client.messages.stream(
            model=..., max_tokens=4096, system=turn.prompt, tools=tools(turn), messages=history
        ) as stream:
            async for text in stream.text_stream:
                print(text, end="")
            message = await stream.get_final_message()
        history.append({"role": "assistant", "content": message.content})
        if message.stop_reason != "tool_use":
            break
        history.append(await answered(turn, message))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from anthropic import transform_schema
from anthropic.types import ContentBlock, MessageParam, ToolParam, ToolResultBlockParam, ToolUseBlockParam

from coach._answers import FAILED
from coach._calls import Call
from coach._messages import Decided
from coach.adapters._hosted import Listener
from coach.events import Finished
from coach.turn import Turn


class Replied(Protocol):
    """What is read of a ``Message``, parsed or not."""

    @property
    def content(self) -> Sequence[ContentBlock]:
        """Its blocks."""


def tools(turn: Turn, *, strict: bool = False) -> list[ToolParam]:
    """The actions of the phase the turn is in.

    Args:
        strict: Whether arguments are held to the schemas while the model writes them. The service takes 20
            strict tools and 16 parameters that may be left out at once, and not every keyword: what it does
            not take goes into the descriptions. Without, the coach judges them all the same.
            (https://platform.claude.com/docs/en/build-with-claude/structured-outputs)
    """
    made: list[ToolParam] = []
    for tool in turn.tools:
        function = tool["function"]
        schema = function.get("parameters", {})
        one: ToolParam = {
            "name": function["name"],
            "description": function.get("description", ""),
            "input_schema": transform_schema(schema) if strict else schema,
        }
        made.append({**one, "strict": True} if strict else one)
    return made


async def answered(turn: Turn, message: Replied, listen: Listener | None = None) -> MessageParam:
    """Run the calls of one reply, and answer them.

    Args:
        turn: The turn; its prompt and :func:`tools` are then those of the next reply.
        message: The reply; nothing in it raises.
        listen: Told every event as it happens.

    Returns:
        The message that follows the reply: a ``tool_result`` for every ``tool_use``, with ``is_error`` when
        it did not happen. ``Turn.answers`` has no place in this history.
    """
    asked = [block for block in message.content if block.type == "tool_use"]
    failed: set[str] = set()
    async for event in turn.run(Call(id=block.id, name=block.name, arguments=block.input) for block in asked):
        if isinstance(event, Finished) and event.state in FAILED:
            failed.add(event.call_id)
        if listen is not None:
            await listen(event)
    results = [
        _result(answer["tool_call_id"], str(answer["content"]), failed=answer["tool_call_id"] in failed)
        for answer in turn.answers
    ]
    return {"role": "user", "content": results}


def told(turn: Turn) -> list[MessageParam]:
    """What the model is to be told of :meth:`Turn.decide` and :meth:`Turn.press`, each once.

    Returns:
        For each a message with a ``tool_use``, and one with its ``tool_result``: add them to the history.
    """
    return turn.told(_told)


def _told(one: Decided) -> list[MessageParam]:
    call, ended = one.call, one.finished
    asked: ToolUseBlockParam = {
        "type": "tool_use",
        "id": call.id,
        "name": call.name,
        "input": call.parse() or {},
    }
    answer = _result(call.id, ended.say, failed=ended.state in FAILED)
    return [{"role": "assistant", "content": [asked]}, {"role": "user", "content": [answer]}]


def _result(call_id: str, say: str, *, failed: bool) -> ToolResultBlockParam:
    return {"type": "tool_result", "tool_use_id": call_id, "content": say, "is_error": failed}
