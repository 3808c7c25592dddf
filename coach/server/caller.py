"""Who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPBearer

from coach.server.problems import Forbidden, Unauthorized
from coach.server.running import Running, running
from coach.store.credentials import Credential

SESSION_COOKIE = "sessionid"
"""The session's cookie over plain HTTP, as the seeds' front ends send it."""

SECURE_SESSION_COOKIE = f"__Host-{SESSION_COOKIE}"
"""Over HTTPS: browsers then take it from nobody but this host (RFC 6265bis, 4.1.3.2)."""

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
    here: Annotated[Running, Depends(running)],
    bearer: Annotated[object, Depends(_BEARER)],
    session: Annotated[object, Depends(_SESSION)],
) -> Caller | None:
    """Who is asking, by their key or their session. A host's own dependency takes its place."""
    credentials = here.credentials
    if (token := _bearer(request)) is not None:
        found = await credentials.find(token, "key")
        return None if found is None else _caller(found, "bearer")
    if (secret := request.cookies.get(session_cookie(request))) is not None:
        found = await credentials.find(secret, "session")
        return None if found is None else _caller(found, "session")
    return None


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def session_cookie(request: Request) -> str:
    """What the session's cookie is called here."""
    return SECURE_SESSION_COOKIE if request.url.scheme == "https" else SESSION_COOKIE


def _caller(credential: Credential, via: Literal["bearer", "session"]) -> Caller:
    return Caller(user_id=credential.user_id, tenant=credential.tenant, operator=credential.operator, via=via)


async def signed_in(found: Annotated[object, Depends(identify)]) -> Caller:
    """Who is asking.

    Raises:
        Unauthorized: Nobody who is known here.
    """
    if isinstance(found, str) and found:
        return Caller(user_id=found)
    if isinstance(found, Caller):
        return found
    raise Unauthorized


async def operating(caller: Annotated[Caller, Depends(signed_in)]) -> Caller:
    """Who is asking, if they may see the books of everybody.

    Raises:
        Forbidden: They may not.
    """
    if not caller.operator:
        raise Forbidden("Only an operator may see this.")
    return caller


SignedIn = Annotated[Caller, Depends(signed_in)]
Operator = Annotated[Caller, Depends(operating)]
