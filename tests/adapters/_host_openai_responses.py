"""A loop of one's own over the Responses API, whole replies and streamed ones in turn."""

from __future__ import annotations

from typing import Any

import coach
from coach.adapters.openai import Responses
from tests.adapters._contract import Kind, OpenHost, Shown
from tests.adapters._loop import Loop, opener
from tests.adapters._wire import Script, allowed

KIND = Kind()


class Answering(Loop):
    def __init__(self, turn: coach.Turn) -> None:
        super().__init__(Responses(turn), Script())

    async def ask(self, client: Any, **request: Any) -> Any:
        return await client.responses.create(model="m", **request)

    def look(self, body: Any) -> Shown:
        answers = [item for item in body["input"] if item.get("type") == "function_call_output"]
        return Shown(
            prompt=body["instructions"],
            tools={tool["name"]: tool["parameters"] for tool in allowed(body)},
            answers={item["call_id"]: item["output"] for item in answers},
        )


open_host: OpenHost = opener(Answering)
