"""One database per process: SQLite in a file, or PostgreSQL. Connections are for reading or for writing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from coach.errors import SettingsError

BUSY_SECONDS = 30.0
"""How long SQLite waits for another process that is writing."""

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}


class Database:
    """An engine, and the two ways to use it.

    Args:
        url: ``sqlite:///path`` or ``postgresql://user:password@host/name``; the asynchronous drivers' own
            spellings (``sqlite+aiosqlite``, ``postgresql+asyncpg``) are the same.

    Raises:
        SettingsError: The address is of another kind, SQLite is given no file, or a driver is missing.
    """

    def __init__(self, url: str) -> None:
        address = read_url(url)
        options: dict[str, Any] = {}
        if address.get_backend_name() == "sqlite":
            _make_private_file(address)
            options["connect_args"] = {"timeout": BUSY_SECONDS}
        else:
            options["pool_pre_ping"] = True
        try:
            # Parameters are personal text: they stay out of error messages and logs.
            self._engine = create_async_engine(address, hide_parameters=True, **options)
        except ModuleNotFoundError:
            raise SettingsError(
                "PostgreSQL needs its driver; install it with `pip install 'coach[postgres]'`."
            ) from None
        self.dialect = self._engine.dialect.name
        self._writer = self._engine.execution_options(writes=True)
        # SQLite lets one connection write at a time. Waiting here costs no thread and keeps the order.
        self._turn = asyncio.Lock() if self.dialect == "sqlite" else None
        if self.dialect == "sqlite":
            event.listen(self._engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self._engine.sync_engine, "begin", _begin_sqlite)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees one moment of the database on SQLite, committed rows on PostgreSQL."""
        async with self._engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end, rolled back when anything is raised inside."""
        if self._turn is None:
            async with self._writer.begin() as connection:
                yield connection
            return
        async with self._turn, self._writer.begin() as connection:
            yield connection

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


def read_url(url: str) -> URL:
    """The address with the driver we use.

    Raises:
        SettingsError: It is not an address of SQLite or PostgreSQL. The message does not repeat it: there
            may be a password in it.
    """
    try:
        address = make_url(url)
        driver = _DRIVERS[address.get_backend_name()]
    except (ArgumentError, KeyError, ValueError):
        raise SettingsError(
            "The database address is not understood; write sqlite:///path/to/file.db or "
            "postgresql://user:password@host:5432/name."
        ) from None
    address = address.set(drivername=driver)
    if driver.startswith("sqlite"):
        if not address.database or address.database.startswith((":memory:", "file:")):
            raise SettingsError("SQLite needs a file: write sqlite:///path/to/file.db.")
        return address
    # libpq and hosting companies say `sslmode`; asyncpg's name for the same values is `ssl`.
    if "sslmode" in address.query:
        mode = address.query["sslmode"]
        address = address.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return address


def _make_private_file(address: URL) -> None:
    """Make the file before SQLite does, readable by its owner only; ``-wal`` and ``-shm`` follow it."""
    path = Path(address.database or "")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _prepare_sqlite(connection: Any, record: object) -> None:
    # The driver must not begin transactions by itself: `_begin_sqlite` says which kind.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # A commit survives a power cut: the ledger must know what it sent before it is sent.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail at once when another has written
    # meanwhile; IMMEDIATE waits in line from the start.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
