"""A loop of one's own over Chat Completions."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import coach
from tests.adapters._contract import Kind, Shown
from tests.adapters._wire import Script

KIND = Kind()


class Loop:
    """The loop of the README, around a model that says what the test says."""

    def __init__(self, turn: coach.Turn, script: Script) -> None:
        self.turn, self.script, self.shown = turn, script, Shown()
        self.events: list[coach.Event] = []
        self._history: list[Any] = []

    async def reply(self, *calls: coach.Call) -> Mapping[str, str]:
        self.script.calls = calls
        self._history.append({"role": "user", "content": "Go on."})
        async with self.script.client() as client:
            while True:
                reply = await client.chat.completions.create(
                    model="m",
                    messages=[{"role": "system", "content": self.turn.prompt}, *self._history],
                    **({"tools": self.turn.tools} if self.turn.tools else {}),
                )
                message = reply.choices[0].message
                self._history.append(message.model_dump(exclude_none=True))
                if not message.tool_calls:
                    break
                self.events += [event async for event in self.turn.run(message.tool_calls)]
                self._history += self.turn.answers
        self.shown = _shown(self.script.asked[-1], {each.id for each in calls})
        return self.shown.answers

    async def decide(self, waiting: coach.Waiting, *, yes: bool) -> None:
        decided = self.turn.decide(waiting.call_id, waiting.digest, yes=yes)
        self.events += [event async for event in decided]


def _shown(body: Any, ids: set[str]) -> Shown:
    functions = [tool["function"] for tool in body.get("tools") or []]
    answers = [message for message in body["messages"] if message["role"] == "tool"]
    return Shown(
        prompt=body["messages"][0]["content"],
        tools={each["name"]: each["parameters"] for each in functions},
        answers={each["tool_call_id"]: each["content"] for each in answers if each["tool_call_id"] in ids},
        text=json.dumps(body),
    )


@asynccontextmanager
async def open_host(talk: coach.Coach, **given: Any) -> AsyncIterator[Loop]:
    """See :class:`tests.adapters._contract.OpenHost`."""
    loop = Loop(await talk.turn(**{"user_id": "ann", "conversation_id": "c1", **given}), Script())
    await loop.reply()
    yield loop
