"""A PostgreSQL whose clock the tests set: then nothing here waits, and every second is exact."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from coach.sandbox import Sandbox
from coach.store import Database
from tests.workers._world import World

# PostgreSQL finds its own functions first, unless the search path says otherwise.
STOPPED = """
CREATE SCHEMA clock;
CREATE TABLE clock.moment (at timestamptz);
INSERT INTO clock.moment VALUES ('2026-12-01 12:00:00Z');
CREATE FUNCTION clock.statement_timestamp() RETURNS timestamptz STABLE LANGUAGE sql
    AS 'SELECT at FROM clock.moment';
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = clock, pg_catalog, public', current_database());
END $$
"""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The time of one database, for all who are connected to it."""

    connection: asyncpg.Connection

    async def goes_on(self, seconds: float) -> None:
        await self.connection.execute(f"UPDATE clock.moment SET at = at + interval '{seconds} seconds'")


@pytest.fixture
def dialect() -> str:
    return "postgres"


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Its pictures take the seconds that a test says."""
    with Sandbox(quick=True, delay=getattr(request, "param", 0.0)) as running:
        yield running


@pytest.fixture
def world(database_url: str, sandbox: Sandbox, tmp_path: Path) -> World:
    return World(database=database_url, service=sandbox.base_url, folder=tmp_path, extra={"previews": 2})


@pytest.fixture
async def clock(database_url: str) -> AsyncIterator[Clock]:
    connection = await asyncpg.connect(database_url)
    await connection.execute(STOPPED)
    yield Clock(connection=connection)
    await connection.close()


@pytest.fixture
async def database(database_url: str, clock: Clock) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that are taken for dead soon, and look at no face."""
    for name, seconds in {"worker.BEAT": 0.2, "worker.DEAD": 1.5, "worker._POLL": 0.2}.items():
        monkeypatch.setattr(f"coach.workers.{name}", seconds)
    for name in ("making._NOT_YET", "making._PAUSE", "queue.LOOK_AGAIN"):
        monkeypatch.setattr(f"coach.workers.{name}", 0.1)
    monkeypatch.setattr("coach.runtime.face_model", lambda: None)
