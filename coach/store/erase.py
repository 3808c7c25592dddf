"""Erasing a person from the database: the mark that stops new work, the rows, and the pages they were on.

What else belongs to it, and the order, is :mod:`coach.studio.erase`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, delete, func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from coach.errors import CoachError, InputRefused, StoreUnavailable
from coach.store._rows import NOBODY as NOBODY
from coach.store._rows import first, insert_if_new, now
from coach.store.database import Database
from coach.store.serving import credentials, flow_runs, flows, happenings, orders, sticker_specs, turns
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

PICTURES: tuple[Table, ...] = (versions, photos)
"""What goes before the ledger's lines are given to nobody; :data:`WORDS` goes after."""

WORDS: tuple[Table, ...] = (
    *(identities, messages, calls, happenings, turns, conversations, flow_runs, flows, notes, consents),
    *(orders, sticker_specs, accounts, credentials),
)

LEASE = timedelta(seconds=30)
"""So long after its last sign of life (:func:`at_work`) an erasure is finished by somebody else."""

_BEAT = 5.0

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
    mark = update(people).where(people.c.user_id == user_id)
    agreed = update(consents).where(consents.c.user_id == user_id, consents.c.revoked_at.is_(None))
    async with database.write() as connection:
        if not await lock_person(connection, user_id):
            return False
        await connection.execute(mark.values(erasing_at=moment, name=None))
        await connection.execute(agreed.values(revoked_at=moment))
    return True


@asynccontextmanager
async def at_work(database: Database, user_id: str) -> AsyncIterator[None]:
    """Say every few seconds with the mark that somebody is at work, while the block runs.

    Where nobody says so any more, and it was not said that nobody is, the process is dead.
    """
    over = asyncio.Event()
    beating = asyncio.create_task(_beat(database, user_id, over))
    try:
        yield
    finally:
        # In the middle of a beat it is let be, so that no transaction is broken off.
        over.set()
        await beating
        await _sign(database, user_id, now() - LEASE)  # where it did not come to its end


async def _beat(database: Database, user_id: str, over: asyncio.Event) -> None:
    while not over.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), _BEAT)
            return
        await _sign(database, user_id, now())


async def _sign(database: Database, user_id: str, moment: datetime) -> None:
    marked = update(people).where(people.c.user_id == user_id, people.c.erasing_at.is_not(None))
    # Whatever goes wrong, the next time may go well; it is time enough for several.
    with suppress(CoachError, DBAPIError):
        async with database.write() as connection:
            await connection.execute(marked.values(erasing_at=moment))


async def begun(database: Database, *, idle: bool = False) -> Sequence[str]:
    """The people whose erasing was begun and has not ended.

    Args:
        idle: Only those on whom nobody is at work any more.
    """
    asked = select(people.c.user_id).where(people.c.erasing_at.is_not(None), people.c.user_id != NOBODY)
    if idle:
        asked = asked.where(people.c.erasing_at < now() - LEASE)
    async with database.read() as connection:
        return (await connection.execute(asked.order_by(people.c.erasing_at))).scalars().all()


async def lock_person(connection: AsyncConnection, user_id: str) -> bool:
    """Lock a person's row until the transaction ends, if there is one: nothing is added to what is theirs."""
    asked = select(people.c.user_id).where(people.c.user_id == user_id).with_for_update()
    return await first(connection, asked) is not None


async def kept_receipt(connection: AsyncConnection, user_id: str) -> Any:
    """What was written down of an erasure that was begun; ``None``: nothing, or it has ended.

    In a write transaction nobody else writes it until that ends.
    """
    asked = select(people.c.receipt).where(people.c.user_id == user_id, people.c.erasing_at.is_not(None))
    return (await connection.execute(asked.with_for_update())).scalar_one_or_none()


async def keep_receipt(connection: AsyncConnection, user_id: str, receipt: Mapping[str, Any]) -> None:
    """Write down how far an erasure has come, with the person, until their row goes."""
    marked = update(people).where(people.c.user_id == user_id, people.c.erasing_at.is_not(None))
    await connection.execute(marked.values(receipt=receipt))


async def remove(connection: AsyncConnection, user_id: str, tables: Sequence[Table]) -> Mapping[str, int]:
    """Delete a person's rows of some tables; says how many of each."""
    counts = {}
    for table in tables:
        mine = table.c.user_id == user_id
        # Counted before: a statement's own count leaves out the rows that go because others of its do.
        counted = await connection.execute(select(func.count()).select_from(table).where(mine))
        counts[table.name] = counted.scalar_one()
        await connection.execute(delete(table).where(mine))
    return counts


async def remove_person(database: Database, user_id: str) -> None:
    """Delete the person, and with them what may still hang on them."""
    async with database.write() as connection:
        await connection.execute(delete(people).where(people.c.user_id == user_id))


async def nobodys_identity(connection: AsyncConnection) -> str:
    """The identity that nobody's lines of the ledger belong to, made when it is missing.

    Nobody else gives nobody anything until the transaction ends.
    """
    moment = now()
    # Marked, so that nothing is begun for it. Another erasure may be making both at this moment.
    person = {"user_id": NOBODY, "created_at": moment, "erasing_at": moment}
    await insert_if_new(connection, people, person)
    await lock_person(connection, NOBODY)
    new = {"id": NOBODY, "user_id": NOBODY, "number": 1, "name": "", "note": "", "stage": "proposed"}
    new |= {"current": False, "archived_at": moment, "created_at": moment, "updated_at": moment}
    await insert_if_new(connection, identities, new)
    return NOBODY


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
