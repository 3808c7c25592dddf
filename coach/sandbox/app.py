"""The sandbox's routes, and what happens to every request on its way."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import date
from uuid import uuid4

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from coach.sandbox import errors
from coach.sandbox.chat import completions
from coach.sandbox.errors import ApiError
from coach.sandbox.images import edits, generations
from coach.sandbox.log import Received
from coach.sandbox.models import get_model, list_models
from coach.sandbox.state import Service, service

BAD_KEY = "bad-key"
"""The one key that is refused."""

Handler = Callable[[Request], Awaitable[Response]]


def create_app(*, delay: float = 0.0, today: date | None = None) -> Starlette:
    """The sandbox as an ASGI application.

    Args:
        delay: Seconds a picture takes at least.
        today: The day that decides which models are gone; left out: the real one.
    """
    app = Starlette(
        routes=[
            Route("/v1/models", _served(list_models), methods=["GET"]),
            Route("/v1/models/{model:path}", _served(get_model), methods=["GET"]),
            Route("/v1/images/generations", _served(generations), methods=["POST"]),
            Route("/v1/images/edits", _served(edits), methods=["POST"]),
            Route("/v1/chat/completions", _served(completions), methods=["POST"]),
            Route("/sandbox/log", _show_log, methods=["GET"]),
        ],
        exception_handlers={HTTPException: _no_such_route, Exception: _broken},
    )
    app.state.service = Service(delay=delay) if today is None else Service(delay=delay, today=lambda: today)
    return app


def _served(handler: Handler) -> Handler:
    """Every request's way: a log entry, the key, the route, and its error if it is refused."""

    async def serve(request: Request) -> Response:
        began = time.monotonic()
        route = f"{request.method} {request.url.path}"
        entry = Received(route=route, request_id=f"req_{uuid4().hex}")
        request.state.received = entry
        service(request).log.add(entry)
        try:
            _check_key(request)
            response = await handler(request)
        except ApiError as refused:
            entry.error_code, entry.usage, entry.micros = refused.code, None, 0
            response = _refusal(refused)
        entry.status, entry.seconds = response.status_code, round(time.monotonic() - began, 3)
        response.headers["x-request-id"] = entry.request_id
        return response

    return serve


def _check_key(request: Request) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise errors.no_key()
    if key.strip() == BAD_KEY:
        raise errors.bad_key(key.strip())


async def _show_log(request: Request) -> Response:
    return JSONResponse(service(request).log.body())


async def _no_such_route(request: Request, exc: Exception) -> Response:
    status = exc.status_code if isinstance(exc, HTTPException) else 404
    return _refusal(errors.no_route(request.method, request.url.path, status))


async def _broken(request: Request, exc: Exception) -> Response:
    return _refusal(errors.broken())


def _refusal(refused: ApiError) -> Response:
    return JSONResponse(refused.body, status_code=refused.status)
