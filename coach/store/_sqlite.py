"""What SQLite needs of an engine: a private file, real transactions, and connections that can be given up."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakSet

from sqlalchemy import URL, Engine, event
from sqlalchemy import Connection as SqlConnection

from coach._durable import code_of
from coach.errors import SettingsError


class Connection(sqlite3.Connection):
    """One that reads nothing any more once it is rolled back.

    A statement that returns rows and was not read to the end holds the file's log, also after a rollback and
    after its connection was closed, until it is closed itself. Of a cancelled one that is the garbage
    collector's business, whenever it comes: before that the log cannot be emptied, and erasing waits for it.
    Until Python 3.10 a rollback reset them (bpo-44092).
    """

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._cursors: WeakSet[sqlite3.Cursor] = WeakSet()

    def cursor(self, *args: Any, **more: Any) -> Any:
        """A new cursor, as ever."""
        cursor = super().cursor(*args, **more)
        self._cursors.add(cursor)
        return cursor

    def rollback(self) -> None:
        """Close what is being read, and roll back."""
        for cursor in list(self._cursors):
            cursor.close()
        super().rollback()


def prepare(engine: Engine, *, read_only: bool) -> None:
    """Let an engine's connections behave."""
    event.listen(engine, "connect", _stop_once, insert=True)
    if not read_only:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        event.listen(engine, "invalidate", _end_sqlite)


def make_private_file(address: URL) -> None:
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


def only_reading(address: URL) -> URL:
    """The address by which SQLite changes nothing.

    Without a log beside it the file is the whole database, and is read as one that never changes: otherwise
    SQLite would make the log to look whether it has anything in it.
    """
    path = Path(address.database or "").absolute()
    way = {"mode": "ro"} if path.with_name(f"{path.name}-wal").exists() else {"immutable": "1"}
    return address.set(database=path.as_uri()).update_query_dict({"uri": "true", **way})


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


def _begin_sqlite(connection: SqlConnection) -> None:
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
    # while something is being read.
    connection.run_async(_roll_back)


async def _roll_back(driver: Any) -> None:
    # A second cancelling neither stops it nor goes on from here: the first is on its way already, and the
    # connection is still to be closed. ValueError: the driver says that it was closed before.
    with suppress(asyncio.CancelledError, sqlite3.Error, ValueError):
        await asyncio.shield(driver.rollback())
