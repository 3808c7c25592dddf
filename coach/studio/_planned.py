"""The ledger's first line for a picture, the key it goes under, and what stands for the person."""

from __future__ import annotations

import hashlib
import hmac

from coach.context import Context
from coach.store._rows import new_id, now
from coach.store.nodes import FINAL
from coach.studio.ledger import Generation
from coach.studio.planner import Plan
from coach.studio.request import PictureRequest

_LONGEST_KEY = 200
_SECOND_TRY = "second try of "


def second_try_key(generation_id: str) -> str:
    """The key of the second try of a generation."""
    return _SECOND_TRY + generation_id


def final_key(version_id: str) -> str:
    """The key of the picture that finishes a draft."""
    return FINAL + version_id


def tried_before(key: str) -> str | None:
    """The generation that a key's is the second try of; ``None``: it is no second try."""
    return key.removeprefix(_SECOND_TRY) if key.startswith(_SECOND_TRY) else None


def key_of(ctx: Context, key: str | None) -> str:
    """The key, or one from the call, or outside a call a new one; a long one as its hash."""
    if key is None:
        key = f"{ctx.conversation_id}:{ctx.call_id}" if ctx.call_id else new_id()
    return key if len(key) <= _LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()


def alias_of(user_id: str, secret: bytes) -> str:
    """What the service knows a person as: a keyed hash, 64 hex digits."""
    return hmac.new(secret, user_id.encode(), hashlib.sha256).hexdigest()


def planned(
    ctx: Context,
    plan: Plan,
    *,
    request: PictureRequest,
    wish: str | None,
    engine: str,
    identity_id: str,
    parent_id: str | None,
    key: str,
    attempt: int,
    request_hash: str,
    quote_micros: int | None,
) -> Generation:
    """The line of a picture that is planned and not yet written down."""
    generation_id, moment = new_id(), now()
    return Generation(
        id=generation_id,
        user_id=ctx.user_id,
        key=key,
        attempt=attempt,
        request_hash=request_hash,
        tenant=ctx.tenant,
        conversation_id=ctx.conversation_id,
        turn_id=ctx.turn_id,
        identity_id=identity_id,
        parent_id=parent_id,
        engine=engine,
        model=plan.model,
        operation=plan.operation,
        params=plan.params,
        repairs=plan.repairs,
        prompt=plan.prompt,
        quote_micros=quote_micros,
        spool=generation_id,
        request=request.model_dump(mode="json"),
        wish=wish,
        created_at=moment,
        updated_at=moment,
    )
