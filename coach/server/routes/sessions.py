"""Signing in from a browser: a key, or nothing where guests are welcome, becomes a cookie."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Literal, TypedDict

from fastapi import APIRouter, Request, Response, status
from pydantic import BaseModel, ConfigDict, Field

from coach.server.caller import Anybody, session_cookie
from coach.server.problems import Forbidden, KeyUnknown
from coach.server.running import Here, Running
from coach.store.credentials import Credential

router = APIRouter(prefix="/api/v1/sessions", tags=["signing in"])
signing_in = APIRouter(prefix="/api/v1/sessions", tags=["signing in"])
"""What there is only where no host says who is asking."""

GUEST = "guest"
"""What a guest's session is labelled, and how their id begins."""

_NO_GUESTS = "Nobody may come in without a key here. Ask whoever runs this for one."


class _Kept(TypedDict):
    secure: bool
    httponly: bool
    samesite: Literal["lax"]


class SignIn(BaseModel):
    """What somebody signs in with."""

    model_config = ConfigDict(extra="forbid")

    key: str | None = Field(
        None,
        max_length=200,
        description="A key of `coach key new`. Left out: as a guest.",
        examples=["coach_mJ3Zr1kQ0x5v7w9yBdFhKlNpRtUvXzA2C4E6G8I0KMO"],
    )


class SessionOut(BaseModel):
    """A session that was begun, or goes on."""

    user_id: str = Field(examples=["guest-4f1c0a9be2d74e0c8d5b6a7f8e9d0c1b"])
    guest: bool
    expires_at: datetime | None

    @classmethod
    def of(cls, session: Credential) -> SessionOut:
        """What is told of a session."""
        return cls(user_id=session.user_id, guest=session.label == GUEST, expires_at=session.expires_at)


class WhoOut(BaseModel):
    """Who is asking."""

    signed_in: bool
    guests: bool = Field(description="Whether somebody may come in without a key.")
    by_host: bool | None = Field(
        default=None, description="Whether the application around this one says who is asking."
    )
    sandbox: bool | None = Field(default=None, description="Whether pictures are only drawn, for nothing.")
    user_id: str | None = Field(default=None, examples=["ann"])
    operator: bool | None = None


# Nobody has to be signed in to ask that.
@router.get("/", response_model_exclude_none=True, openapi_extra={"security": [{}]})
async def who(request: Request, caller: Anybody, here: Here) -> WhoOut:
    """Whether you are signed in, and as whom."""
    said = WhoOut(
        signed_in=caller is not None,
        guests=here.server.guests,
        by_host=request.app.state.host_knows or None,
        sandbox=here.server.says_sandbox or None,
    )
    if caller is None:
        return said
    return said.model_copy(update={"user_id": caller.user_id, "operator": caller.operator})


@signing_in.post("/")
async def sign_in(body: SignIn, request: Request, response: Response, here: Here) -> SessionOut:
    """Sign in with a key, or come in as a guest. Sets the session's cookie."""
    if body.key is not None:
        secret, session = await _by_key(body.key, request, here)
    elif (known := await _session(request, here)) is not None:
        return SessionOut.of(known)
    else:
        secret, session = await _as_guest(request, here)
    response.set_cookie(
        session_cookie(request), secret, expires=session.expires_at, **_kept_by_browsers(request)
    )
    return SessionOut.of(session)


@signing_in.delete("/", status_code=status.HTTP_204_NO_CONTENT)
async def sign_out(request: Request, response: Response, here: Here) -> None:
    """Sign out. The cookie works no more, wherever it is."""
    if (session := await _session(request, here)) is not None:
        await here.credentials.revoke(session.user_id, session.id)
    response.delete_cookie(session_cookie(request), **_kept_by_browsers(request))


def _kept_by_browsers(request: Request) -> _Kept:
    """How a browser keeps the cookie: from scripts, and from what other sites send with theirs."""
    return {"secure": request.url.scheme == "https", "httponly": True, "samesite": "lax"}


async def _session(request: Request, here: Running) -> Credential | None:
    secret = request.cookies.get(session_cookie(request), "")
    return await here.credentials.find(secret, "session")


async def _by_key(key: str, request: Request, here: Running) -> tuple[str, Credential]:
    await here.rates.sign_in(request)
    known = await here.credentials.find(key, "key")
    if known is None:
        raise KeyUnknown("This key is not known here, was revoked, or has ended.")
    days = timedelta(days=here.server.session_days)
    # A session does not outlive its key.
    lasts = days if known.expires_at is None else min(days, known.expires_at - datetime.now(UTC))
    return await here.credentials.issue(
        known.user_id, "session", tenant=known.tenant, operator=known.operator, lasts=lasts
    )


async def _as_guest(request: Request, here: Running) -> tuple[str, Credential]:
    if not here.server.guests:
        raise Forbidden(_NO_GUESTS)
    await here.rates.guest(request)
    user_id = f"{GUEST}-{secrets.token_hex(16)}"
    lasts = timedelta(days=here.server.session_days)
    return await here.credentials.issue(user_id, "session", label=GUEST, lasts=lasts)
