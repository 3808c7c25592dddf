"""A bell: who waits for news looks at once, in whichever process of the database the news is written.

PostgreSQL carries it (LISTEN and NOTIFY, its manual); on SQLite it rings in this process alone. A bell says
only "look": what there is to see is in the tables, so a ring that is lost costs time and nothing else.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from coach.store.database import Database

LOOK_AGAIN = 2.0
"""Seconds after which who waits looks even if nothing rang."""

_CHANNEL = "coach"
_PAUSE = 1.0


async def announce(connection: AsyncConnection, topic: str) -> None:
    """Ring everywhere once the transaction is committed.

    Args:
        topic: At most 7,999 bytes (PostgreSQL's limit of what goes along).
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(select(ringing(topic)))


def ringing(topic: str | ColumnElement[str]) -> ColumnElement[Any]:
    """What rings as PostgreSQL gives it, once for each row: to go along with a statement."""
    return func.pg_notify(_CHANNEL, topic)


class Bell:
    """The bells of one process. It listens from the first that is hung up on until it is closed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hung: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._listening: asyncio.Task[None] | None = None

    @contextmanager
    def hang(self, topic: str) -> Iterator[asyncio.Event]:
        """What is set whenever a topic rings; clear it before you look."""
        if self._listening is None and self._database.dialect == "postgresql":
            self._listening = asyncio.create_task(self._listen())
        bell = asyncio.Event()
        self._hung[topic].add(bell)
        try:
            yield bell
        finally:
            self._hung[topic].discard(bell)
            if not self._hung[topic]:
                del self._hung[topic]

    def ring(self, topic: str) -> None:
        """Ring in this process."""
        for bell in self._hung.get(topic, ()):
            bell.set()

    def ring_all(self) -> None:
        """Ring for everybody in this process."""
        for topic in list(self._hung):
            self.ring(topic)

    async def close(self) -> None:
        """Listen no more."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])
            self._listening = None

    async def _listen(self) -> None:
        while True:
            with suppress(Exception):  # the driver's own errors too: whatever it was, listen anew
                await self._database.listen(_CHANNEL, self.ring, self.ring_all)
            # Something may have rung while nobody listened.
            self.ring_all()
            await asyncio.sleep(_PAUSE)
