"""A loop of one's own over the Responses API, whole replies and streamed ones in turn."""

from __future__ import annotations

from typing import Any

import coach
from coach.adapters.openai import Responses
from tests.adapters._contract import Kind, OpenHost, Shown, opener
from tests.adapters._loop import Loop
from tests.adapters._wire import Script, shown_in_responses

KIND = Kind()


class Answering(Loop):
    def __init__(self, turn: coach.Turn) -> None:
        super().__init__(Responses(turn), Script())

    async def ask(self, client: Any, **request: Any) -> Any:
        return await client.responses.create(model="m", **request)

    def look(self, body: Any) -> Shown:
        return shown_in_responses(body)


open_host: OpenHost = opener(Answering)
