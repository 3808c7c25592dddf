"""The MCP server of a coach, whatever it is reached by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from importlib import metadata
from typing import Any

import mcp_types as types
from mcp.server import NotificationOptions, Server
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic_core import to_jsonable_python

from coach._calls import Limits
from coach.adapters.mcp._asks import Means
from coach.adapters.mcp._calls import Calls, Hears
from coach.adapters.mcp._changes import Changes
from coach.adapters.mcp._pictures import OF_CALL, PICTURE, PREVIEW, Pictures
from coach.adapters.mcp._shown import is_shown, shown
from coach.adapters.mcp._talks import Person, Talks
from coach.adapters.mcp._tasks import TASKS, TaskParams, Tasks, UpdateParams, watched
from coach.adapters.mcp._tools import tool
from coach.context import ContextKey, gather_context
from coach.errors import CoachError, NotFound
from coach.folder import Coach
from coach.pending import PATIENCE

NAME = "coach"
_JSON = "application/json"
_CONTEXT = "coach://context/"
_INSTRUCTIONS = (
    "You are this person's coach. Below are your instructions for now; the answer to a call that moves the "
    "conversation brings the next ones, and the prompt that is listed is always that of the current phase. A "
    "picture comes as a link to a resource: the user sees it once your client has opened it."
)

Context = ServerRequestContext[Any, Any]
Who = Callable[[Context], Person]
"""In whose name a request is made; raises ``MCPError`` where nobody is known."""


class CoachServer(Server[Any]):
    """A coach behind the Model Context Protocol: 2026-07-28, and the revisions before it.

    Made by :func:`coach.adapters.mcp.create_server`.
    """

    def get_capabilities(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
        *,
        protocol_version: str | None = None,
    ) -> types.ServerCapabilities:
        """What it can: its lists change with the phase, over every transport; tasks since 2026-07-28."""
        if protocol_version in MODERN_PROTOCOL_VERSIONS:
            extensions = {**(extensions or {}), TASKS: {}}
        changes = NotificationOptions(prompts_changed=True, resources_changed=True, tools_changed=True)
        return super().get_capabilities(
            changes, experimental_capabilities, extensions, protocol_version=protocol_version
        )


def create_server(
    coach: Coach,
    *,
    who: Who,
    secret: bytes,
    all_tools: bool = False,
    means: Means | None = None,
    limits: Limits | None = None,
    listen: Hears | None = None,
) -> CoachServer:
    """Make the server of an open coach.

    Args:
        coach: The coach.
        who: In whose name a request is made.
        secret: At least 32 bytes that every process of one deployment shares: what a client carries from a
            question to its answer is sealed with it.
        all_tools: List every action, for clients that read the list once. Which of them can be called depends
            on the phase all the same.
        means: How people do what no model may do for them.
        limits: How much one call may do.
        listen: Told whose it is and every event as it happens: for the host's own log or page.
    """
    served = _Served(
        coach, who, all_tools=all_tools, means=means or Means(), limits=limits or Limits(), listen=listen
    )
    server = CoachServer(
        NAME,
        version=metadata.version("coach"),
        title=coach.name,
        instructions=_INSTRUCTIONS,
        # Nothing else is checked against it: arguments are judged with the call.
        get_tool_input_schema=served.input_schema,
        on_list_tools=served.list_tools,
        on_list_prompts=served.list_prompts,
        on_get_prompt=served.get_prompt,
        on_list_resources=served.list_resources,
        on_list_resource_templates=served.list_templates,
        on_read_resource=served.read_resource,
        on_subscriptions_listen=served.listen,
    )
    # Its result may be a task, which `on_call_tool` does not know.
    server.add_request_handler("tools/call", types.CallToolRequestParams, served.call_tool)
    server.add_request_handler("tasks/get", TaskParams, served.get_task)
    server.add_request_handler("tasks/update", UpdateParams, served.update_task)
    server.add_request_handler("tasks/cancel", TaskParams, served.cancel_task)
    security = RequestStateSecurity(
        keys=[hashlib.sha256(b"mcp request state" + secret).digest()],
        ttl=PATIENCE.total_seconds(),
        bind_principal=lambda ctx: json.dumps([who(ctx).user_id, coach.name]),
    )
    server.middleware += [RequestStateBoundary(security, default_audience=NAME), _in_words, served.instruct]
    return server


class _Served:
    """What the server answers with."""

    def __init__(
        self, coach: Coach, who: Who, *, all_tools: bool, means: Means, limits: Limits, listen: Hears | None
    ) -> None:
        self._coach, self._who, self._all = coach, who, all_tools
        self._talks = Talks(coach, limits)
        self._pictures, self._changes = Pictures(self._talks), Changes()
        calls = Calls(self._talks, self._pictures, means, self._changes.moved, listen)
        self._tasks = Tasks(self._talks, calls)
        self._tools = {name: tool(action) for name, action in coach.actions.items()}

    def input_schema(self, name: str) -> dict[str, Any] | None:
        found = self._tools.get(name)
        return None if found is None else found.input_schema

    async def list_tools(self, ctx: Context, _: Any) -> types.ListToolsResult:
        where = await self._talks.at(self._who(ctx))
        names = self._tools if self._all else self._coach.phase(where.phase).actions
        return types.ListToolsResult(tools=[self._tools[name] for name in names])

    async def call_tool(self, ctx: Context, params: types.CallToolRequestParams) -> HandlerResult:
        return await self._tasks.call(ctx, self._who(ctx), params)

    async def get_task(self, ctx: Context, params: TaskParams) -> HandlerResult:
        return await self._tasks.get(ctx, self._who(ctx), params)

    async def update_task(self, ctx: Context, params: UpdateParams) -> HandlerResult:
        return await self._tasks.update(ctx, self._who(ctx), params)

    async def cancel_task(self, ctx: Context, params: TaskParams) -> HandlerResult:
        return await self._tasks.cancel(ctx, self._who(ctx), params)

    async def list_prompts(self, ctx: Context, _: Any) -> types.ListPromptsResult:
        phase = self._coach.phase((await self._talks.at(self._who(ctx))).phase)
        say = "What the coach does now. Begin, or go on, with it."
        prompt = types.Prompt(name=phase.name, title=phase.title, description=say)
        return types.ListPromptsResult(prompts=[prompt])

    async def get_prompt(self, ctx: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        phase, text = await self._talks.prompt(self._who(ctx))
        if params.name != phase:
            say = f"No such prompt now: the conversation is in the phase {phase!r}."
            raise MCPError(code=types.INVALID_PARAMS, message=say)
        message = types.PromptMessage(role="user", content=types.TextContent(text=text))
        return types.GetPromptResult(messages=[message])

    async def list_resources(self, ctx: Context, _: Any) -> types.ListResourcesResult:
        person = self._who(ctx)
        where = await self._talks.at(person)
        known = [
            types.Resource(uri=uri, name=key.name, description=key.description, mime_type=_JSON)
            for uri, key in self._keys(where.phase).items()
        ]
        return types.ListResourcesResult(resources=[*known, *await self._pictures.listed(person)])

    async def list_templates(self, ctx: Context, _: Any) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(resource_templates=list(_TEMPLATES))

    async def read_resource(
        self, ctx: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        person, uri = self._who(ctx), str(params.uri)
        if uri.startswith(_CONTEXT):
            return types.ReadResourceResult(contents=[await self._known(person, uri)])
        return types.ReadResourceResult(contents=await self._pictures.read(person, uri))

    def _keys(self, phase: str) -> dict[str, ContextKey[..., Any]]:
        """What a prompt of the phase may know and a client may read, by its address."""
        return {f"{_CONTEXT}{key.name}": key for key in self._coach.keys(phase) if is_shown(key.name)}

    async def _known(self, person: Person, uri: str) -> types.TextResourceContents:
        where = await self._talks.at(person)
        if (key := self._keys(where.phase).get(uri)) is None:
            raise NotFound("resource", uri)
        value = (await gather_context([key], where, self._coach.services))[key.name]
        plain = shown(to_jsonable_python(value, fallback=str))
        text = json.dumps(plain, ensure_ascii=False, indent=1)
        return types.TextResourceContents(uri=uri, mime_type=_JSON, text=text)

    async def listen(
        self, ctx: Context, params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        watched(ctx)
        return await self._changes.listen(ctx, self._who(ctx), params)

    async def instruct(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        """Give the instructions of the person's phase where a client asks who this is."""
        result = await call_next(ctx)
        if ctx.method in ("initialize", "server/discover") and isinstance(result, dict):
            with suppress(CoachError):
                _, text = await self._talks.prompt(self._who(ctx))
                return {**result, "instructions": f"{_INSTRUCTIONS}\n\n{text}"}
        return result


async def _in_words(ctx: Context, call_next: CallNext) -> HandlerResult:
    """Tell the library's errors as the protocol has errors, with their own sentence."""
    try:
        return await call_next(ctx)
    except CoachError as error:
        code = types.INVALID_PARAMS if isinstance(error, NotFound) else types.INTERNAL_ERROR
        asked = (ctx.params or {}).get("uri")
        raise MCPError(code=code, message=str(error), data=asked and {"uri": asked}) from error


_TEMPLATES = (
    types.ResourceTemplate(
        uri_template=PICTURE, name="picture", description="A picture by its handles, e.g. `i1` and `v2`."
    ),
    types.ResourceTemplate(
        uri_template=OF_CALL, name="shown", description="What a call showed, e.g. pictures side by side."
    ),
    types.ResourceTemplate(uri_template=PREVIEW, name="preview", description="An unfinished picture."),
)
