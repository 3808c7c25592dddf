"""No other site's page changes anything here with a person's cookie."""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from coach.server.problems import problem

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SAY = "This request came from another site's page. Do it on the page itself, or send a bearer token."


class CrossSite:
    """Refuses what a browser sends here from another site's page.

    By what browsers say themselves, as Go's ``net/http.CrossOriginProtection`` does (Filippo Valsorda,
    "Cross-Site Request Forgery", 2025): ``Sec-Fetch-Site``, or of older ones ``Origin`` beside ``Host``. A
    request with neither is from no browser. A bearer token no browser adds by itself.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or let through."""
        if scope["type"] == "http" and _is_cross_site(scope["method"], Headers(scope=scope)):
            await problem(403, "cross_site", _SAY)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_cross_site(method: str, headers: Headers) -> bool:
    if method in _SAFE or headers.get("authorization", "").lower().startswith("bearer "):
        return False
    if site := headers.get("sec-fetch-site"):
        return site not in ("same-origin", "none")
    return has_other_origin(headers)


def has_other_origin(headers: Headers, allowed: Collection[str] = ()) -> bool:
    """Whether a browser sends this from a page that is neither ours nor one of those allowed."""
    if (origin := headers.get("origin")) is None or origin in allowed:
        return False
    return origin.partition("://")[2].lower() != headers.get("host", "").lower()
