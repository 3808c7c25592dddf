"""A coach's MCP server over streamable HTTP, inside an application that knows who is asking."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import mcp_types as types
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.context import ServerRequestContext
from mcp.server.streamable_http import MCP_SESSION_ID_HEADER
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import MCP_PROTOCOL_VERSION_HEADER
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from coach._calls import LONGEST_ARGUMENTS, Limits
from coach.adapters.mcp._asks import Means
from coach.adapters.mcp._server import create_server
from coach.adapters.mcp._talks import Person
from coach.folder import Coach

_MOST_BYTES = 4 * LONGEST_ARGUMENTS
_PHOTO = "Where this client cannot ask the user, they add a photo and agree to its use on the coach's page."
_YES = "Where this client cannot ask the user, they can answer in a client that can (MCP's elicitation)."


class OverHttp:
    """Hands requests over to the server, each in the name of the person who makes it.

    A session of the revisions before 2026-07-28 belongs to the person who began it: to anybody else it is as
    if it were not there.
    """

    def __init__(self, manager: StreamableHTTPSessionManager) -> None:
        self._manager = manager

    @staticmethod
    def begins_session(headers: Headers) -> bool:
        """Whether a request begins a session: since 2026-07-28 there are none."""
        revision = headers.get(MCP_PROTOCOL_VERSION_HEADER)
        return MCP_SESSION_ID_HEADER not in headers and (
            revision is None or revision in HANDSHAKE_PROTOCOL_VERSIONS
        )

    async def handle(self, person: Person, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        claims = {"tenant": person.tenant}
        token = AccessToken(
            token="", client_id=person.user_id, scopes=[], subject=person.user_id, claims=claims
        )
        await self._manager.handle_request({**scope, "user": AuthenticatedUser(token)}, receive, send)


@asynccontextmanager
async def over_http(
    coach: Coach,
    *,
    secret: bytes,
    limits: Limits | None = None,
    all_tools: bool = False,
    security: TransportSecuritySettings | None = None,
) -> AsyncIterator[OverHttp]:
    """Open the server of a coach for requests over HTTP; see :func:`create_server`.

    Args:
        security: Which hosts and origins requests may name; left out: the application around it has looked.
    """
    server = create_server(
        coach,
        who=_who,
        secret=secret,
        all_tools=all_tools,
        limits=limits,
        means=Means(photo=_PHOTO, yes=_YES, page=_page),
    )
    manager = StreamableHTTPSessionManager(
        server, max_request_body_size=_MOST_BYTES, security_settings=security
    )
    opened, left = asyncio.get_running_loop().create_future(), asyncio.Event()

    async def run() -> None:
        async with manager.run():
            opened.set_result(None)
            await left.wait()

    # In a task of its own: it must be left in the one it was entered in, and a host's lifespan may differ.
    running = asyncio.create_task(run())
    await asyncio.wait([running, opened], return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        await running  # it could not begin: that is raised here
    try:
        yield OverHttp(manager)
    finally:
        left.set()
        await running


def _who(ctx: ServerRequestContext[Any, Any]) -> Person:
    user = None if ctx.request is None else ctx.request.scope.get("user")
    if not isinstance(user, AuthenticatedUser) or user.access_token.subject is None:
        raise MCPError(code=types.INVALID_REQUEST, message="Nobody who is known here is asking.")
    token = user.access_token
    return Person(user_id=str(token.subject), tenant=str((token.claims or {}).get("tenant", "")))


def _page(request: Any) -> str | None:
    """Where the page is that goes with this server: what it is mounted in serves both."""
    return None if request is None else str(request.base_url)
