"""Every error of a route as a problem document (RFC 9457): a code, a sentence, and what to do."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from anyio import BrokenResourceError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coach.errors import (
    CoachError,
    Conflict,
    ConsentMissing,
    FetchRefused,
    InputRefused,
    ModelError,
    NotFound,
    PhotoRefused,
    PictureError,
    StoreUnavailable,
)
from coach.flows import SourceFailed

logger = logging.getLogger("coach.server")

MEDIA_TYPE = "application/problem+json"
WHO = "Say who you are: send `Authorization: Bearer <key>`, sign in, or ask the application around this."
"""What a stranger is told."""


class Unauthorized(CoachError):
    """Nobody who is known here is asking."""

    def __init__(self) -> None:
        super().__init__(WHO)


class KeyUnknown(CoachError):
    """Somebody tries to sign in with a key that does not count."""


class Forbidden(CoachError):
    """Whoever is asking may not do this."""


class TooMany(CoachError):
    """This was asked too often. ``retry_after``: seconds after which it may be asked again."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class BodyRefused(HTTPException):
    """What is sent is too long, comes too slowly, or is no form where one is read.

    Only HTTP's own errors get through FastAPI's reading.
    """

    def __init__(self, status: int, code: str, say: str) -> None:
        self.code = code
        super().__init__(status, say)


_STATUS: tuple[tuple[type[CoachError], int, str], ...] = (
    (Unauthorized, 401, "not_signed_in"),
    (KeyUnknown, 401, "key_unknown"),
    (Forbidden, 403, "forbidden"),
    (NotFound, 404, "not_found"),
    (ConsentMissing, 403, "consent_missing"),
    (PhotoRefused, 422, "photo_refused"),
    (FetchRefused, 422, "fetch_refused"),
    (InputRefused, 422, "input_refused"),
    (SourceFailed, 409, "source_failed"),
    (Conflict, 409, "conflict"),
    (TooMany, 429, "too_many"),
    (ModelError, 502, "model_unavailable"),
    (StoreUnavailable, 503, "store_unavailable"),
)
_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 408: {"Connection": "close"}}
_PICTURES: Mapping[str, int] = {
    **dict.fromkeys(("invalid_request", "invalid_image", "moderation_blocked"), 422),
    **dict.fromkeys(("over_budget", "budget_spent"), 402),
    **dict.fromkeys(("in_doubt", "photo_gone"), 409),
    **dict.fromkeys(("busy", "closing", "rate_limited", "service_down"), 503),
    "no_consent": 403,
}
"""The status of a picture that was not made, by its code; of all others 502."""

_MORE = ("field", "allowed", "paid", "request_id", "retry_after")
"""What is told of an error beside its code and its words, where that is known."""

_AGREE = (
    "Show the person the text in GET /api/v1/users/me/, and send their yes to PUT /api/v1/users/me/consent/."
)


class Problem(JSONResponse):
    """An error as an answer."""

    media_type = MEDIA_TYPE

    def also_as(self, name: str) -> None:
        """Have its sentence under another name too."""
        told = json.loads(bytes(self.body))
        self.body = self.render({**told, name: told["detail"]})
        self.headers["Content-Length"] = str(len(self.body))


def problem(status: int, code: str, detail: str, **more: Any) -> Problem:
    """An error as an answer.

    Args:
        code: For programs; it does not change with the words.
        detail: A sentence for whoever reads it.
        more: What else is known; what is ``None`` is left out.
    """
    told = facts(status, code, detail) | {name: value for name, value in more.items() if value is not None}
    headers = dict(_HEADERS.get(status, {}))
    if (seconds := more.get("retry_after")) is not None:
        headers["Retry-After"] = str(max(1, round(seconds)))
    return Problem(told, status_code=status, headers=headers)


def facts(status: int, code: str, detail: str) -> dict[str, Any]:
    """What every problem document says."""
    return {"title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": detail}


def said_of(error: CoachError) -> dict[str, Any]:
    """What is told of an error: its code, a sentence, and what else is known; nothing of it is ``None``."""
    said: dict[str, Any] = {"code": _known(error)[1], "say": str(error)}
    said |= {name: value for name in _MORE if (value := getattr(error, name, None))}
    if isinstance(error, PhotoRefused):
        said["reason"] = error.code
    if isinstance(error, FetchRefused):
        said["reason"] = error.reason
    if said["code"] in ("consent_missing", "no_consent"):
        said["how"] = _AGREE
    return said


def of_error(error: CoachError, /, **more: Any) -> Problem:
    """What a route answers when the library refuses; ``more`` is what it has to tell beside that."""
    said = said_of(error)
    status = _known(error)[0]
    if status == 500:
        return _unforeseen(error)
    return problem(status, said.pop("code"), said.pop("say"), **said, **more)


def _known(error: CoachError) -> tuple[int, str]:
    """The status and the code of an error."""
    if isinstance(error, PictureError):
        return _PICTURES.get(error.code, 502), error.code
    known = ((status, code) for kind, status, code in _STATUS if isinstance(error, kind))
    return next(known, (500, "failed"))


def _unforeseen(error: Exception) -> Problem:
    reference = uuid.uuid4().hex[:8]
    logger.error("a request failed, ref %s", reference, exc_info=error)
    return problem(500, "failed", f"Something went wrong on our side (ref {reference}).")


def _invalid(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """What does not fit, by field. What was sent is not repeated."""
    told = [{"field": _field(each), "message": _message(each)} for each in errors]
    first, allowed = told[0], _kinds(errors[0]) or None
    say = f"{first['field']}: {first['message']}."
    return problem(422, "invalid", say, field=first["field"], allowed=allowed, errors=told)


def _kinds(error: Mapping[str, Any]) -> list[str]:
    """What there is to choose from, where one of several kinds is meant and it was not said which."""
    if not error["type"].startswith("union_tag_"):
        return []
    return [kind.strip("'\" ") for kind in error["ctx"].get("expected_tags", "").split(",") if kind]


def _message(error: Mapping[str, Any]) -> str:
    name = "`{}`".format(error.get("ctx", {}).get("discriminator", "").strip("'"))
    if error["type"] == "union_tag_not_found":
        return f"Say in {name} which kind it is"
    if kinds := _kinds(error):
        return f"{name} can be {', '.join(kinds)}"
    return str(error["msg"])


def _field(error: Mapping[str, Any]) -> str:
    place, *path = (str(part) for part in error["loc"])
    # Where text is no JSON, the path is a number of characters.
    return place if error["type"] == "json_invalid" else ".".join(path) or place


def answer_to(error: Exception) -> Problem:
    """What is answered when a route, or what stands before it, raises this."""
    match error:
        case CoachError():
            return of_error(error)
        case RequestValidationError():
            return _invalid(error.errors())
        case BodyRefused():
            return problem(error.status_code, error.code, error.detail)
        case HTTPException(status_code=status):
            return problem(status, HTTPStatus(status).name.lower(), f"{HTTPStatus(status).phrase}.")
    return _unforeseen(error)


FORESEEN = (CoachError, RequestValidationError, HTTPException)
"""What routes raise, and what stands before them."""


def install(app: FastAPI) -> None:
    """Let an application answer every error so."""

    async def answer(request: Request, error: Exception) -> Problem:
        return answer_to(error)

    for kind in FORESEEN:
        app.add_exception_handler(kind, answer)


class Caught:
    """Answers what nobody foresaw, inside of what every answer gets: headers, a line in the log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer; an answer that was begun cannot be another any more."""
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            if begun and _reader_gone(error):
                return
            if begun or scope["type"] != "http":
                raise
            await _unforeseen(error)(scope, receive, send)


def _reader_gone(error: Exception) -> bool:
    """Whether it only says that nobody reads a stream of events any more.

    FastAPI 0.165 closes the stream towards the reader before it stops what writes into it.
    """
    return isinstance(error, ExceptionGroup) and error.split(BrokenResourceError)[1] is None
