"""A loop of one's own over Chat Completions, whole replies and streamed ones in turn."""

from __future__ import annotations

from typing import Any

import coach
from coach.adapters.openai import ChatCompletions
from tests.adapters._contract import Kind, OpenHost, Shown
from tests.adapters._loop import Loop, opener
from tests.adapters._wire import Script, allowed

KIND = Kind()


class Chat(Loop):
    def __init__(self, turn: coach.Turn) -> None:
        super().__init__(ChatCompletions(turn), Script())

    async def ask(self, client: Any, **request: Any) -> Any:
        return await client.chat.completions.create(model="m", **request)

    def look(self, body: Any) -> Shown:
        answers = [message for message in body["messages"] if message["role"] == "tool"]
        functions = [tool["function"] for tool in allowed(body)]
        return Shown(
            prompt=body["messages"][0]["content"],
            tools={each["name"]: each["parameters"] for each in functions},
            answers={each["tool_call_id"]: each["content"] for each in answers},
        )


open_host: OpenHost = opener(Chat)
