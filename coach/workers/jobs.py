"""The engine that carries orders to workers: procrastinate, on the coach's own PostgreSQL.

A job of it is the id of an order and nothing else. It may come twice, or late: the order and the ledger say
what there is to do. Its tables are its own; they are made here, the first time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from math import inf
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status
from psycopg import AsyncConnection, OperationalError
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import text

from coach.errors import StoreUnavailable
from coach.store._postgres import RESTED, alone
from coach.store._rows import now
from coach.store.database import Database, read_url
from coach.store.orders import OrderRow

TASK = "coach.order"

_BATCH = 1_000_000_000  # Nobody has so many orders waiting, and with it a priority still fits 32 bits.
_LOCK = 0x3B1D96C2963043  # Any number that nobody else asks PostgreSQL for.

_UNNAMED = text(
    """
    SELECT id FROM orders
    WHERE state = 'running' AND created_at < :before AND NOT held_by = ANY(:living) AND NOT EXISTS (
        SELECT FROM procrastinate_jobs
        WHERE queueing_lock = orders.id AND (status = 'doing' OR status = 'todo' AND held_by = '')
    )
    """
)
_SOON = timedelta(seconds=10)  # Whoever writes an order down names it by then, or never.


def is_lost(error: ConnectorException) -> bool:
    """Whether it is the database that is away; else a statement found nothing to do."""
    return isinstance(error.__cause__, OperationalError)


def priority_of(order: OrderRow) -> int:
    """The engine takes the highest first, we the lowest tag; what nobody waits for comes last."""
    return -(order.tag + _BATCH * order.batch)


def keywords_of(url: str) -> dict[str, Any]:
    """The address of a PostgreSQL database as libpq's keywords."""
    address = read_url(url)
    query = {("sslmode" if name == "ssl" else name): value for name, value in address.query.items()}
    named = {
        "host": address.host,
        "port": address.port,
        "dbname": address.database,
        "user": address.username,
        "password": address.password,
    }
    return {name: value for name, value in {**named, **query}.items() if value is not None}


@asynccontextmanager
async def open_jobs(url: str, database: Database) -> AsyncIterator[App]:
    """Connect to the engine, and make its tables where there are none.

    Raises:
        StoreUnavailable: The database cannot be reached.
    """
    pool = PsycopgConnector(pool_factory=_pool, kwargs=keywords_of(url), min_size=1, max_size=4)
    app = App(connector=pool)
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(app.open_async())
            await _prepare(app, database)
        except (ConnectorException, OperationalError) as error:
            raise _unavailable(error) from error
        yield app


def _pool(*, check: Any, **options: Any) -> AsyncConnectionPool[AsyncConnection[Any]]:
    """Connections whose statements are transactions by themselves, looked at before use where they rested.

    Each look, and each way to begin and to commit, costs as much as the statement.
    """
    used: WeakKeyDictionary[AsyncConnection[Any], float] = WeakKeyDictionary()

    async def look(connection: AsyncConnection[Any]) -> None:
        if monotonic() - used.get(connection, -inf) >= RESTED:
            await check(connection)
        used[connection] = monotonic()

    async def configure(connection: AsyncConnection[Any]) -> None:
        await connection.set_autocommit(True)

    return AsyncConnectionPool(check=look, configure=configure, **options)


async def _prepare(app: App, database: Database) -> None:
    """Make the engine's tables, unless they are there. Two processes may do so at once."""
    async with database.write() as connection:
        await alone(connection, _LOCK)
        there = await connection.execute(text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL"))
        if not there.scalar_one():
            await app.schema_manager.apply_schema_async()


async def put(app: App, order: OrderRow) -> None:
    """Let a worker look at an order; once more is the same.

    Raises:
        StoreUnavailable: The database cannot be reached.
    """
    job = app.configure_task(
        TASK, queue=order.service, queueing_lock=order.id, priority=priority_of(order), allow_unknown=True
    )
    try:
        await job.defer_async(order=order.id)
    except AlreadyEnqueued:
        return
    except ConnectorException as error:
        raise _unavailable(error) from error


async def unnamed(database: Database, living: Collection[str]) -> Collection[str]:
    """The ids of open orders that no living worker has, and no job leads to: nobody would come to them.

    Whoever wrote one down died before it was named; or two had its job, one after the other, and the first,
    which was taken for dead, ended it or put it back while the second had it, and then the second died.
    """
    values = {"before": now() - _SOON, "living": [*living]}
    async with database.read() as connection:
        return set((await connection.execute(_UNNAMED, values)).scalars())


async def put_back(app: App, job: Job, at: datetime | None = None) -> None:
    """Let a job that somebody had wait again.

    Args:
        at: Not before then.

    Raises:
        ConnectorException: The database cannot be reached; or the job has ended.
    """
    try:
        await app.job_manager.retry_job(job, retry_at=at)
    except UniqueViolation:  # another one names the same order meanwhile
        await app.job_manager.finish_job(job, Status.SUCCEEDED, delete_job=True)


def _unavailable(error: Exception) -> StoreUnavailable:
    return StoreUnavailable(
        f"The queue cannot be used now ({type(error).__name__}). Look whether its PostgreSQL runs and has "
        "connections left, then try again."
    )
