"""Turns as rows: asked for once under the client's key, and carried on by another process when one dies."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from coach.errors import Conflict
from coach.store._rows import columns, every, hold, insert_if_new, new_id, now, one, rows_of
from coach.store.database import Database
from coach.store.serving import TurnState, turns
from coach.store.tables import conversations

LEASE = timedelta(seconds=15)
"""So long after its last sign of life a process is taken for dead, and its turns are carried on elsewhere."""


@dataclass(frozen=True, kw_only=True)
class TurnRow:
    """One turn of a conversation.

    Attributes:
        key: The client's; the same key is the same turn.
        body: What the person did, as the client sent it.
        messages_before: How many messages there were when it was asked for.
        held_by: The process that works on it.
    """

    id: str
    user_id: str
    conversation_id: str
    key: str
    body: Mapping[str, Any]
    state: TurnState
    messages_before: int
    held_by: str
    created_at: datetime
    ended_at: datetime | None


class Turns:
    """The turns of this database's conversations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(
        self, user_id: str, conversation_id: str, *, key: str, body: Mapping[str, Any], holder: str
    ) -> tuple[TurnRow, bool]:
        """Write down that a turn was asked for; says whether it is new.

        Raises:
            NotFound: This person has no such conversation.
            Conflict: The key was used for another turn of this conversation.
        """
        its = conversations.c.user_id == user_id, conversations.c.id == conversation_id
        messages = select(conversations.c.id, conversations.c.messages_made).where(*its)
        mine = rows_of(turns, TurnRow, user_id).where(
            turns.c.conversation_id == conversation_id, turns.c.key == key
        )
        async with self._database.write() as connection:
            await hold(connection, user_id)
            there = await one(connection, messages, _Messages, kind="conversation", ref=conversation_id)
            moment = now()
            new: dict[str, Any] = {
                "id": new_id(),
                "user_id": user_id,
                "conversation_id": conversation_id,
                "key": key,
            }
            new |= {"body": dict(body), "state": "running", "messages_before": there.messages_made}
            new |= {"held_by": holder, "beat_at": moment, "created_at": moment, "ended_at": None}
            unique = ("user_id", "conversation_id", "key")
            is_new = await insert_if_new(connection, turns, new, key=unique)
            turn = await one(connection, mine, TurnRow, kind="turn", ref=key)
        if turn.body != body:
            raise Conflict("This key was used for another turn of the conversation; send a new one.")
        return turn, is_new

    async def get(self, user_id: str, turn_id: str) -> TurnRow:
        """One turn.

        Raises:
            NotFound: This person has no such turn.
        """
        mine = rows_of(turns, TurnRow, user_id).where(turns.c.id == turn_id)
        async with self._database.read() as connection:
            return await one(connection, mine, TurnRow, kind="turn", ref=turn_id)

    async def end(self, turn: TurnRow, state: TurnState) -> None:
        """Write down how a turn ended, unless another process carries it on by now."""
        mine = turns.c.id == turn.id, turns.c.held_by == turn.held_by, turns.c.state == "running"
        async with self._database.write() as connection:
            await connection.execute(update(turns).where(*mine).values(state=state, ended_at=now()))

    async def beat(self, holder: str) -> Collection[str]:
        """Say that a process is alive and works on its turns; gives their ids."""
        mine = update(turns).where(turns.c.held_by == holder, turns.c.state == "running")
        async with self._database.write() as connection:
            beaten = await connection.execute(mine.values(beat_at=now()).returning(turns.c.id))
            return set(beaten.scalars())

    async def adopt(self, holder: str) -> Sequence[TurnRow]:
        """Take over the turns of processes that died, for ``holder``; each is given to one process only."""
        dead = update(turns).where(turns.c.state == "running", turns.c.beat_at < now() - LEASE)
        taken = dead.values(held_by=holder, beat_at=now()).returning(*columns(turns, TurnRow))
        async with self._database.write() as connection:
            return await every(connection, taken, TurnRow)


@dataclass(frozen=True, kw_only=True)
class _Messages:
    id: str
    messages_made: int
