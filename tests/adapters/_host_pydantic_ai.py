"""An agent of Pydantic AI, over Chat Completions; whole replies and streamed ones in turn."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic_ai import Agent, ModelMessage
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

import coach
from coach.adapters.pydantic_ai import CoachCapability, told
from tests.adapters._contract import Inside, Kind, OpenHost, opener
from tests.adapters._wire import WORDS, Script, shown_in_chat

KIND = Kind()


class Running(Inside):
    """A host: see :class:`tests.adapters._contract.Host`."""

    def __init__(self, turn: coach.Turn) -> None:
        super().__init__(turn)
        self.script = Script()
        self.history: list[ModelMessage] = []

    async def reply(self, *calls: coach.Call) -> Mapping[str, str]:
        self.script.calls, self.streams = calls, not self.streams
        async with self.script.client() as client:
            model = OpenAIChatModel("m", provider=OpenAIProvider(openai_client=client))
            # No retries: whatever a model calls is answered, and nothing ends the run.
            agent = Agent(model, retries=0, capabilities=[CoachCapability(hosted=self.hosted)])
            if self.streams:
                async with agent.run_stream("Go on.", message_history=self.history) as result:
                    assert await result.get_output() == WORDS
                    self.history = result.all_messages()
            else:
                self.history = (await agent.run("Go on.", message_history=self.history)).all_messages()
        self.shown = shown_in_chat(self.script.asked[-1])
        return {each.id: self.shown.answers[each.id] for each in calls}

    async def decide(self, waiting: coach.Waiting, *, yes: bool) -> None:
        await super().decide(waiting, yes=yes)
        self.history += told(self.hosted)


open_host: OpenHost = opener(Running)
