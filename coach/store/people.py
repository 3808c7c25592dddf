"""People, as the host application knows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update

from coach.store._rows import columns, first, hold, one, rows_of, somebody
from coach.store.database import Database
from coach.store.tables import people
from coach.text import one_line


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody the coach talks with.

    Attributes:
        user_id: The host's.
        name: How they like to be called.
        erasing_at: Set while they are being erased, and renewed; nothing new is begun for them.
    """

    user_id: str
    name: str | None
    created_at: datetime
    erasing_at: datetime | None = None


class People:
    """The people of this database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ensure(self, user_id: str) -> Person:
        """The person, made when new, as every first row about somebody makes them.

        Raises:
            ValueError: ``user_id`` is empty, longer than 200 characters, cannot be stored, or is nobody's.
            Erasing: The person was erased while the turn went on in which this is asked.
        """
        somebody(user_id)
        mine = rows_of(people, Person, user_id)
        async with self._database.read() as connection:
            row = await first(connection, mine)
        if row is not None:
            return Person(**row)
        async with self._database.write() as connection:
            await hold(connection, user_id)
            return await one(connection, mine, Person, kind="person", ref=user_id)

    async def get(self, user_id: str) -> Person:
        """The person."""
        async with self._database.read() as connection:
            return await one(connection, rows_of(people, Person, user_id), Person, kind="person", ref=user_id)

    async def rename(self, user_id: str, name: str | None) -> Person:
        """Keep how the person likes to be called, on one line; ``None`` or a blank name: not known."""
        line = one_line(name or "") or None
        change = update(people).where(people.c.user_id == user_id).values(name=line)
        changed = change.returning(*columns(people, Person))
        async with self._database.write() as connection:
            await hold(connection, user_id)
            return await one(connection, changed, Person, kind="person", ref=user_id)
