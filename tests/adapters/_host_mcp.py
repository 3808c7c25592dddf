"""An MCP client with the coach as its server: the official client, in memory, in the revision of today."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import mcp_types as types
from mcp import Client, MCPError

import coach
from coach.adapters.mcp import CALL_ID, Person, create_server
from tests.adapters._contract import Kind, Shown

KIND = Kind(replies=False, history=False, turns=False, texts=False)

_asked: dict[str, tuple[str, str, Mapping[str, Any]]] = {}
"""What a client carries from a question to its answer, by the question's digest: anybody could get at it."""


class Agent:
    """An agent around a model that says what the test says."""

    def __init__(self, client: Client) -> None:
        self.client, self.shown = client, Shown()
        self.events: list[coach.Event] = []

    async def reply(self, *calls: coach.Call) -> Mapping[str, str]:
        answers = {call.id: await self._call(call) for call in calls}
        tools = (await self.client.list_tools(cache_mode="bypass")).tools
        [named] = (await self.client.list_prompts(cache_mode="bypass")).prompts
        [message] = (await self.client.get_prompt(named.name)).messages
        assert isinstance(message.content, types.TextContent)
        self.shown = Shown(
            prompt=message.content.text,
            tools={tool.name: tool.input_schema for tool in tools},
            answers=answers,
            text=json.dumps([answers, message.content.text, [tool.model_dump() for tool in tools]]),
        )
        return answers

    async def decide(self, waiting: coach.Waiting, *, yes: bool) -> None:
        state, name, arguments = _asked.get(waiting.digest, ("v1.forged", waiting.action, waiting.arguments))
        try:
            result = await self._send(name, arguments, state, "accept" if yes else "decline")
        except MCPError as error:
            raise coach.Conflict(error.message) from error
        assert isinstance(result, types.CallToolResult)
        if result.is_error:
            raise coach.Conflict(_text(result))
        self.shown = replace(self.shown, answers={"decided": _text(result)})

    async def _call(self, call: coach.Call) -> str:
        arguments = call.parse() or {}
        try:
            meta: Any = {CALL_ID: call.id}
            result = await self._send(call.name, arguments, meta=meta)
            if isinstance(result, types.InputRequiredResult):
                [waiting] = [event for event in self.events if isinstance(event, coach.Waiting)]
                _asked[waiting.digest] = (str(result.request_state), call.name, arguments)
                result = await self._send(call.name, arguments, result.request_state, "cancel")
        except MCPError as error:
            return error.message
        assert isinstance(result, types.CallToolResult)
        return _text(result)

    async def _send(
        self,
        name: str,
        arguments: Mapping[str, Any],
        state: str | None = None,
        action: Any = None,
        meta: Any = None,
    ) -> types.CallToolResult | types.InputRequiredResult:
        given: Any = {"answer": types.ElicitResult(action=action)} if action is not None else None
        return await self.client.session.call_tool(
            name,
            dict(arguments),
            input_responses=given,
            request_state=state,
            meta=meta,
            allow_input_required=True,
        )


def _text(result: types.CallToolResult) -> str:
    first = result.content[0]
    assert isinstance(first, types.TextContent)
    return first.text


async def _never(context: Any, params: Any) -> Any:
    raise AssertionError("a client that answers by hand is not called")


@asynccontextmanager
async def open_host(
    talk: coach.Coach, *, user_id: str = "ann", phase: str | None = None, **given: Any
) -> AsyncIterator[Agent]:
    """See :class:`tests.adapters._contract.OpenHost`."""
    events: list[coach.Event] = []

    async def told(person: Person, event: coach.Event) -> None:
        assert person.user_id == user_id
        events.append(event)

    server = create_server(
        replace(talk, first_phase=phase or talk.first_phase),
        who=lambda _: Person(user_id=user_id),
        secret=b"s" * 32,
        limits=given.get("limits"),
        listen=told,
    )
    async with Client(server, elicitation_callback=_never) as client:
        agent = Agent(client)
        agent.events = events
        await agent.reply()
        yield agent
