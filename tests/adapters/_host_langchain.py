"""An agent of LangChain, that is a graph of LangGraph, around a chat model that says what the test says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, convert_to_openai_messages
from langchain_core.messages.tool import tool_call
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool

import coach
from coach.adapters.langchain import CoachMiddleware, told
from tests.adapters._contract import Inside, Kind, OpenHost, opener
from tests.adapters._wire import shown_in_chat

# What is no JSON object is answered by LangChain itself.
KIND = Kind(texts=False)


class Scripted(BaseChatModel):
    """A chat model that says what the test says. Its lists are shared with what ``bind_tools`` gives."""

    calls: list[coach.Call]
    asked: list[Any]
    offered: list[Any]

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> Scripted:
        return self.model_copy(
            update={"offered": [convert_to_openai_tool(tool, strict=True) for tool in tools]}
        )

    def _generate(self, messages: list[Any], *_: Any, **__: Any) -> ChatResult:
        self.asked.append({"messages": convert_to_openai_messages(messages), "tools": self.offered})
        made = [
            tool_call(id=each.id, name=each.name, args=json.loads(str(each.arguments))) for each in self.calls
        ]
        self.calls.clear()
        message = AIMessage("" if made else "Well.", tool_calls=made)
        return ChatResult(generations=[ChatGeneration(message=message)])


class Running(Inside):
    """A host: see :class:`tests.adapters._contract.Host`."""

    def __init__(self, turn: coach.Turn) -> None:
        super().__init__(turn)
        self.model = Scripted(calls=[], asked=[], offered=[])
        self.messages: list[Any] = []

    async def reply(self, *calls: coach.Call) -> Mapping[str, str]:
        self.model.calls.extend(calls)
        agent = create_agent(self.model, middleware=[CoachMiddleware(self.hosted)])
        state = await agent.ainvoke({"messages": [*self.messages, HumanMessage("Go on.")]})
        self.messages = state["messages"]
        self.shown = shown_in_chat(self.model.asked[-1])
        return {each.id: self.shown.answers[each.id] for each in calls}

    async def decide(self, waiting: coach.Waiting, *, yes: bool) -> None:
        await super().decide(waiting, yes=yes)
        self.messages += told(self.hosted)


open_host: OpenHost = opener(Running)
