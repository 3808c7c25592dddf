"""Reading what is sent here: so much, and in so much time, counted while it is read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import params
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coach.server.problems import WHO, BodyRefused
from coach.store.intake import MAX_BYTES

MAX_BODY = 1024 * 1024
"""The largest body of most requests, in bytes."""

MAX_UPLOAD = MAX_BYTES + MAX_BODY
"""The largest body of a form with one file: the file, and room for what is beside it."""

BETWEEN = 10.0
"""Seconds until the first piece of a body, and from one to the next."""

IN_ALL = 60.0
"""Seconds for a whole body; :data:`SLOWEST` adds to it."""

SLOWEST = 32 * 1024
"""Bytes a second with which a body may take longer: a phone with a bad connection sends its photo."""

_DECLARED = "x-max-body-bytes"

Knows = Callable[[HTTPConnection], Awaitable[bool]]


def takes(most: int) -> dict[str, Any]:
    """For a route's ``openapi_extra``: its bodies have so many bytes at most.

    Left out: :data:`MAX_UPLOAD` for a form, :data:`MAX_BODY` for anything else.
    """
    return {_DECLARED: most}


class Bodies:
    """Lets routes read a body only within their limits.

    Too long or too slow ends the reading with ``BodyRefused``, wherever it is read. FastAPI reads a body
    before it asks who sends it: from a stranger nothing large is taken.

    Args:
        knows: Whether whoever sends a request is known; ``None``: only the host can tell.
    """

    def __init__(self, app: ASGIApp, knows: Knows | None) -> None:
        self._app, self._knows = app, knows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give the application a body that has limits."""
        if scope["type"] == "http":
            receive = _Reading(scope, receive, self._knows)
        await self._app(scope, receive, send)


class _Reading:
    def __init__(self, scope: Scope, receive: Receive, knows: Knows | None) -> None:
        self._scope, self._receive, self._knows = scope, receive, knows
        self._began = 0.0
        self._most = self._came = 0
        self._ended = False

    async def __call__(self) -> Message:
        if self._ended:
            return await self._receive()
        if not self._began:
            await self._begin()
        try:
            async with asyncio.timeout(self._patience()):
                message = await self._receive()
        except TimeoutError:
            raise BodyRefused(408, "too_slow", "The request came too slowly. Send it again.") from None
        self._came += len(message.get("body", b""))
        self._count(self._came)
        self._ended = not message.get("more_body", False)
        return message

    async def _begin(self) -> None:
        self._began = asyncio.get_running_loop().time()
        self._most = _most(self._scope.get("route"))  # by now it is known which route reads
        self._count(_announced(self._scope))
        is_large = self._most > MAX_BODY
        if is_large and self._knows is not None and not await self._knows(HTTPConnection(self._scope)):
            raise BodyRefused(401, "not_signed_in", WHO)

    def _patience(self) -> float:
        """Seconds until the next piece has to be there."""
        spent = asyncio.get_running_loop().time() - self._began
        return min(BETWEEN, IN_ALL + self._came / SLOWEST - spent)

    def _count(self, size: int) -> None:
        if size > self._most:
            megabytes = self._most / MAX_BODY
            raise BodyRefused(413, "too_large", f"This is larger than {megabytes:g} MB, the most here.")


def _announced(scope: Scope) -> int:
    said = Headers(scope=scope).get("content-length", "")
    return int(said[:20]) if said.isdecimal() else 0


def _most(route: object) -> int:
    declared: int | None = (getattr(route, "openapi_extra", None) or {}).get(_DECLARED)
    if declared is not None:
        return declared
    body = getattr(route, "body_field", None)
    is_form = body is not None and isinstance(body.field_info, params.Form)
    return MAX_UPLOAD if is_form else MAX_BODY
