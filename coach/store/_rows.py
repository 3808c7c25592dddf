"""Helpers of the row modules: the time, new ids, statements of one person's rows, rows as dataclasses."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy import Column, Executable, Select, Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from coach.errors import Erasing, NotFound
from coach.pending import BEGUN
from coach.store.tables import people
from coach.store.types import Unstorable

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")
T = TypeVar("T")

NOBODY = "(erased)"
"""Who has the lines of the ledger that the books keep. They are nobody's: nothing is ever begun for them."""

AT_ONCE = 500
"""How many ids or keys one statement asks for."""


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A fresh row id, 36 characters."""
    return str(uuid.uuid4())


def parts(all: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """A long list in parts of at most ``size``, in its order."""
    return (all[start : start + size] for start in range(0, len(all), size))


def columns(table: Table, row_type: type[R]) -> list[Column[Any]]:
    """The columns of ``table`` that ``row_type`` has as fields."""
    return [table.c[field.name] for field in fields(row_type) if field.name in table.c]


def rows_of(table: Table, row_type: type[R], user_id: str) -> Select[Any]:
    """One person's rows, as :func:`columns`."""
    return _rows(table, row_type).where(table.c.user_id == user_id)


@cache
def _rows(table: Table, row_type: type[R]) -> Select[Any]:
    return select(*columns(table, row_type))


async def first(
    connection: AsyncConnection, statement: Executable, values: Mapping[str, Any] | None = None
) -> Mapping[str, Any] | None:
    """The first row of a statement's result by column name, or ``None``."""
    row = (await connection.execute(statement, values)).mappings().first()
    return cast("Mapping[str, Any] | None", row)


async def one(
    connection: AsyncConnection, statement: Executable, row_type: type[R], *, kind: str, ref: str
) -> R:
    """The row of a statement's result.

    Raises:
        NotFound: There is none; it names ``kind`` and ``ref``.
    """
    row = await first(connection, statement)
    if row is None:
        raise NotFound(kind, ref)
    return row_type(**row)


async def every(
    connection: AsyncConnection,
    statement: Executable,
    row_type: type[R],
    values: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
) -> list[R]:
    """All rows of a statement's result."""
    return [row_type(**row) for row in (await connection.execute(statement, values)).mappings()]


def insert_into(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that can say what to do on a conflict."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


async def insert_if_new(
    connection: AsyncConnection, table: Table, values: Mapping[str, Any], *, key: Sequence[str] = ()
) -> bool:
    """Insert a row unless there is one with its ``key``, or its primary key; says whether it did."""
    insert = _insert_if_new(connection.dialect.name, table, tuple(key))
    return (await connection.execute(insert, values)).rowcount > 0


# To put a statement together costs as much as to send it.
@cache
def _insert_if_new(dialect: str, table: Table, key: tuple[str, ...]) -> Executable:
    insert = insert_into(dialect, table)
    return insert.on_conflict_do_nothing(index_elements=key or list(table.primary_key))


async def hold(connection: AsyncConnection, user_id: str) -> datetime:
    """Let nobody else change this person's rows until the transaction ends; a new person is made.

    Who exists is the host's affair: whoever it names is a person here.

    Returns:
        Since when they are here: another moment than before when they were erased in between.

    Raises:
        Unstorable: It is the id of nobody.
        Erasing: The person is being erased, or was since the turn began in which this happens.
    """
    somebody(user_id)
    whose, began = BEGUN.get()
    row = await first(connection, _HELD, {"of_user_id": user_id})
    if whose == user_id and began is not None and (row is None or row["created_at"] != began):
        raise Erasing("This person was erased meanwhile; begin anew if they are back.")
    if row is None:
        await insert_if_new(connection, people, {"user_id": user_id, "created_at": now()})
        # Somebody else may have been quicker: then the row is theirs until now.
        row = await first(connection, _HELD, {"of_user_id": user_id})
    if row is None or row["erasing_at"] is not None:
        raise Erasing("This person is being erased; nothing new is begun for them.")
    since: datetime = row["created_at"]
    return since


# SQLite has only one writer anyway and leaves the lock out. NO KEY: inserts elsewhere still go on.
_HELD = (
    select(people.c.created_at, people.c.erasing_at)
    .where(people.c.user_id == bindparam("of_user_id"))
    .with_for_update(key_share=True)
)


def somebody(user_id: str) -> None:
    """See that an id can be a person's: one is kept for what is left in the books of erased people.

    Raises:
        Unstorable: It is that one.
    """
    if user_id == NOBODY:
        raise Unstorable(f"Nobody can have the id {NOBODY!r}: the books call erased people so. Take another.")


def number_in(handle: str, letter: str) -> int | None:
    """The number of a handle: 12 for ``i12`` and the letter ``i``; ``None`` when it is no such handle."""
    # Nine digits fit PostgreSQL's integer.
    found = re.fullmatch(rf"{letter}([1-9][0-9]{{0,8}})", handle, flags=re.ASCII)
    return int(found[1]) if found else None
