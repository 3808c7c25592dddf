"""One database per process: SQLite in a file, or PostgreSQL. Connections are for reading or for writing."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from coach._durable import code_of
from coach.errors import SettingsError, StoreUnavailable
from coach.store import _postgres, _sqlite
from coach.store.types import write_json

BUSY_SECONDS = 30.0
"""How long SQLite waits for another process that is writing."""

_STILL_THERE = 5.0

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
        if is_file:
            options["connect_args"] = {"timeout": BUSY_SECONDS, "factory": _sqlite.Connection}
        if is_file and read_only:
            address = _sqlite.only_reading(address)
        elif is_file:
            # Its DEBUG log holds what is written: people's words.
            logging.getLogger("aiosqlite").setLevel(logging.INFO)
            _sqlite.make_private_file(address)
        try:
            # Parameters are personal text: they stay out of error messages and logs.
            self._engine = create_async_engine(address, hide_parameters=True, **options)
        except ModuleNotFoundError:
            raise SettingsError(
                "PostgreSQL needs its driver asyncpg: the extra `postgres`, or `pip install asyncpg`."
            ) from None
        self.dialect = self._engine.dialect.name
        self._writer = self._engine.execution_options(writes=True)
        # What PostgreSQL is asked outside of a transaction has one of its own, without two more ways there.
        direct: dict[str, Any] = {} if is_file else {"isolation_level": "AUTOCOMMIT"}
        self._direct = self._engine.execution_options(**direct)
        # SQLite lets one connection write at a time. Waiting here costs no thread and keeps the order.
        self._turn = asyncio.Lock() if self.dialect == "sqlite" else None
        if is_file:
            _sqlite.prepare(self._engine.sync_engine, read_only=read_only)
        else:
            _postgres.prepare(self._engine.sync_engine)

    @asynccontextmanager
    async def read(self, *, streams: bool = False) -> AsyncIterator[AsyncConnection]:
        """A connection that sees one moment of the database on SQLite, committed rows on PostgreSQL.

        Args:
            streams: Whether rows are fetched bit by bit (``AsyncConnection.stream``).

        Raises:
            StoreUnavailable: The database cannot be reached or used.
        """
        engine = self._engine if streams else self._direct
        async with _using(engine.connect()) as connection:
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
    async def once(self) -> AsyncIterator[AsyncConnection]:
        """A transaction for one statement that writes: on PostgreSQL it is one by itself, and costs less.

        Raises:
            StoreUnavailable: The database cannot be reached or used.
        """
        if self._turn is not None:
            async with self.write() as connection:
                yield connection
        else:
            async with _using(self._direct.connect()) as connection:
                yield connection

    @asynccontextmanager
    async def outside(self) -> AsyncIterator[AsyncConnection]:
        """A connection outside of any transaction, for what no transaction may hold: ``VACUUM`` and its like.

        Raises:
            StoreUnavailable: The database cannot be reached or used.
        """
        # SQLite's driver begins nothing by itself here, and would afterwards if it were told to now.
        engine = self._direct.execution_options(outside=True)
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
