"""One line in the log and one span for each request. What is in a path or a body is in neither."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from opentelemetry import propagate, trace
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coach.server.instruments import STREAMS

logger = logging.getLogger("coach.server.requests")

TELEMETRY: Any = {"tracing": False, "logs": False, "operation_spans": False, "auto_configure": False}
"""Of FastAPI's own telemetry only the metrics: its spans hold paths, and in ours are links to pictures."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_tracer = trace.get_tracer("coach")


class Observed:
    """Writes down each request: method, route, status, time, and how the caller showed who they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, and write down how."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = _Seen(scope, send)
        with _span(scope) as span:
            try:
                await self._app(scope, receive, seen.send)
            finally:
                seen.end(span)


class _Seen:
    """What is seen of one request."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self._began = perf_counter()
        self._status = 0
        self._is_stream = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            kind = dict(message["headers"]).get(b"content-type", b"")
            self._is_stream = kind.startswith(b"text/event-stream")
            if self._is_stream:
                STREAMS.add(1)
        await self._send(message)

    def end(self, span: trace.Span) -> None:
        if self._is_stream:
            STREAMS.add(-1)
        method, route, via = _method(self._scope), _route(self._scope), _via(self._scope)
        milliseconds = (perf_counter() - self._began) * 1000
        logger.info("%s %s %s %.0f ms %s", method, route or "-", self._status or "-", milliseconds, via)
        if not span.is_recording():
            return
        if route:
            span.update_name(f"{method} {route}")
            span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", self._status)
        span.set_attribute("coach.caller", via)
        if self._status >= 500 or not self._status:
            span.set_status(trace.StatusCode.ERROR)


@contextmanager
def _span(scope: Scope) -> Iterator[trace.Span]:
    """The span of a request; where a host has one for it already, none."""
    if trace.get_current_span().is_recording():
        yield trace.INVALID_SPAN
        return
    method = _method(scope)
    with _tracer.start_as_current_span(
        method,
        context=propagate.extract(Headers(scope=scope)),
        kind=trace.SpanKind.SERVER,
        attributes={"http.request.method": method, "url.scheme": scope["scheme"]},
        # What an exception says may be anything.
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        yield span


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "_OTHER"


def _route(scope: Scope) -> str:
    """The route's template; ``""``: none was asked for."""
    return str(getattr(scope.get("route"), "path_format", ""))


def _via(scope: Scope) -> str:
    return str(scope.get("state", {}).get("via", "nobody"))
