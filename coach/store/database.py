"""One database per process: SQLite in a file, or PostgreSQL. Connections are for reading or for writing."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from functools import cache
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any

from sqlalchemy import URL, Connection, Dialect, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from coach._durable import code_of
from coach.errors import SettingsError, StoreUnavailable
from coach.store.types import write_json

BUSY_SECONDS = 30.0
"""How long SQLite waits for another process that is writing."""

_STILL_THERE = 5.0
_RESTED = 1.0

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}

# Of SQLite's result codes those that say nothing of the database, but that a statement is wrong: ERROR,
# TOOBIG, CONSTRAINT, MISMATCH, MISUSE and RANGE (sqlite.org, "Result and Error Codes").
_STATEMENT_CODES = frozenset({1, 18, 19, 20, 21, 25})
# PostgreSQL's classes of errors of the server and of the connection (its manual, "PostgreSQL Error Codes"):
# connection, authorization, catalog name, resources, operator, system.
_SERVER_CLASSES = frozenset({"08", "28", "3D", "53", "57", "58"})


class Database:
    """An engine, and the two ways to use it.

    Args:
        url: ``sqlite:///path`` or ``postgresql://user:password@host/name``; the asynchronous drivers' own
            spellings (``sqlite+aiosqlite``, ``postgresql+asyncpg``) are the same.
        read_only: SQLite: the file must be there and nothing is written, not even beside it.

    Raises:
        SettingsError: The address is of another kind, SQLite is given no file, the file cannot be made, or a
            driver is missing.
    """

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        address = read_url(url)
        options: dict[str, Any] = {"json_serializer": write_json}
        is_file = address.get_backend_name() == "sqlite"
        if is_file and read_only:
            address = _only_reading(address)
        elif is_file:
            # Its DEBUG log holds what is written: people's words.
            logging.getLogger("aiosqlite").setLevel(logging.INFO)
            _make_private_file(address)
            options["connect_args"] = {"timeout": BUSY_SECONDS}
        try:
            # Parameters are personal text: they stay out of error messages and logs.
            self._engine = create_async_engine(address, hide_parameters=True, **options)
        except ModuleNotFoundError:
            raise SettingsError(
                "PostgreSQL needs its driver asyncpg: the extra `postgres`, or `pip install asyncpg`."
            ) from None
        self.dialect = self._engine.dialect.name
        self._writer = self._engine.execution_options(writes=True)
        # SQLite lets one connection write at a time. Waiting here costs no thread and keeps the order.
        self._turn = asyncio.Lock() if self.dialect == "sqlite" else None
        if is_file:
            event.listen(self._engine.sync_engine, "connect", _stop_once, insert=True)
        else:
            event.listen(self._engine.sync_engine, "checkin", _rest)
            event.listen(self._engine.sync_engine, "checkout", _ping_rested(self._engine.dialect))
        if is_file and not read_only:
            event.listen(self._engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self._engine.sync_engine, "begin", _begin_sqlite)
            event.listen(self._engine.sync_engine, "invalidate", _end_sqlite)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees one moment of the database on SQLite, committed rows on PostgreSQL.

        Raises:
            StoreUnavailable: The database cannot be reached or used.
        """
        async with _using(self._engine.connect()) as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end, rolled back at once when it is cancelled or left by an error.

        Raises:
            StoreUnavailable: The database cannot be reached or used.
        """
        async with self._turn or nullcontext(), _using(self._writer.begin()) as connection:
            yield connection

    @asynccontextmanager
    async def outside(self) -> AsyncIterator[AsyncConnection]:
        """A connection outside of any transaction, for what no transaction may hold: ``VACUUM`` and its like.

        Raises:
            StoreUnavailable: The database cannot be reached or used.
        """
        # SQLite's driver begins nothing by itself here, and would afterwards if it were told to now.
        level = {} if self.dialect == "sqlite" else {"isolation_level": "AUTOCOMMIT"}
        engine = self._engine.execution_options(outside=True, **level)
        async with self._turn or nullcontext(), _using(engine.connect()) as connection:
            yield connection

    async def listen(self, channel: str, heard: Callable[[str], None], began: Callable[[], None]) -> None:
        """Hear what is announced in a channel of PostgreSQL, until the connection ends or this is cancelled.

        Args:
            heard: Is given what went along, each time.
            began: Is called once it listens.

        Raises:
            StoreUnavailable: The database cannot be reached.
        """
        async with _using(self._engine.connect()) as connection:
            raw = (await connection.get_raw_connection()).driver_connection
            assert raw is not None
            try:
                await raw.add_listener(channel, lambda *call: heard(call[-1]))
                began()
                # A connection that is gone without a word is noticed by asking.
                while True:
                    await asyncio.sleep(_STILL_THERE)
                    await asyncio.wait_for(raw.execute("SELECT 1"), _STILL_THERE)
            finally:
                await connection.invalidate()

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
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise SettingsError(
            f"The database's file cannot be made ({code_of(error)}); "
            "choose a folder that can be written, with COACH_HOME or in the database's address."
        ) from error


def _only_reading(address: URL) -> URL:
    """The address by which SQLite changes nothing.

    Without a log beside it the file is the whole database, and is read as one that never changes: otherwise
    SQLite would make the log to look whether it has anything in it.
    """
    path = Path(address.database or "").absolute()
    way = {"mode": "ro"} if path.with_name(f"{path.name}-wal").exists() else {"immutable": "1"}
    return address.set(database=path.as_uri()).update_query_dict({"uri": "true", **way})


def _rest(connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["rests"] = monotonic()


def _ping_rested(dialect: Dialect) -> Callable[[Any, ConnectionPoolEntry, Any], None]:
    """Looks at a connection that was not used for a while before somebody relies on it.

    SQLAlchemy's ``pool_pre_ping`` does so each time, which costs as much as a short transaction itself.
    """

    def ping(connection: Any, record: ConnectionPoolEntry, proxy: Any) -> None:
        if monotonic() - record.info.get("rests", inf) < _RESTED:
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error:
            raise DisconnectionError from None  # the pool takes another

    return ping


def _stop_once(connection: Any, record: object) -> None:
    # Cancelled a second time while it closes a connection, SQLAlchemy tells the driver to stop; the closing
    # that it began tells it so again. The driver's thread answers once: the closing would wait for ever, and
    # asyncio complain of it ("Task was destroyed but it is pending").
    driver = connection.driver_connection
    driver.stop = cache(driver.stop)


def _prepare_sqlite(connection: Any, record: object) -> None:
    # The driver must not begin transactions by itself: `_begin_sqlite` says which kind.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # A commit survives a power cut: the ledger must know what it sent before it is sent.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # What is deleted or replaced is overwritten with zeros: people's words stay in no free page.
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail at once when another has written
    # meanwhile; IMMEDIATE waits in line from the start.
    options = connection.get_execution_options()
    if options.get("outside", False):
        return
    begin = "BEGIN IMMEDIATE" if options.get("writes", False) else "BEGIN"
    # Straight to the driver: one way to its thread and back, where a statement of SQLAlchemy takes three.
    connection.connection.run_async(lambda driver: driver.execute_fetchall(begin))


def _end_sqlite(connection: Any, record: object, error: BaseException | None) -> None:
    # SQLAlchemy gives up the connection of a cancelled statement. Closing it does not end its transaction
    # while a statement that returns rows was not read to the end: the file would stay locked until the
    # garbage collector comes to that statement.
    connection.run_async(_roll_back)


async def _roll_back(driver: Any) -> None:
    # A second cancelling neither stops it nor goes on from here: the first is on its way already, and the
    # connection is still to be closed. ValueError: the driver says that it was closed before.
    with suppress(asyncio.CancelledError, sqlite3.Error, ValueError):
        await asyncio.shield(driver.rollback())


@asynccontextmanager
async def _using(opening: AbstractAsyncContextManager[AsyncConnection]) -> AsyncIterator[AsyncConnection]:
    """A connection whose own trouble is ``StoreUnavailable``; a wrong statement stays the error it is."""
    opened = False
    try:
        async with opening as connection:
            opened = True
            yield connection
    except DBAPIError as error:
        # Opening holds no statement of anybody's that could be wrong.
        if opened and not _is_trouble(error):
            raise
        raise _unavailable(type(error).__name__) from error
    except sqlite3.Error as error:  # of the BEGIN, which no statement of SQLAlchemy's wraps
        raise _unavailable(type(error).__name__) from error
    except PoolTimeout as error:
        raise _unavailable("every connection is taken") from error
    except OSError as error:
        # Once it is open, this is an error of whoever uses it.
        if opened:
            raise
        raise _unavailable(code_of(error)) from error


def _unavailable(reason: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"The database cannot be used now ({reason}). Look whether it runs and has room, then try again."
    )


def _is_trouble(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    if (code := getattr(error.orig, "sqlite_errorcode", None)) is not None:
        # The lower eight bits; the others say more exactly what it was.
        return code & 0xFF not in _STATEMENT_CODES
    return (getattr(error.orig, "sqlstate", None) or "")[:2] in _SERVER_CLASSES
