"""A process that gave no sign of life for too long, without waiting for that."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import text, update

from coach.settings import Settings
from coach.store import Database
from coach.store._rows import now
from coach.store._work import LEASE
from coach.store.serving import flow_runs, turns
from coach.store.tables import conversations

# In the order in which they are written. SQLite's file is locked as a whole.
_LOCK = text("LOCK TABLE people, conversations, turns, flow_runs, generations IN EXCLUSIVE MODE")


async def age(settings: Settings, *, first: Callable[[], None] = lambda: None) -> None:
    """Let the last sign of life of all work be too long ago.

    Args:
        first: Called while nobody writes: a process that is stopped then holds no lock.
    """
    database = Database(settings.database)
    async with database.write() as connection:
        if database.dialect == "postgresql":
            await connection.execute(_LOCK)
        first()
        for work in (flow_runs, turns):
            await connection.execute(update(work).values(beat_at=now() - 2 * LEASE))
        # How a conversation is held runs out by itself, and sooner.
        await connection.execute(update(conversations).values(held_until=now() - timedelta(seconds=1)))
    await database.close()
