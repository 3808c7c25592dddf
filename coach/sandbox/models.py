"""``/v1/models``: the picture models of the day, and the scripted coach."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from coach.sandbox import errors
from coach.sandbox.rules import models
from coach.sandbox.state import received, service

CHAT_MODEL = "sandbox-coach"
"""The chat model that is listed; any name that is not a picture model's is answered by the same script."""

_CHAT_RELEASED = date(2026, 11, 20)


async def list_models(request: Request) -> Response:
    """Every model there is today."""
    return JSONResponse({"object": "list", "data": list(_there(service(request).today()).values())})


async def get_model(request: Request) -> Response:
    """One model."""
    name = request.path_params["model"]
    received(request).model = name
    found = _there(service(request).today()).get(name)
    if found is None:
        raise errors.no_model(name)
    return JSONResponse(found)


def _there(today: date) -> dict[str, dict[str, Any]]:
    pictures = {
        name: _model(name, rules.released, rules.shutdown)
        for name, rules in models().items()
        if rules.shutdown is None or today < rules.shutdown
    }
    return pictures | {CHAT_MODEL: _model(CHAT_MODEL, _CHAT_RELEASED, None)}


def _model(name: str, released: date, shutdown: date | None) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": int(datetime.combine(released, time(), UTC).timestamp()),
        "owned_by": "sandbox" if name == CHAT_MODEL else "openai",
        "shutdown_date": shutdown and shutdown.isoformat(),
    }
