"""A paid request that is handed out once, and what is known when nothing came back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2

from coach.errors import PictureError
from coach.studio.engines._openai_errors import BY_STATUS, request_id_of, retry_after
from coach.studio.faults import fault


class Once:
    """Whether a request can have left.

    That is not told by the kind of an error, which every transport chooses for itself (the OpenAI SDK's for
    aiohttp calls a connection that broke after sending a ``ConnectTimeout``). It is told by the body: nobody
    asks for its first byte before there is a connection to write it to. It is handed out once: a transport
    that tries again by itself gets an error.

    Args:
        check: What to look at when there is no connection, e.g. the names of settings.

    Attributes:
        left: Whether some of the body was asked for. Until then it is certain that nobody received it.
    """

    def __init__(self, check: str) -> None:
        self._check = check
        self.left = False

    def broken(self, error: BaseException) -> PictureError:
        """The error for one that left no answer to read."""
        cause = type(error).__name__
        if not self.left:
            detail = f"No connection ({cause}); check {self._check} and the proxy."
            return fault("not_sent", paid="unpaid", detail=detail)
        return fault("connection_lost", paid="unknown", detail=f"Sent, then the connection broke ({cause}).")

    def _leave(self) -> None:
        if self.left:
            raise RuntimeError("a paid request is handed out once")
        self.left = True

    async def _once(self, data: bytes) -> AsyncIterator[bytes]:
        self._leave()
        yield data


class JsonPost(Once):
    """One paid POST of JSON to a service that has no SDK here."""

    async def send(
        self, client: httpx2.AsyncClient, url: str, headers: Mapping[str, str], body: Mapping[str, Any]
    ) -> httpx2.Response:
        """Send it. The answer's body is left unread; close it.

        Raises:
            PictureError: No answer to read; ``paid`` says what is known.
        """
        data = json.dumps(body).encode()
        sent = {
            **headers,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "Content-Length": str(len(data)),
        }
        # The rest is up to a deadline: a time-out for each read is not one for the whole.
        timeout = httpx2.Timeout(None, connect=10)
        request = client.build_request("POST", url, headers=sent, content=self._once(data), timeout=timeout)
        try:
            response = await client.send(request, stream=True, follow_redirects=False)
        except Exception as exc:
            raise self.broken(exc) from exc
        if response.status_code != 200:
            await response.aclose()
            raise self._refused(response)
        return response

    def _refused(self, response: httpx2.Response) -> PictureError:
        status, known = response.status_code, request_id_of(response.headers)
        if 200 <= status < 400:
            detail = f"HTTP {status}: the service is elsewhere; check {self._check}."
            return fault("service_error", paid="unknown", detail=detail, request_id=known)
        # Payment is asked for before the work (HTTP 402, as x402 does).
        code = "over_quota" if status == 402 else BY_STATUS.get(status)
        return fault(
            code or "service_error",
            paid="unpaid" if code else "unknown",
            detail=f"HTTP {status}.",
            request_id=known,
            retry_after=retry_after(response.headers) if status in (429, 503) else None,
        )
