"""The loop of docs/agents/openai.md, around a model that says what the test says."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import coach
from coach.adapters.openai import ChatCompletions, Responses
from tests.adapters._contract import Shown
from tests.adapters._wire import Script


class Loop(ABC):
    """A host: see :class:`tests.adapters._contract.Host`."""

    def __init__(self, agent: ChatCompletions | Responses, script: Script) -> None:
        self.agent, self.script, self.shown = agent, script, Shown()
        self.events: list[coach.Event] = []
        self.history: list[Any] = []
        self.streams = True

    async def reply(self, *calls: coach.Call) -> Mapping[str, str]:
        self.script.calls, self.agent.done, self.streams = calls, False, not self.streams
        self.history.append({"role": "user", "content": "Go on."})
        async with self.script.client() as client:
            while not self.agent.done:
                request = self.agent.request(self.history)
                reply = await self.ask(client, stream=self.streams, **request)
                self.events += [event async for event in self.agent.run(reply)]
                self.history += self.agent.added
            if self.agent.turn.over:  # what it would be shown next
                await self.ask(client, **self.agent.request(self.history))
        self.shown = self.look(self.script.asked[-1])
        return {each.id: self.shown.answers[each.id] for each in calls}

    async def decide(self, waiting: coach.Waiting, *, yes: bool) -> None:
        self.events += [event async for event in self.agent.decide(waiting, yes=yes)]
        self.history += self.agent.added

    @abstractmethod
    async def ask(self, client: Any, **request: Any) -> Any:
        """Ask the model."""

    @abstractmethod
    def look(self, body: Any) -> Shown:
        """What a request showed it."""
