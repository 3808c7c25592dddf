"""A wanted picture as plain data, from the process that was asked to the worker that makes it, and back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from coach import errors
from coach.context import Context
from coach.errors import CoachError, InputRefused, NotFound, PhotoRefused, PictureError
from coach.events import Event, Preview, Progress
from coach.store.orders import OrderRow
from coach.studio._make import Wanted
from coach.studio.faults import fault
from coach.studio.ledger import Generation
from coach.studio.queue import Asked
from coach.studio.request import PictureRequest
from coach.terms import Terms

FORM = 1
"""The form of what is written here. A worker leaves a newer one to newer workers."""

UNFORESEEN: dict[str, Any] = {"error": ""}
"""The outcome where a worker failed in a way that nobody foresaw."""

_CONTEXT = ("tenant", "conversation_id", "turn_id", "call_id", "phase", "hears")
_PICTURE = ("code", "paid", "detail", "request_id", "retry_after")
_FAILED = "The worker failed on this picture; its log says why (order {})."


def body_of(asked: Asked) -> dict[str, Any]:
    """What a worker has to know. The person and the key are columns of the row."""
    wanted, ctx = asked.wanted, asked.wanted.ctx
    return {
        "form": FORM,
        "request": wanted.request.model_dump(mode="json", exclude_unset=True),
        "identity_id": wanted.identity_id,
        "parent_id": wanted.parent_id,
        "wish": wanted.wish,
        "model": wanted.model,
        "context": {name: getattr(ctx, name) for name in _CONTEXT},
        "agreed": None if ctx.agreed is None else ctx.agreed.plain(),
        "told": None if asked.told is None else asked.told.id,
        "twice": asked.twice,
    }


def asked_of(order: OrderRow, told: Generation | None, emit: Callable[[Event], Awaitable[None]]) -> Asked:
    """What is wanted, from a row.

    Args:
        told: The generation that ``told`` names.
        emit: Where news goes.
    """
    body: Mapping[str, Any] = order.body
    agreed = body["agreed"]
    ctx = Context(
        user_id=order.user_id,
        emit=emit,
        agreed=None if agreed is None else Terms.of(agreed),
        **{name: body["context"][name] for name in _CONTEXT},
    )
    wanted = Wanted(
        ctx=ctx,
        request=PictureRequest.model_validate(body["request"]),
        identity_id=body["identity_id"],
        parent_id=body["parent_id"],
        key=order.key,
        wish=body["wish"],
        model=body["model"],
        sent=asyncio.Event(),
        gone=asyncio.Event(),
        orphan=order.taken > 1,
    )
    return Asked(wanted=wanted, told=told, twice=body["twice"], batch=order.batch)


def news_of(event: Event) -> tuple[str, dict[str, Any]] | None:
    """What is told of an event on the way to whoever waits."""
    if isinstance(event, Progress):
        return "progress", {"text": event.text, "done": event.done, "of": event.of}
    if isinstance(event, Preview):
        return "preview", {"blob": event.blob, "index": event.index}
    return None


def since_of(order: OrderRow) -> datetime:
    """Since when the person was here as it was asked for."""
    return datetime.fromisoformat(order.body["since"])


def outcome_of(error: Exception) -> dict[str, Any]:
    """An error, to be raised again elsewhere; of one that is not ours nothing is told."""
    if isinstance(error, PictureError):
        return {"error": "PictureError", **{name: getattr(error, name) for name in _PICTURE}}
    if isinstance(error, NotFound):
        return {"error": "NotFound", "kind": error.kind, "ref": error.ref}
    if isinstance(error, InputRefused):
        return {"error": "InputRefused", "say": str(error), "field": error.field, "allowed": error.allowed}
    if isinstance(error, PhotoRefused):
        return {"error": "PhotoRefused", "say": str(error), "code": error.code, "field": error.field}
    if isinstance(error, CoachError) and type(error).__init__ is Exception.__init__:
        return {"error": type(error).__name__, "say": str(error)}
    return UNFORESEEN


def error_of(order: OrderRow) -> CoachError:
    """The error that an outcome stands for."""
    told = dict(order.outcome or {})
    kind = told.pop("error", "")
    if kind == "PictureError":
        return fault(told.pop("code"), **told)
    if kind == "NotFound":
        return NotFound(told["kind"], told["ref"])
    if kind == "InputRefused":
        return InputRefused(told["say"], field=told["field"], allowed=told["allowed"])
    if kind == "PhotoRefused":
        return PhotoRefused(told["code"], told["say"], field=told["field"])
    known = getattr(errors, kind, None) if kind else None
    if isinstance(known, type) and issubclass(known, CoachError):
        return known(told["say"])
    return CoachError(_FAILED.format(order.id))
