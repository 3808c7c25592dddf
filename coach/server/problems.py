"""Every error of a route as a problem document (RFC 9457): a code, a sentence, and what to do."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from coach.errors import (
    CoachError,
    Conflict,
    ConsentMissing,
    InputRefused,
    ModelError,
    NotFound,
    PhotoRefused,
    PictureError,
    StoreUnavailable,
)

logger = logging.getLogger("coach.server")

MEDIA_TYPE = "application/problem+json"


class Unauthorized(CoachError):
    """Nobody who is known here is asking."""

    def __init__(self) -> None:
        super().__init__("Say who you are: send `Authorization: Bearer <key>`, or sign in.")


class Forbidden(CoachError):
    """Whoever is asking may not do this."""


_STATUS: tuple[tuple[type[CoachError], int, str], ...] = (
    (Unauthorized, 401, "not_signed_in"),
    (Forbidden, 403, "forbidden"),
    (NotFound, 404, "not_found"),
    (ConsentMissing, 403, "consent_missing"),
    (PhotoRefused, 422, "photo_refused"),
    (InputRefused, 422, "input_refused"),
    (Conflict, 409, "conflict"),
    (ModelError, 502, "model_unavailable"),
    (StoreUnavailable, 503, "store_unavailable"),
)
_PICTURES: Mapping[str, int] = {"invalid_request": 422, "moderation_blocked": 422, "over_budget": 402}
"""The status of a picture that was not made, by its code; of all others 502."""


class Problem(JSONResponse):
    """An error as an answer."""

    media_type = MEDIA_TYPE


def problem(status: int, code: str, detail: str, **more: Any) -> Problem:
    """An error as an answer.

    Args:
        code: For programs; it does not change with the words.
        detail: A sentence for whoever reads it.
        more: What else is known; what is ``None`` is left out.
    """
    told = {"title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": detail}
    told |= {name: value for name, value in more.items() if value is not None}
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if (seconds := more.get("retry_after")) is not None:
        headers["Retry-After"] = str(max(1, round(seconds)))
    return Problem(told, status_code=status, headers=headers)


def of_error(error: CoachError) -> Problem:
    """What a route answers when the library refuses."""
    if isinstance(error, PictureError):
        status = _PICTURES.get(error.code, 502)
        more = {"paid": error.paid, "request_id": error.request_id, "retry_after": error.retry_after}
        return problem(status, error.code, error.say, **more)
    for kind, status, code in _STATUS:
        if isinstance(error, kind):
            reason = error.code if isinstance(error, PhotoRefused) else None
            return problem(status, code, str(error), reason=reason)
    return _unforeseen(error)


def _unforeseen(error: Exception) -> Problem:
    reference = uuid.uuid4().hex[:8]
    logger.error("a request failed, ref %s", reference, exc_info=error)
    return problem(500, "failed", f"Something went wrong on our side (ref {reference}).")


def _invalid(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """What does not fit, by field. What was sent is not repeated."""
    told = [
        {
            "field": ".".join(str(part) for part in each["loc"][1:]) or str(each["loc"][0]),
            "message": each["msg"],
        }
        for each in errors
    ]
    first = told[0]
    return problem(
        422, "invalid", f"{first['field']}: {first['message']}.", field=first["field"], errors=told
    )


def install(app: FastAPI) -> None:
    """Let an application answer every error so."""

    async def coach_error(request: Request, error: Exception) -> Problem:
        return of_error(error) if isinstance(error, CoachError) else _unforeseen(error)

    async def invalid(request: Request, error: Exception) -> Problem:
        return _invalid(error.errors() if isinstance(error, RequestValidationError) else [])

    async def plain(request: Request, error: Exception) -> Problem:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return problem(status, HTTPStatus(status).name.lower(), f"{HTTPStatus(status).phrase}.")

    async def unforeseen(request: Request, error: Exception) -> Problem:
        return _unforeseen(error)

    app.add_exception_handler(CoachError, coach_error)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, plain)
    app.add_exception_handler(Exception, unforeseen)
