"""Opening the books for a command: only the database is needed, no key and no coach."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coach.studio.books import Books

STATES = {
    "new": "is not there yet; the first start makes it",
    "current": "has the tables of this version",
    "older": "has the tables of an older version; the next start changes them",
    "newer": "was made by a newer version: update coach",
}
"""How a database can be, after the word database."""


@asynccontextmanager
async def opened_books(*, read_only: bool = True) -> AsyncIterator[Books]:
    """The books of the database that is set.

    Raises:
        SettingsError: It cannot be opened, is not there yet, or is another version's.
    """
    from coach.errors import SettingsError
    from coach.settings import Settings
    from coach.store import Database, Store
    from coach.studio.books import Books

    url = Settings.read().database
    state = await Store.inspect(url)
    if state != "current":
        raise SettingsError(f"The database {STATES[state]}.")
    database = Database(url, read_only=read_only)
    try:
        yield Books(database)
    finally:
        await database.close()
