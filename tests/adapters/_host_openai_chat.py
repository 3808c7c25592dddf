"""A loop of one's own over Chat Completions, whole replies and streamed ones in turn."""

from __future__ import annotations

from typing import Any

import coach
from coach.adapters.openai import ChatCompletions
from tests.adapters._contract import Kind, OpenHost, Shown, opener
from tests.adapters._loop import Loop
from tests.adapters._wire import Script, shown_in_chat

KIND = Kind()


class Chat(Loop):
    def __init__(self, turn: coach.Turn) -> None:
        super().__init__(ChatCompletions(turn), Script())

    async def ask(self, client: Any, **request: Any) -> Any:
        return await client.chat.completions.create(model="m", **request)

    def look(self, body: Any) -> Shown:
        return shown_in_chat(body)


open_host: OpenHost = opener(Chat)
