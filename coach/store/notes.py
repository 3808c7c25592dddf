"""What the coach remembers about a person, in its own words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert

from coach.store._rows import every, hold, new_id, now, rows_of
from coach.store.database import Database
from coach.store.tables import notes
from coach.text import one_line


@dataclass(frozen=True, kw_only=True)
class Note:
    """One thing worth remembering."""

    id: str
    user_id: str
    text: str
    created_at: datetime


class Notes:
    """What the coach remembers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, user_id: str, text: str) -> Note:
        """Keep a note, on one line."""
        note = Note(id=new_id(), user_id=user_id, text=one_line(text), created_at=now())
        async with self._database.write() as connection:
            await hold(connection, user_id)
            await connection.execute(insert(notes), vars(note))
        return note

    async def list(self, user_id: str, limit: int = 50) -> list[Note]:
        """The newest notes, oldest first."""
        newest = rows_of(notes, Note, user_id).order_by(notes.c.created_at.desc(), notes.c.id)
        async with self._database.read() as connection:
            found = await every(connection, newest.limit(limit), Note)
        return found[::-1]
