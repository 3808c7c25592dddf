"""Opening the books for a command: only the database is needed, no key and no coach."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coach.settings import Settings
    from coach.store import Store
    from coach.studio.books import Books
    from coach.studio.spool import Spool

STATES = {
    "new": "is not there yet; the first start makes it",
    "current": "has the tables of this version",
    "older": "has the tables of an older version; the next start changes them",
    "newer": "was made by a newer version: update coach",
}
"""How a database can be, after the word database."""

NONE_YET = "There is no database yet; it is made by the first `coach chat`. For the sandbox's: --sandbox."
NO_SANDBOX_YET = (
    "The sandbox has no database yet; `coach chat --sandbox` or `coach serve --sandbox` makes it."
)


def places(*, sandbox: bool = False) -> Settings:
    """The settings; for the sandbox with the places of `coach chat --sandbox`."""
    from coach.settings import Settings

    settings = Settings.read()
    if not sandbox:
        return settings
    return Settings.read(database_url=None, queue="here", home=settings.home / "sandbox")


def spool_of(*, sandbox: bool = False) -> Spool | None:
    """This machine's spool, if there is one: looking makes none."""
    from coach.studio.spool import Spool

    folder = places(sandbox=sandbox).home / "spool"
    return Spool(folder) if folder.is_dir() else None


async def existing(*, sandbox: bool = False) -> str:
    """The address of the database that is set, or of the sandbox's.

    Raises:
        SettingsError: It cannot be opened, is not there yet, or is another version's.
    """
    from coach.errors import SettingsError
    from coach.store import Store

    url = places(sandbox=sandbox).database
    state = await Store.inspect(url)
    if state == "new":
        raise SettingsError(NO_SANDBOX_YET if sandbox else NONE_YET)
    if state != "current":
        raise SettingsError(f"The database {STATES[state]}.")
    return url


@asynccontextmanager
async def opened_books(*, sandbox: bool = False, read_only: bool = True) -> AsyncIterator[Books]:
    """The books of the database that is set, or of the sandbox's.

    Raises:
        SettingsError: See :func:`existing`.
    """
    from coach.store import Database
    from coach.studio.books import Books

    database = Database(await existing(sandbox=sandbox), read_only=read_only)
    try:
        yield Books(database, spool_of(sandbox=sandbox))
    finally:
        await database.close()


@asynccontextmanager
async def opened_store(*, sandbox: bool = False, read_only: bool = True) -> AsyncIterator[Store]:
    """What is kept, with the pictures, and without a key or a coach.

    Raises:
        SettingsError: See :func:`existing`; or the bucket cannot be used.
    """
    from coach.store import Database, FolderBlobs, Store

    settings = places(sandbox=sandbox)
    # The sandbox uses nothing of the real places.
    blobs = FolderBlobs(settings.home / "blobs") if sandbox else settings.blobs()
    store = Store(Database(await existing(sandbox=sandbox), read_only=read_only), blobs)
    try:
        yield store
    finally:
        await store.close()
