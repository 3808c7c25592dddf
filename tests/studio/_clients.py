"""The SDK's client over each network transport that somebody may give us."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx2
from openai import AsyncOpenAI, DefaultAioHttpClient, DefaultAsyncHttpxClient

from coach.studio.engines._transport import PictureTransport

CLIENTS: dict[str, Callable[[], httpx2.AsyncClient]] = {
    "ours": lambda: DefaultAsyncHttpxClient(transport=PictureTransport()),
    "httpx2": DefaultAsyncHttpxClient,
    "the SDK's aiohttp": DefaultAioHttpClient,
}


@asynccontextmanager
async def client_for(kind: str, base_url: str) -> AsyncIterator[AsyncOpenAI]:
    """The SDK's client with its own retries and redirects left on."""
    async with AsyncOpenAI(api_key="a-key", base_url=base_url, http_client=CLIENTS[kind]()) as client:
        yield client
