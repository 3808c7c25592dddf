"""The coach over MCP, for the person whose token a client has; a browser's session is none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from starlette.types import Receive, Scope, Send

from coach.server.caller import Anybody, Caller
from coach.server.cross_site import has_other_origin
from coach.server.problems import WHO, Forbidden, problem
from coach.server.running import Here, Running

if TYPE_CHECKING:
    from coach.adapters.mcp import OverHttp

router = APIRouter(include_in_schema=False)

METADATA = "/.well-known/oauth-protected-resource"
"""Where a protected resource says who gives tokens for it (RFC 9728, 3.1)."""


@router.api_route("/mcp", methods=["GET", "POST", "DELETE"], name="mcp")
async def mcp(request: Request, here: Here, caller: Anybody) -> Response:
    """Answer a client: with a stream, or with one answer."""
    if here.mcp is None:
        return problem(404, "not_found", "MCP needs the extra `mcp`: pip install 'coach[mcp]'.")
    if caller is None or caller.via == "session":
        return _who_is_asking(request)
    if has_other_origin(request.headers, here.server.cors_origins):
        raise Forbidden("This request came from another site's page.")
    await here.rates.request(caller.user_id)
    if here.mcp.begins_session(request.headers):
        await here.rates.session(caller.user_id)
    return _Handed(here, here.mcp, caller)


@router.get(METADATA)
@router.get(f"{METADATA}/mcp", name="mcp_metadata")
async def metadata(request: Request, here: Here) -> dict[str, Any]:
    """Who gives tokens for this server, where somebody does beside `coach key new`."""
    issuer = here.server.jwt_issuer or ""
    told: dict[str, Any] = {
        "resource": _resource(request, here),
        "resource_name": here.coach.name,
        "bearer_methods_supported": ["header"],
    }
    return told | ({"authorization_servers": [issuer]} if _is_address(issuer) else {})


def _resource(request: Request, here: Running) -> str:
    """What a token must be for: the audience that is set, if it is an address."""
    audience = here.server.jwt_audience or ""
    return audience if _is_address(audience) else str(request.url_for("mcp"))


def _is_address(name: str) -> bool:
    return name.startswith(("https://", "http://"))


def _who_is_asking(request: Request) -> Response:
    """Tell a client where to find out how to get a token (RFC 9728, 5.1)."""
    answer = problem(401, "not_signed_in", WHO)
    wrong = 'error="invalid_token", ' if "authorization" in request.headers else ""
    where = request.url_for("mcp_metadata")
    answer.headers["WWW-Authenticate"] = f'Bearer {wrong}resource_metadata="{where}"'
    return answer


class _Handed(Response):
    """What the MCP server answers, as a route's answer."""

    def __init__(self, here: Running, mcp: OverHttp, caller: Caller) -> None:
        super().__init__()
        self._here, self._mcp, self._caller = here, mcp, caller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it answer. A stream without an end is let go when this process stops."""
        from coach.adapters.mcp import Person

        person = Person(user_id=self._caller.user_id, tenant=self._caller.tenant)
        endless = scope["method"] == "GET" or (b"mcp-method", b"subscriptions/listen") in scope["headers"]
        if not endless:
            await self._mcp.handle(person, scope, receive, send)
            return
        with self._here.rates.stream(person.user_id):
            task = asyncio.create_task(self._mcp.handle(person, scope, receive, send))
            stops = asyncio.create_task(self._here.live.stops.wait())
            try:
                await asyncio.wait([task, stops], return_when=asyncio.FIRST_COMPLETED)
                if task.done():
                    await task  # what it raised is seen
            finally:
                stops.cancel()
                task.cancel()
                await asyncio.wait([task])
