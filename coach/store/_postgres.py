"""What PostgreSQL needs: connections that are looked at before somebody relies on them, and taking turns."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from time import monotonic
from typing import Any

from sqlalchemy import Dialect, Engine, event, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import ConnectionPoolEntry

_ALONE = text("SELECT pg_advisory_xact_lock(:lock)")

RESTED = 1.0
"""Seconds after which a connection is looked at before somebody relies on it."""


async def alone(connection: AsyncConnection, lock: int) -> None:
    """Let nobody else go on from here, in any process, until the transaction ends.

    Args:
        lock: What for: any number that nobody else asks PostgreSQL for.
    """
    await connection.execute(_ALONE, {"lock": lock})


def prepare(engine: Engine) -> None:
    """Let an engine find out that a connection is gone, where it was not used for a while."""
    event.listen(engine, "checkin", _rest)
    event.listen(engine, "checkout", _ping_rested(engine.dialect))


def _rest(connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["rests"] = monotonic()


def _ping_rested(dialect: Dialect) -> Callable[[Any, ConnectionPoolEntry, Any], None]:
    """Looks at a connection that was not used for a while before somebody relies on it.

    SQLAlchemy's ``pool_pre_ping`` does so each time, which costs as much as a short transaction itself.
    """

    def ping(connection: Any, record: ConnectionPoolEntry, proxy: Any) -> None:
        if monotonic() - record.info.get("rests", inf) < RESTED:
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error:
            raise DisconnectionError from None  # the pool takes another

    return ping
