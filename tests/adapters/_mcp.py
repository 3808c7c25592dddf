"""A person at the official MCP client, and the model in it that says what the test says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import mcp_types as types
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from coach.store.consent import SUBJECTS

ERAS = ("legacy", "2026-07-28")
"""Both revisions of the protocol, as the client names them."""

WAY = (
    ("set_user_name", {"name": "Ann"}),
    ("transition_phase", {"phase": "get_to_know_you"}),
    ("transition_phase", {"phase": "identity_brainstorming"}),
    ("create_identity", {"name": "Night-sky guide", "note": "She knows every star."}),
    ("transition_phase", {"phase": "identity_refinement"}),
    ("focus_identity", {"identity_id": "i1"}),
    ("transition_phase", {"phase": "i_am_statement"}),
    ("transition_phase", {"phase": "identity_visualization"}),
    ("write_visualization", {"identity_id": "i1", "visualization": "On a hill at night, with stars."}),
)
"""What a model calls until the person is about to see themselves."""


class Asked:
    """A person who is asked: says yes, unless the test says otherwise.

    Args:
        file: The photo they name when they are asked for one.
        opens: What they do on a page that they are sent to.
    """

    def __init__(self, file: str = "", opens: Callable[[str], Awaitable[None]] | None = None) -> None:
        self.messages: list[str] = []
        self.action: Any = "accept"
        self._file, self._opens = file, opens

    async def __call__(self, context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
        self.messages.append(params.message)
        if isinstance(params, types.ElicitRequestURLParams):
            assert self._opens is not None
            await self._opens(params.url)
            return types.ElicitResult(action=self.action)
        answers = {"statement": SUBJECTS["self"], "file": self._file}
        content: Any = {name: answers[name] for name in params.requested_schema["properties"]}
        return types.ElicitResult(action=self.action, content=content)


class Progress:
    """What a client is told of a call under way."""

    def __init__(self) -> None:
        self.steps: list[float] = []
        self.messages: list[str] = []

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        self.steps.append(progress)
        self.messages.append(message or "")


@asynccontextmanager
async def over(url: str, key: str, **given: Any) -> AsyncIterator[Client]:
    """A client over HTTP with somebody's key or token."""
    bearer = {"Authorization": f"Bearer {key}"}
    async with (
        httpx2.AsyncClient(headers=bearer, timeout=30) as asking,
        Client(streamable_http_client(f"{url}/mcp", http_client=asking), **given) as client,
    ):
        yield client


async def walk(client: Client) -> None:
    """Go the way to the pictures."""
    for name, arguments in WAY:
        result = await client.call_tool(name, dict(arguments))
        assert not result.is_error, (name, said(result))


def said(result: types.CallToolResult) -> str:
    """What a model reads of a result."""
    return "\n".join(block.text for block in result.content if isinstance(block, types.TextContent))


def link(result: types.CallToolResult) -> str:
    """The address of the picture that came of a call."""
    [found] = [block.uri for block in result.content if isinstance(block, types.ResourceLink)]
    return found


async def tools(client: Client) -> set[str]:
    """What is listed now."""
    return {tool.name for tool in (await client.list_tools(cache_mode="bypass")).tools}


async def picture(client: Client, uri: str) -> types.BlobResourceContents:
    """A picture, read."""
    first = (await client.read_resource(uri)).contents[0]
    assert isinstance(first, types.BlobResourceContents)
    return first
