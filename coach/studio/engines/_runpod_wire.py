"""RunPod over HTTP: one paid post, and questions that cost nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from coach.errors import PictureError
from coach.studio.engines._jobs import HUNG, Arriving
from coach.studio.engines._once import JsonPost
from coach.studio.engines._openai_errors import BY_STATUS, retry_after
from coach.studio.engines._transport import PictureTransport
from coach.studio.faults import fault

_CHECK = "RUNPOD_BASE_URL, RUNPOD_API_KEY and the endpoint's id"


class RunPost(JsonPost):
    """The post of a job."""

    def __init__(self) -> None:
        super().__init__(_CHECK)

    def _refused(self, response: httpx2.Response) -> PictureError:
        if response.status_code != 404:
            return super()._refused(response)
        detail = f"HTTP 404: there is no such endpoint; check {_CHECK}."
        return fault("model_not_found", paid="unpaid", detail=detail)


class Wire:
    """The service, at its address, with our key. It belongs to no event loop, and there is nothing to close.

    Args:
        trust_env: Whether the environment may name a proxy.
    """

    def __init__(self, url: str, key: str, *, trust_env: bool) -> None:
        self._url, self._headers = url.rstrip("/"), {"Authorization": f"Bearer {key}"}
        self._client = httpx2.AsyncClient(transport=PictureTransport(trust_env=trust_env), trust_env=False)

    async def run(self, post: RunPost, endpoint: str, body: Mapping[str, Any]) -> Arriving:
        """Post a job.

        Raises:
            PictureError: No answer to read; ``paid`` says what is known.
        """
        response = await post.send(self._client, f"{self._url}/{endpoint}/run", self._headers, body)
        return Arriving(response, response.aclose)

    async def ask(self, method: str, path: str) -> Arriving | None:
        """What the service says, for nothing; ``None``: there is no such thing.

        Raises:
            PictureError: It says nothing, or no.
        """
        headers = {**self._headers, "Accept": "application/json", "Accept-Encoding": "identity"}
        timeout = httpx2.Timeout(HUNG, connect=10)
        try:
            request = self._client.build_request(method, self._url + path, headers=headers, timeout=timeout)
            response = await self._client.send(request, stream=True, follow_redirects=False)
        except (httpx2.HTTPError, OSError) as exc:
            detail = f"Not asked ({type(exc).__name__}); check {_CHECK}."
            raise fault("connection_lost", paid="unknown", detail=detail) from None
        if response.status_code == 200:
            return Arriving(response, response.aclose)
        await response.aclose()
        if response.status_code == 404:
            return None
        raise fault(
            BY_STATUS.get(response.status_code, "service_error"),
            paid="unknown",
            detail=f"HTTP {response.status_code}; check {_CHECK}.",
            retry_after=retry_after(response.headers),
        )

    @asynccontextmanager
    async def opened(self, method: str, path: str) -> AsyncIterator[Arriving | None]:
        """The same, closed again at the end, and soon."""
        answer: Arriving | None = None
        try:
            async with asyncio.timeout(HUNG):
                answer = await self.ask(method, path)
                yield answer
        except TimeoutError:
            raise fault("connection_lost", paid="unknown", detail="It says nothing.") from None
        finally:
            if answer is not None:
                await answer.close()
