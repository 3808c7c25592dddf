"""Work as rows: asked for once under the client's key, and carried on by another process when one dies."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, Table, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coach.errors import CoachError, Conflict
from coach.store._rows import columns, every, first, insert_if_new, new_id, now, one, rows_of
from coach.store.database import Database
from coach.store.serving import WorkState
from coach.store.types import write_json

LEASE = timedelta(seconds=15)
"""So long after its last sign of life a process is taken for dead, and its work is carried on elsewhere."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """Something that was asked for and that a process works on.

    Attributes:
        key: The client's; the same key is the same work.
        body: What was asked for, as the client sent it.
        held_by: The process that works on it.
    """

    id: str
    user_id: str
    key: str
    body: Mapping[str, Any]
    state: WorkState
    held_by: str
    created_at: datetime
    ended_at: datetime | None


W = TypeVar("W", bound=Work)

_AT_WORK: ContextVar[tuple[Table, Work] | None] = ContextVar("at_work", default=None)


class TakenOver(CoachError):
    """Another process carries on what was worked on here: this one was silent for too long."""

    def __init__(self) -> None:
        super().__init__("Another process carries this on.")


async def still_ours(connection: AsyncConnection) -> None:
    """See that nobody else has taken over what is worked on here; nobody does until the transaction ends.

    Without it, a process that wakes up from a long sleep would go on beside the one that carries its work on.
    What was sent may still be received and kept; nothing is begun, told or sent.

    Raises:
        TakenOver: Somebody has; or it is gone, with the person.
    """
    if (at_work := _AT_WORK.get()) is None:
        return
    table, work = at_work
    if await first(connection, _mine(table), {"of_id": work.id, "of_holder": work.held_by}) is None:
        raise TakenOver


@cache
def _mine(table: Table) -> Select[Any]:
    held = table.c.id == bindparam("of_id"), table.c.held_by == bindparam("of_holder")
    # Taking it over waits for this lock. SQLite has only one writer anyway.
    return select(table.c.id).where(*held).with_for_update(read=True)


class Works(Generic[W]):
    """One kind of work of this database.

    Args:
        table: Its rows.
        row_type: What they are.
        kind: What one is called.
        of: The column that says what it belongs to; a key is used once for each.
        done: What is set when one has ended.
    """

    def __init__(
        self,
        database: Database,
        *,
        table: Table,
        row_type: type[W],
        kind: str,
        of: str,
        done: Mapping[str, Any] | None = None,
    ) -> None:
        self._database, self._table, self._row_type = database, table, row_type
        self._kind, self._of, self._done = kind, of, dict(done or {})

    async def get(self, user_id: str, work_id: str) -> W:
        """One of a person's.

        Raises:
            NotFound: This person has no such work.
        """
        mine = rows_of(self._table, self._row_type, user_id).where(self._table.c.id == work_id)
        async with self._database.read() as connection:
            return await one(connection, mine, self._row_type, kind=self._kind, ref=work_id)

    def at_work(self, work: W) -> None:
        """Do from now on, in this task and those it begins, only what :func:`still_ours` lets."""
        _AT_WORK.set((self._table, work))

    async def end(self, work: W, state: WorkState) -> None:
        """Write down how it ended, unless another process carries it on by now."""
        its = self._table.c
        mine = its.id == work.id, its.held_by == work.held_by, its.state == "running"
        ended = update(self._table).where(*mine).values(state=state, ended_at=now(), **self._done)
        async with self._database.write() as connection:
            await connection.execute(ended)

    async def beat(self, holder: str) -> Collection[str]:
        """Say that a process is alive and works on what is its; gives their ids."""
        its = self._table.c
        mine = update(self._table).where(its.held_by == holder, its.state == "running")
        async with self._database.write() as connection:
            beaten = await connection.execute(mine.values(beat_at=now()).returning(its.id))
            return set(beaten.scalars())

    async def adopt(self, holder: str) -> Sequence[W]:
        """Take over the work of processes that died, for ``holder``; each is given to one process only."""
        its = self._table.c
        dead = update(self._table).where(its.state == "running", its.beat_at < now() - LEASE)
        taken = dead.values(held_by=holder, beat_at=now()).returning(*columns(self._table, self._row_type))
        async with self._database.write() as connection:
            return await every(connection, taken, self._row_type)

    async def _ask(
        self, connection: AsyncConnection, user_id: str, of: str, *, key: str, holder: str, **values: Any
    ) -> tuple[W, bool]:
        """Write down what was asked for; says whether it is new.

        Args:
            of: What it belongs to; it is this person's, who is held.
            values: ``body``, and the columns that only this kind has.

        Raises:
            Conflict: The key was used for something else.
        """
        moment, its = now(), self._table.c
        new: dict[str, Any] = {
            "id": new_id(),
            "user_id": user_id,
            self._of: of,
            "key": key,
            "state": "running",
        }
        new |= {"held_by": holder, "beat_at": moment, "created_at": moment, "ended_at": None, **values}
        is_new = await insert_if_new(connection, self._table, new, key=("user_id", self._of, "key"))
        mine = rows_of(self._table, self._row_type, user_id).where(its[self._of] == of, its.key == key)
        work = await one(connection, mine, self._row_type, kind=self._kind, ref=key)
        if not is_new and _canonical(work.body) != _canonical(values["body"]):
            raise Conflict(f"This key was used for another {self._kind}; send a new one.")
        return work, is_new


def _canonical(body: Mapping[str, Any]) -> Any:
    """What was asked for, with every number as it is written out: PostgreSQL gives ``1e23`` back as a whole
    number, which is not the nearest float.
    """
    return json.loads(write_json(body), parse_float=Decimal, parse_int=Decimal)
