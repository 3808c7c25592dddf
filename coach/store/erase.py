"""Erasing a person from the database: the mark that stops new work, the rows, and the pages they were on.

What else belongs to it, and the order, is :mod:`coach.studio.erase`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Table, delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coach.errors import InputRefused, StoreUnavailable
from coach.store._rows import first, now
from coach.store.database import Database
from coach.store.tables import (
    accounts,
    calls,
    consents,
    conversations,
    identities,
    messages,
    metadata,
    notes,
    people,
    photos,
    versions,
)

NOBODY = "(erased)"
"""Who has the lines of the ledger that the books keep. They are nobody's: nothing is ever begun for them."""

PICTURES: tuple[Table, ...] = (versions, photos)
"""What goes before the ledger's lines are given to nobody; :data:`WORDS` goes after."""

WORDS: tuple[Table, ...] = (identities, messages, calls, conversations, notes, consents, accounts)

VACUUM_UP_TO = 256 * 1024 * 1024
"""Bytes of a SQLite file that is written anew at once; while that lasts nobody else can write."""

_IN_TIME = (
    "PostgreSQL uses the freed space again in time, and its log and any replica likewise; "
    "`VACUUM FULL` writes the tables anew at once."
)
_NOT_NOW = (
    "What was deleted could not be overwritten in the database's files: others use them, or the disk is "
    "full. Erase once more, or close them all."
)
_LARGE = "The database is too large to be written anew beside other work; run VACUUM on it in a quiet hour."


async def begin(database: Database, user_id: str) -> bool:
    """Mark a person: from now on nothing is begun for them, and their consents are revoked. Safe to repeat.

    Returns:
        Whether there is such a person.

    Raises:
        InputRefused: It is nobody's id.
    """
    if user_id == NOBODY:
        raise InputRefused("What the books keep of erased people names nobody; there is nothing to erase.")
    moment = now()
    mark = update(people).where(people.c.user_id == user_id, people.c.erasing_at.is_(None))
    agreed = update(consents).where(consents.c.user_id == user_id, consents.c.revoked_at.is_(None))
    async with database.write() as connection:
        if not await is_there(connection, user_id):
            return False
        await connection.execute(mark.values(erasing_at=moment, name=None))
        await connection.execute(agreed.values(revoked_at=moment))
    return True


async def begun(database: Database, before: datetime | None = None) -> Sequence[str]:
    """The people whose erasing was begun, before some moment, and has not ended."""
    asked = select(people.c.user_id).where(
        people.c.erasing_at < (before or now()), people.c.user_id != NOBODY
    )
    async with database.read() as connection:
        return (await connection.execute(asked.order_by(people.c.erasing_at))).scalars().all()


async def is_there(connection: AsyncConnection, user_id: str) -> bool:
    """Whether there is a row of a person, locked until the transaction ends: nothing is added to theirs."""
    asked = select(people.c.user_id).where(people.c.user_id == user_id).with_for_update()
    return await first(connection, asked) is not None


async def remove(connection: AsyncConnection, user_id: str, tables: Sequence[Table]) -> Mapping[str, int]:
    """Delete a person's rows of some tables; says how many of each."""
    return {
        table.name: (await connection.execute(delete(table).where(table.c.user_id == user_id))).rowcount
        for table in tables
    }


async def remove_person(database: Database, user_id: str) -> None:
    """Delete the person, and with them what may still hang on them."""
    async with database.write() as connection:
        await connection.execute(delete(people).where(people.c.user_id == user_id))


async def nobodys_identity(connection: AsyncConnection) -> str:
    """The identity that nobody's lines of the ledger belong to, made when it is missing."""
    asked = select(identities.c.id).where(identities.c.user_id == NOBODY)
    if not await is_there(connection, NOBODY):
        moment = now()
        # Marked, so that nothing is begun for it.
        await connection.execute(
            insert(people), {"user_id": NOBODY, "created_at": moment, "erasing_at": moment}
        )
        new = {"id": NOBODY, "user_id": NOBODY, "number": 1, "name": "", "note": "", "stage": "proposed"}
        new |= {"current": False, "archived_at": moment, "created_at": moment, "updated_at": moment}
        await connection.execute(insert(identities), new)
    return str((await connection.execute(asked)).scalar_one())


async def wipe(database: Database, *, anew: bool = True) -> str:
    """Overwrite what deleted rows leave in the database's pages and in its log, as far as it lets us.

    Args:
        anew: Whether its tables are written anew. Without that only the log is emptied: deleted rows are
            overwritten in their pages anyhow (``secure_delete``), but those of older versions were not.

    Returns:
        What may still be there, in a sentence; ``""``: nothing.
    """
    if database.dialect != "sqlite" and not anew:
        return _IN_TIME
    try:
        async with database.outside() as connection:
            if database.dialect == "sqlite":
                return await _wipe_sqlite(connection, anew=anew)
            for table in metadata.sorted_tables:
                await connection.execute(text(f'VACUUM "{table.name}"'))
            return _IN_TIME
    except StoreUnavailable:
        return _NOT_NOW


async def _wipe_sqlite(connection: AsyncConnection, *, anew: bool) -> str:
    large = anew and await _size(connection) > VACUUM_UP_TO
    if anew and not large:
        await connection.execute(text("VACUUM"))
    busy = (await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))).one()[0]
    return " ".join([_NOT_NOW] * bool(busy) + [_LARGE] * large)


async def _size(connection: AsyncConnection) -> int:
    pages = await connection.execute(text("PRAGMA page_count"))
    each = await connection.execute(text("PRAGMA page_size"))
    return int(pages.scalar_one() * each.scalar_one())
