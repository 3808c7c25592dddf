"""Long lists a page at a time, the newest first. Each page says where the next one begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, Table, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from coach.errors import InputRefused
from coach.store._rows import columns, every

MOST = 100
"""How many rows one page has at most."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"([0-9]{1,17})-(.{1,64})", flags=re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Dated:
    """A row that has its place in a list by when it was made."""

    id: str
    created_at: datetime


D = TypeVar("D", bound=Dated)


@dataclass(frozen=True, kw_only=True)
class Page(Generic[D]):
    """Some rows of a list.

    Attributes:
        next: Where the next page begins; ``None``: this is the last one.
    """

    rows: Sequence[D]
    next: str | None


async def page(
    connection: AsyncConnection,
    table: Table,
    row_type: type[D],
    *which: ColumnElement[bool],
    after: str | None = None,
    most: int = MOST,
) -> Page[D]:
    """A page of a table's rows, the newest first.

    Args:
        row_type: The columns that it has are read.
        which: Only these.
        after: The ``next`` of the page before; ``None``: from the beginning.

    Raises:
        InputRefused: ``after`` is none of ours.
    """
    made, id = table.c.created_at, table.c.id
    asked = select(*columns(table, row_type)).where(*which)
    if after is not None:
        moment, last = _read(after)
        asked = asked.where(or_(made < moment, and_(made == moment, id < last)))
    found = await every(connection, asked.order_by(made.desc(), id.desc()).limit(most + 1), row_type)
    rows = found[:most]
    return Page(rows=rows, next=_cursor(rows[-1]) if len(found) > most else None)


def _cursor(row: Dated) -> str:
    return f"{(row.created_at - _EPOCH) // timedelta(microseconds=1)}-{row.id}"


def _read(cursor: str) -> tuple[datetime, str]:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InputRefused("`after` is the `next` of the page before, as it was given.")
    return _EPOCH + timedelta(microseconds=int(found[1])), found[2]
