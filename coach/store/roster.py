"""The workers of a database, as they say of themselves. PostgreSQL only; every moment is the server's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import metadata

from sqlalchemy import Interval, delete, literal, select
from sqlalchemy.dialects import postgresql

from coach.store._clock import NOW, seconds
from coach.store._rows import columns, every
from coach.store.database import Database
from coach.store.upstreams import workers

BEAT = 2.0
"""Seconds between a worker's signs of life."""

DEAD = 6.0
"""Seconds without one after which a worker is taken for dead: what it left is done within ten."""

_COLUMNS = workers.c
_GONE = literal(timedelta(hours=1), Interval)
"""So long a dead worker can still be seen."""


@dataclass(frozen=True, kw_only=True)
class WorkerRow:
    """A worker process.

    Attributes:
        services: The picture services it makes pictures with.
        slots: How many it makes at the same time.
        form: The newest form of an order that it reads.
        version: The library's.
        stopping: Whether it takes nothing: it stops, or cannot keep what it would make.
        silent: Seconds since its last sign of life.
    """

    name: str
    services: list[str]
    slots: int
    form: int
    version: str
    stopping: bool
    began_at: datetime
    beat_at: datetime
    silent: float

    @property
    def alive(self) -> bool:
        """Whether it was heard of lately."""
        return self.silent <= DEAD

    @property
    def takes(self) -> bool:
        """Whether it takes orders."""
        return self.alive and not self.stopping


class Roster:
    """Which workers there are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def beat(
        self, name: str, *, services: Sequence[str], slots: int, form: int, stopping: bool
    ) -> None:
        """Say that a worker is alive, and what it does.

        Raises:
            StoreUnavailable: The database cannot be used now.
        """
        said = {"services": [*services], "slots": slots, "form": form, "stopping": stopping}
        said |= {"version": metadata.version("coach"), "beat_at": NOW}
        new = postgresql.insert(workers).values(name=name, began_at=NOW, **said)
        async with self._database.write() as connection:
            await connection.execute(new.on_conflict_do_update(index_elements=["name"], set_=said))

    async def leave(self, name: str) -> None:
        """Say that a worker has ended, and left nothing.

        Raises:
            StoreUnavailable: The database cannot be used now.
        """
        async with self._database.write() as connection:
            await connection.execute(delete(workers).where(_COLUMNS.name == name))

    async def forget(self) -> None:
        """Remove those that are dead for long."""
        async with self._database.write() as connection:
            await connection.execute(delete(workers).where(_COLUMNS.beat_at < NOW - _GONE))

    async def workers(self) -> list[WorkerRow]:
        """All of them, also those that died lately, the oldest first."""
        silent = seconds(NOW - _COLUMNS.beat_at).label("silent")
        listed = select(*columns(workers, WorkerRow), silent).order_by(_COLUMNS.began_at, _COLUMNS.name)
        async with self._database.read() as connection:
            return await every(connection, listed, WorkerRow)
