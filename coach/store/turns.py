"""Turns of conversations as rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from coach.store._rows import hold, one
from coach.store._work import Work, Works
from coach.store.database import Database
from coach.store.serving import turns
from coach.store.tables import conversations


@dataclass(frozen=True, kw_only=True)
class TurnRow(Work):
    """One turn of a conversation: what the person did, and how far that is.

    Attributes:
        messages_before: How many messages there were when it was asked for.
    """

    conversation_id: str
    messages_before: int


class Turns(Works[TurnRow]):
    """The turns of this database's conversations."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, table=turns, row_type=TurnRow, kind="turn", of="conversation_id")

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
        async with self._database.write() as connection:
            await hold(connection, user_id)
            there = await one(connection, messages, _Messages, kind="conversation", ref=conversation_id)
            return await self._ask(
                connection,
                user_id,
                conversation_id,
                key=key,
                holder=holder,
                body=dict(body),
                messages_before=there.messages_made,
            )


@dataclass(frozen=True, kw_only=True)
class _Messages:
    id: str
    messages_made: int
