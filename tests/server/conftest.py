"""A running server for each test, on both databases."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from coach.sandbox import Sandbox
from tests.server._serve import Served, an_app, serving, settings_for


@pytest.fixture(scope="session")
def quick_sandbox() -> Iterator[Sandbox]:
    """A sandbox whose pictures are only labelled."""
    with Sandbox(quick=True) as sandbox:
        yield sandbox


@pytest.fixture
async def served(quick_sandbox: Sandbox, database_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    """The reference coach, served."""
    async with serving(an_app(settings_for(quick_sandbox, tmp_path, database_url))) as running:
        yield running


@pytest.fixture
async def small(quick_sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Served]:
    """The same for what neither the database nor a face has a part in; guests are welcome."""
    settings = settings_for(quick_sandbox, tmp_path)
    async with serving(an_app(settings, server={"guests": True}, faces=None)) as running:
        yield running
