"""What is cancelled lets go of the file at once, wherever it was."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from coach.store import Database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite:///{tmp_path}/a.db")
    yield opened
    await opened.close()


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A function of SQL's, ``hold()``: who calls it is ``inside`` until it may ``go_on``."""

    inside: threading.Event
    go_on: threading.Event

    async def offer_to(self, connection: AsyncConnection) -> None:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.create_function("hold", 0, self._called)

    def _called(self) -> int:
        self.inside.set()
        return int(self.go_on.wait(10))


@pytest.fixture
def hold() -> Hold:
    return Hold(inside=threading.Event(), go_on=threading.Event())


@pytest.mark.parametrize("times", [1, 2])
async def test_a_write_that_is_cancelled_before_its_rows_are_read_locks_nobody_out(
    database: Database, hold: Hold, tmp_path: Path, times: int
) -> None:
    async def write() -> None:
        async with database.write() as connection:
            await connection.execute(text("CREATE TABLE numbers (number)"))
            await hold.offer_to(connection)
            await connection.execute(text("INSERT INTO numbers VALUES (hold()), (2) RETURNING number"))

    task = asyncio.create_task(write())
    await asyncio.to_thread(hold.inside.wait, 10)
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
    hold.go_on.set()
    # Whoever keeps the error keeps the statement: nothing may depend on when that goes.
    with pytest.raises(asyncio.CancelledError) as caught:
        await task

    other = sqlite3.connect(tmp_path / "a.db", timeout=5, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert other.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    other.close()
    async with asyncio.timeout(10), database.write() as connection:
        await connection.execute(text("CREATE TABLE letters (letter)"))
    assert caught.type is asyncio.CancelledError


async def test_a_read_that_is_cancelled_holds_no_log(database: Database, hold: Hold) -> None:
    async def read() -> None:
        async with database.read() as connection:
            await hold.offer_to(connection)
            await connection.execute(text("SELECT number, hold() FROM numbers"))

    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE numbers (number)"))
        await connection.execute(text("INSERT INTO numbers VALUES (1), (2)"))
    task = asyncio.create_task(read())
    await asyncio.to_thread(hold.inside.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    hold.go_on.set()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task

    async with database.write() as connection:
        await connection.execute(text("INSERT INTO numbers VALUES (3)"))
    async with asyncio.timeout(10), database.outside() as connection:
        await connection.execute(text("PRAGMA busy_timeout = 0"))
        emptied = await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        assert emptied.one()[0] == 0  # not busy
    assert caught.type is asyncio.CancelledError


async def test_a_write_that_is_cancelled_over_and_over_leaves_nothing_waiting(tmp_path: Path) -> None:
    """As anyio does it: at every turn of the loop, until it has ended."""
    before = asyncio.all_tasks()
    for turns in range(0, 30, 3):
        threads = set(threading.enumerate())
        database = Database(f"sqlite:///{tmp_path}/{turns}.db")
        async with asyncio.timeout(10):
            task = asyncio.create_task(_write(database))
            for _ in range(turns):
                await asyncio.sleep(0)
            while not task.done():
                task.cancel()
                await asyncio.sleep(0)
            await asyncio.gather(*(asyncio.all_tasks() - before), return_exceptions=True)
        await database.close()
        # For one that is cancelled while the file is opened nobody waits; here it must not outlive the loop.
        for thread in set(threading.enumerate()) - threads:
            await asyncio.to_thread(thread.join, 10)


async def _write(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE numbers (number)"))
        await asyncio.Event().wait()
