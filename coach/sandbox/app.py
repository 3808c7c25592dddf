"""The sandbox's routes, and what happens to every request on its way."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from uuid import uuid4

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from coach.sandbox import errors, flowise, memeputer, runpod
from coach.sandbox.chat import completions
from coach.sandbox.errors import ApiError
from coach.sandbox.faults import HEADER, Answer, Fault, Raw, Rule, Schedule
from coach.sandbox.images import edits, generations
from coach.sandbox.log import Received
from coach.sandbox.models import get_model, list_models
from coach.sandbox.responses import Backgrounds, create, forget, retrieve
from coach.sandbox.state import Refused, Service, service

BAD_KEY = "bad-key"
"""The one key that is refused."""
GONE = 499
"""The status in the log of a request whose client left before it was read; nginx has it so."""

Handler = Callable[[Request], Awaitable[Response]]


def create_app(
    *,
    delay: float = 0.0,
    today: date | None = None,
    faults: Sequence[Rule] = (),
    quick: bool = False,
    drift: float = 0.0,
) -> Starlette:
    """The sandbox as an ASGI application.

    Args:
        delay: Seconds a picture takes at least.
        today: The day that decides which models are gone; left out: the real one.
        faults: Which requests are answered wrongly, and how. Most ways need the server of :class:`Sandbox`.
        quick: Pictures are not painted, only labelled: for thousands of requests.
        drift: How much of a stranger comes into a face when a picture drawn here is drawn again, 0 to 1.

    Raises:
        PlanError: A fault names a mode or a route there is not.
    """
    routes = [
        _route("models", "GET", "/v1/models", list_models),
        _route("model", "GET", "/v1/models/{model:path}", get_model),
        _route("generations", "POST", "/v1/images/generations", generations),
        _route("edits", "POST", "/v1/images/edits", edits),
        _route("chat", "POST", "/v1/chat/completions", completions),
        _route("responses", "POST", "/v1/responses", create),
        _route("response", "GET", "/v1/responses/{id}", retrieve),
        _route("forget", "DELETE", "/v1/responses/{id}", forget),
        _route("agent", "POST", "/v1/agents/{agent}/chat", memeputer.chat, key="x-api-key"),
        _route("direct", "POST", "/api/v1/images/generate", memeputer.direct, key="x-api-key"),
        _route("prediction", "POST", "/api/v1/prediction/{flow}", flowise.predict, key=None),
        _route("picture", "GET", "/pictures/{name}.png", memeputer.picture, key=None),
        _route("run", "POST", "/v2/{endpoint}/run", runpod.run),
        _route("status", "GET", "/v2/{endpoint}/status/{id}", runpod.status),
        _route("cancel", "POST", "/v2/{endpoint}/cancel/{id}", runpod.cancel),
        _route("health", "GET", "/v2/{endpoint}/health", runpod.health),
    ]
    schedule = Schedule(faults, routes=[route.name for route in routes])
    app = Starlette(
        routes=[*routes, Route("/sandbox/log", _show_log, methods=["GET"])],
        exception_handlers={HTTPException: _no_such_route, Exception: _broken},
    )
    settings = Service(faults=schedule, delay=delay, quick=quick, drift=drift)
    app.state.service = settings if today is None else replace(settings, today=lambda: today)
    app.state.backgrounds, app.state.made = Backgrounds(), memeputer.Made()
    app.state.endpoints = runpod.Endpoints()
    return app


def _route(
    name: str, method: str, path: str, handler: Handler, *, key: str | None = "authorization"
) -> Route:
    return Route(path, _served(name, handler, key), methods=[method], name=name)


def _served(name: str, handler: Handler, key: str | None) -> Handler:
    """Every request's way: a log entry, the key, its fault, the route, and its error if it is refused."""

    async def serve(request: Request) -> Response:
        began = time.monotonic()
        route = f"{request.method} {request.url.path}"
        entry = Received(route=route, request_id=f"req_{uuid4().hex}")
        request.state.received = entry
        service(request).log.add(entry)
        try:
            response = await _answered(request, entry, name, handler, key)
            entry.status = None if isinstance(response, Raw) else response.status_code
        finally:
            entry.seconds = round(time.monotonic() - began, 3)
        response.headers["x-request-id"] = entry.request_id
        return response

    return serve


async def _answered(
    request: Request, entry: Received, name: str, handler: Handler, key: str | None
) -> Response:
    try:
        if key is not None:
            _check_key(request.headers.get(key, ""), bearer=key == "authorization")
        fault = request.state.fault = service(request).faults.next(name, request.headers.get(HEADER))
        return await (handler(request) if fault is None else _spoilt(request, entry, fault, handler))
    except ApiError as refused:
        entry.error_code, entry.usage, entry.micros = refused.code, None, 0
        return _refusal(refused)
    except ClientDisconnect:
        entry.usage, entry.micros = None, 0
        return Response(status_code=GONE)


async def _spoilt(request: Request, entry: Received, fault: Fault, handler: Handler) -> Response:
    mode, good = fault.mode, Response()
    if mode.strikes != "head":
        with suppress(Refused):
            good = await handler(request)
    answer = Answer(
        mode=mode.name,
        request_id=entry.request_id,
        seconds=fault.seconds,
        streamed=isinstance(good, StreamingResponse),
        pieces=_pieces(good),
    )
    if mode.streamed and not answer.streamed:
        raise answer.out_of_place("a streamed answer")
    response = await mode.spoil(answer)
    if isinstance(response, Raw) and not hasattr(request.state, "wire"):
        raise answer.out_of_place("the server of coach.sandbox.Sandbox")
    entry.fault = mode.name
    if not mode.charged:
        entry.usage, entry.micros = None, 0
    return response


async def _pieces(response: Response) -> AsyncIterator[bytes]:
    if not isinstance(response, StreamingResponse):
        yield bytes(response.body)
        return
    async for piece in response.body_iterator:
        yield piece.encode() if isinstance(piece, str) else bytes(piece)


def _check_key(given: str, *, bearer: bool) -> None:
    scheme, _, key = given.partition(" ") if bearer else ("bearer", "", given)
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
