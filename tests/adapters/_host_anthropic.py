"""A loop of one's own over Anthropic's Messages, streamed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from anthropic import AsyncAnthropic
from anthropic.types import MessageParam

import coach
from coach.adapters.anthropic import answered, told, tools
from tests.adapters._contract import Kind, Shown
from tests.adapters._messages import Script, running_script

# A call's arguments are an object on the wire.
KIND = Kind(texts=False)


class Loop:
    """The loop of the adapter's documentation, around a model that says what the test says."""

    def __init__(self, turn: coach.Turn, script: Script, client: AsyncAnthropic) -> None:
        self.turn, self.script, self.shown = turn, script, Shown()
        self._client = client
        self.events: list[coach.Event] = []
        self.history: list[MessageParam] = []

    async def reply(self, *calls: coach.Call) -> Mapping[str, str]:
        self.script.calls = calls
        self.history.append({"role": "user", "content": "Go on."})
        while True:
            async with self._client.messages.stream(
                model="m",
                max_tokens=99,
                system=self.turn.prompt,
                tools=tools(self.turn),
                messages=self.history,
            ) as stream:
                message = await stream.get_final_message()
            self.history.append({"role": "assistant", "content": message.content})
            if message.stop_reason != "tool_use":
                break
            self.history.append(await answered(self.turn, message, self._listen))
        self.shown = _shown(self.script.asked[-1])
        return {each.id: self.shown.answers[each.id] for each in calls}

    async def decide(self, waiting: coach.Waiting, *, yes: bool) -> None:
        async for event in self.turn.decide(waiting.call_id, waiting.digest, yes=yes):
            await self._listen(event)
        self.history += told(self.turn)

    async def _listen(self, event: coach.Event) -> None:
        self.events.append(event)


def _shown(body: Any) -> Shown:
    blocks = [
        block for message in body["messages"] for block in message["content"] if isinstance(block, dict)
    ]
    results = [block for block in blocks if block["type"] == "tool_result"]
    return Shown(
        prompt=body["system"],
        tools={tool["name"]: tool["input_schema"] for tool in body["tools"]},
        answers={each["tool_use_id"]: each["content"] for each in results},
        text=json.dumps(body),
    )


@asynccontextmanager
async def open_host(
    talk: coach.Coach, *, user_id: str = "ann", conversation_id: str = "c1", **given: Any
) -> AsyncIterator[Loop]:
    """See :class:`tests.adapters._contract.OpenHost`."""
    turn = await talk.turn(user_id=user_id, conversation_id=conversation_id, **given)
    with running_script() as script:
        async with script.client() as client:
            host = Loop(turn, script, client)
            await host.reply()
            yield host
