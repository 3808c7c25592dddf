"""A running sandbox, and the real clients against it."""

from collections.abc import AsyncIterator, Iterator
from datetime import date

import httpx2
import pytest
import pytest_asyncio
from openai import AsyncOpenAI

from coach.sandbox import Sandbox

TODAY = date(2026, 11, 20)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(today=TODAY) as running:
        yield running


@pytest.fixture(scope="session")
def quick() -> Iterator[Sandbox]:
    """A sandbox that does not paint, for the tests of how it misbehaves."""
    with Sandbox(quick=True, today=TODAY) as running:
        yield running


@pytest.fixture(scope="session")
def wire(sandbox: Sandbox) -> Iterator[httpx2.Client]:
    """Plain HTTP, for requests no SDK would send."""
    headers = {"Authorization": f"Bearer {sandbox.api_key}"}
    with httpx2.Client(base_url=sandbox.base_url, headers=headers, timeout=60) as client:
        yield client


@pytest_asyncio.fixture
async def openai(sandbox: Sandbox) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=sandbox.base_url, api_key=sandbox.api_key, max_retries=0) as client:
        yield client
