"""An agent of the OpenAI Agents SDK, over Chat Completions; whole replies and streamed ones in turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents import Agent, OpenAIChatCompletionsModel, RunConfig, Runner

import coach
from coach.adapters.openai_agents import instructions, run_config, told, tools
from tests.adapters._contract import Inside, Kind, OpenHost, opener
from tests.adapters._wire import Script, shown_in_chat

KIND = Kind(deep=False)


class Running(Inside):
    """A host: see :class:`tests.adapters._contract.Host`."""

    def __init__(self, turn: coach.Turn) -> None:
        super().__init__(turn)
        self.script = Script()
        self.history: list[Any] = []

    async def reply(self, *calls: coach.Call) -> Mapping[str, str]:
        self.script.calls, self.streams = calls, not self.streams
        self.history.append({"role": "user", "content": "Go on."})
        async with self.script.client() as client:
            agent = Agent(
                name="Coach",
                instructions=instructions(self.hosted),
                tools=tools(self.hosted),
                model=OpenAIChatCompletionsModel("m", client),
            )
            config = run_config(self.hosted, RunConfig(tracing_disabled=True))
            result: Any
            if self.streams:
                result = Runner.run_streamed(agent, self.history, run_config=config)
                assert [event async for event in result.stream_events()]
            else:
                result = await Runner.run(agent, self.history, run_config=config)
        self.history = result.to_input_list()
        self.shown = shown_in_chat(self.script.asked[-1])
        return {each.id: self.shown.answers[each.id] for each in calls}

    async def decide(self, waiting: coach.Waiting, *, yes: bool) -> None:
        await super().decide(waiting, yes=yes)
        self.history += told(self.hosted)


open_host: OpenHost = opener(Running)
