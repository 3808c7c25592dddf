"""Telling a person's clients that other tools and instructions are on the list now."""

from __future__ import annotations

from typing import Any
from weakref import WeakValueDictionary

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    PromptsListChanged,
    ResourcesListChanged,
    ToolsListChanged,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from coach.adapters.mcp._talks import Person

_AT_ONCE = 20
"""Streams that one person's clients may have open."""


class _Listeners:
    def __init__(self) -> None:
        self.bus = InMemorySubscriptionBus()
        self.handler = ListenHandler(self.bus, max_subscriptions=_AT_ONCE)


class Changes:
    """Who listens for changes, person by person: nobody hears of another's.

    Only this process's clients are told. Before 2026-07-28 it is only the client that made the call: that
    revision's notifications go where a client's own requests go.
    """

    def __init__(self) -> None:
        self._listeners: WeakValueDictionary[str, _Listeners] = WeakValueDictionary()

    async def listen(
        self,
        ctx: ServerRequestContext[Any, Any],
        person: Person,
        params: types.SubscriptionsListenRequestParams,
    ) -> types.SubscriptionsListenResult:
        """Serve ``subscriptions/listen`` until the client goes away."""
        listeners = self._listeners.setdefault(person.user_id, _Listeners())
        return await listeners.handler(ctx, params)

    async def moved(self, ctx: ServerRequestContext[Any, Any], person: Person) -> None:
        """The person's conversation is in another phase."""
        if ctx.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            await ctx.session.send_tool_list_changed()
            await ctx.session.send_prompt_list_changed()
            await ctx.session.send_resource_list_changed()
        if (listeners := self._listeners.get(person.user_id)) is not None:
            for event in (ToolsListChanged(), PromptsListChanged(), ResourcesListChanged()):
                await listeners.bus.publish(event)
