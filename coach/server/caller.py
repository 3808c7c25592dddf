"""Who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.requests import HTTPConnection

from coach.server.problems import Forbidden, Unauthorized
from coach.server.running import Here, Running
from coach.server.tokens import Claims
from coach.store._rows import somebody
from coach.store.credentials import PREFIX, Credential

SESSION_COOKIE = "sessionid"
"""The session's cookie over plain HTTP, as the seeds' front ends send it."""

SECURE_SESSION_COOKIE = f"__Host-{SESSION_COOKIE}"
"""Over HTTPS: browsers then take it from nobody but this host (RFC 6265bis, 4.1.3.2)."""

FOUND = "coach.caller"
"""Where a request's scope says who is asking, if that was looked up before its body was read."""

_BEARER = HTTPBearer(auto_error=False, description="A key of `coach key new`, or the host's JWT.")
_SESSION = APIKeyCookie(name=SESSION_COOKIE, auto_error=False, description="The page's session.")


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The person in whose name a request is made. Whatever it asks for is looked up among what is theirs.

    Attributes:
        user_id: The person, as the host application knows them; 1 to 200 characters.
        tenant: Whose customer they are, where the host serves several; ``""``: nobody's.
        operator: Whether they may see the books of everybody.
        via: How they showed who they are.
    """

    user_id: str
    tenant: str = ""
    operator: bool = False
    via: Literal["bearer", "session", "host"] = "host"


async def identify(
    request: Request,
    here: Here,
    bearer: Annotated[object, Depends(_BEARER)],
    session: Annotated[object, Depends(_SESSION)],
) -> Caller | None:
    """Who is asking, by their key or their session. A host's own dependency takes its place."""
    found: Caller | None = request.scope.get(FOUND)
    return found or await known(request, here)


async def known(request: HTTPConnection, here: Running) -> Caller | None:
    """Who is asking, by what the headers say; ``None``: nobody who is known here."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _caller(await _by_token(here, token.strip()), "bearer")
    if (secret := request.cookies.get(session_cookie(request))) is not None:
        return _caller(await here.credentials.find(secret, "session"), "session")
    return None


async def _by_token(here: Running, token: str) -> Credential | Claims | None:
    if here.tokens is None or token.startswith(PREFIX):
        return await here.credentials.find(token, "key")
    return here.tokens.read(token)


def session_cookie(request: HTTPConnection) -> str:
    """What the session's cookie is called here."""
    return SECURE_SESSION_COOKIE if request.url.scheme == "https" else SESSION_COOKIE


def _caller(known: Credential | Claims | None, via: Literal["bearer", "session"]) -> Caller | None:
    if known is None:
        return None
    return Caller(user_id=known.user_id, tenant=known.tenant, operator=known.operator, via=via)


async def perhaps(request: Request, found: Annotated[object, Depends(identify)]) -> Caller | None:
    """Who is asking; ``None``: nobody who is known here.

    Raises:
        Unstorable: The host says that it is who has what is left of erased people.
    """
    caller = Caller(user_id=found) if isinstance(found, str) and found else found
    if not isinstance(caller, Caller):
        return None
    somebody(caller.user_id)
    request.state.via = caller.via
    return caller


async def signed_in(here: Here, caller: Annotated[Caller | None, Depends(perhaps)]) -> Caller:
    """Who is asking.

    Raises:
        Unauthorized: Nobody who is known here.
        TooMany: They asked too often.
    """
    if caller is None:
        raise Unauthorized
    await here.rates.request(caller.user_id)
    return caller


async def operating(caller: Annotated[Caller, Security(signed_in, scopes=["operator"])]) -> Caller:
    """Who is asking, if they may see the books of everybody.

    Raises:
        Forbidden: They may not.
    """
    if not caller.operator:
        raise Forbidden("Only an operator may see this.")
    return caller


Anybody = Annotated[Caller | None, Depends(perhaps)]
SignedIn = Annotated[Caller, Depends(signed_in)]
Operator = Annotated[Caller, Depends(operating)]
