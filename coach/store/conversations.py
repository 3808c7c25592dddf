"""Conversations and their messages, in the shape chat completions take."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy import JSON, ColumnElement, func, insert, literal, or_, select, update

from coach.errors import NotFound
from coach.store._rows import columns, every, first, hold, insert_if_new, new_id, now, one, rows_of
from coach.store._work import still_ours
from coach.store.database import Database
from coach.store.tables import conversations, messages


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """One conversation of one person with one coach, and the phase it is in."""

    id: str
    user_id: str
    tenant: str
    coach: str
    phase: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message.

    Attributes:
        seq: 1, 2, … without gaps per conversation.
        content: The whole message as chat completions take it, ``role`` included.
        prompt_version: The version of the prompt the model had, for what the model said.
    """

    seq: int
    role: str
    content: dict[str, Any]
    prompt_version: str | None
    created_at: datetime


def _begun(id: str, user_id: str, *, coach: str, phase: str, tenant: str) -> Conversation:
    moment = now()
    return Conversation(
        id=id,
        user_id=user_id,
        tenant=tenant,
        coach=coach,
        phase=phase,
        created_at=moment,
        updated_at=moment,
    )


class Conversations:
    """People's conversations. ``NotFound``: this person has no such conversation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(self, user_id: str, *, coach: str, phase: str, tenant: str = "") -> Conversation:
        """A new conversation."""
        begun = _begun(new_id(), user_id, coach=coach, phase=phase, tenant=tenant)
        async with self._database.write() as connection:
            await hold(connection, user_id)
            await connection.execute(insert(conversations), vars(begun))
        return begun

    async def only(self, user_id: str, *, of: str, coach: str, phase: str, tenant: str = "") -> Conversation:
        """The one conversation of this kind that a person has with a coach, begun if there is none yet.

        Args:
            of: The kind, e.g. where they talk.
            phase: The phase it begins in.
        """
        its = str(uuid5(NAMESPACE_OID, json.dumps([of, coach, user_id])))
        with suppress(NotFound):
            return await self.get(user_id, its)
        async with self._database.write() as connection:
            await hold(connection, user_id)
            begun = _begun(its, user_id, coach=coach, phase=phase, tenant=tenant)
            await insert_if_new(connection, conversations, vars(begun))
        return await self.get(user_id, its)

    async def get(self, user_id: str, conversation_id: str) -> Conversation:
        """One conversation.

        Raises:
            NotFound: This person has no such conversation.
        """
        mine = rows_of(conversations, Conversation, user_id).where(conversations.c.id == conversation_id)
        async with self._database.read() as connection:
            return await one(connection, mine, Conversation, kind="conversation", ref=conversation_id)

    async def take(self, user_id: str, conversation_id: str, holder: str, seconds: float) -> bool:
        """Take a conversation for oneself for some seconds, or longer if one has it already.

        Returns:
            ``False`` while another holder has it.

        Raises:
            NotFound: This person has no such conversation.
        """
        async with self._database.write() as connection:
            moment = now()
            change = (
                update(conversations)
                .where(conversations.c.user_id == user_id, conversations.c.id == conversation_id)
                .where(_is_free(moment, holder))
                .values(held_by=holder, held_until=moment + timedelta(seconds=seconds))
            )
            taken = (await connection.execute(change)).rowcount > 0
        if not taken:
            await self.get(user_id, conversation_id)
        return taken

    async def renew(self, leases: Mapping[str, str], seconds: float) -> Sequence[str]:
        """Take again, for some seconds from now, what was taken before: any number in one transaction.

        Args:
            leases: The conversation of each holder.

        Returns:
            The holders that had lost theirs: another took the conversation meanwhile, or it is gone. What is
            free again by now was taken back.
        """
        # One parameter for all of them: both databases have a limit to how many a statement takes.
        unpack = func.json_each if self._database.dialect == "sqlite" else func.json_each_text
        lease = unpack(literal(dict(leases), JSON)).table_valued("key", "value")
        its = conversations.c.id == lease.c.value
        lost = (
            select(lease.c.key)
            .outerjoin(conversations, its & (conversations.c.held_by == lease.c.key))
            .where(conversations.c.id.is_(None))
        )
        async with self._database.write() as connection:
            moment = now()
            # A row that somebody is just changing is left to the next time: waiting for it, we would keep the
            # other rows from everybody. SQLite has only one writer anyway.
            free = (
                select(conversations.c.id, lease.c.key)
                .join(lease, its)
                .where(_is_free(moment, lease.c.key))
                .with_for_update(of=conversations, key_share=True, skip_locked=True)
                .subquery()
            )
            change = (
                update(conversations)
                .where(conversations.c.id == free.c.id)
                .values(held_by=free.c.key, held_until=moment + timedelta(seconds=seconds))
            )
            gone = (await connection.execute(lost)).scalars().all()
            await connection.execute(change)
        return gone

    async def release(self, user_id: str, conversation_id: str, holder: str) -> None:
        """Let go of a conversation. Nothing happens when somebody else has it by now."""
        change = (
            update(conversations)
            .where(conversations.c.user_id == user_id, conversations.c.id == conversation_id)
            .where(conversations.c.held_by == holder)
            .values(held_by=None, held_until=None)
        )
        async with self._database.write() as connection:
            await connection.execute(change)

    async def list(self, user_id: str) -> Sequence[Conversation]:
        """The person's conversations, the one last spoken in first."""
        mine = rows_of(conversations, Conversation, user_id).order_by(conversations.c.updated_at.desc())
        async with self._database.read() as connection:
            return await every(connection, mine, Conversation)

    async def messages(self, user_id: str, conversation_id: str) -> Sequence[Message]:
        """What was said, in order.

        Raises:
            NotFound: This person has no such conversation.
        """
        await self.get(user_id, conversation_id)
        said = rows_of(messages, Message, user_id).where(messages.c.conversation_id == conversation_id)
        async with self._database.read() as connection:
            return await every(connection, said.order_by(messages.c.seq), Message)

    async def last_said(self, user_id: str, *, before: str, limit: int) -> Sequence[str]:
        """What the person said in the conversation they last spoke in, other than ``before``.

        Args:
            before: The conversation that is going on. Only others with its coach count; when there is no such
                conversation, those with any coach.
            limit: The most messages.

        Returns:
            The texts of their last messages, oldest first. Empty: this is the first conversation.
        """
        mine = conversations.c.user_id == user_id
        coach = select(conversations.c.coach).where(mine, conversations.c.id == before).scalar_subquery()
        spoken = (
            select(messages.c.conversation_id)
            .join(conversations, conversations.c.id == messages.c.conversation_id)
            .where(mine, conversations.c.id != before, messages.c.role == "user")
            .where(conversations.c.coach == func.coalesce(coach, conversations.c.coach))
            .order_by(conversations.c.updated_at.desc(), conversations.c.id)
            .limit(1)
        )
        said = (
            select(messages.c.content)
            .where(messages.c.user_id == user_id, messages.c.role == "user")
            .where(messages.c.conversation_id == spoken.scalar_subquery())
            .order_by(messages.c.seq.desc())
            .limit(limit)
        )
        async with self._database.read() as connection:
            found = (await connection.execute(said)).scalars().all()
        return [str(content.get("content", "")) for content in reversed(found)]

    async def append(
        self,
        user_id: str,
        conversation_id: str,
        *some: Mapping[str, Any],
        prompt_version: str | None = None,
    ) -> int:
        """Add messages, all of them or none, and give the last one's number. Each gets its own.

        Args:
            some: Chat completions messages; ``role`` is needed.

        Raises:
            NotFound: This person has no such conversation.
        """
        moment = now()
        made = conversations.c.messages_made
        count = (
            update(conversations)
            .where(conversations.c.user_id == user_id, conversations.c.id == conversation_id)
            .values(messages_made=made + len(some), updated_at=moment)
            .returning(made)
        )
        async with self._database.write() as connection:
            row = await first(connection, count)
            if row is None:
                raise NotFound("conversation", conversation_id)
            await still_ours(connection)
            new = [
                {
                    "user_id": user_id,
                    "conversation_id": conversation_id,
                    "seq": seq,
                    "role": message["role"],
                    "content": dict(message),
                    "prompt_version": prompt_version,
                    "created_at": moment,
                }
                for seq, message in enumerate(some, row["messages_made"] - len(some) + 1)
            ]
            await connection.execute(insert(messages), new)
        return int(row["messages_made"])

    async def move(self, user_id: str, conversation_id: str, phase: str) -> Conversation:
        """Put a conversation into another phase.

        Raises:
            NotFound: This person has no such conversation.
        """
        change = (
            update(conversations)
            .where(conversations.c.user_id == user_id, conversations.c.id == conversation_id)
            .values(phase=phase, updated_at=now())
            .returning(*columns(conversations, Conversation))
        )
        async with self._database.write() as connection:
            await still_ours(connection)
            return await one(connection, change, Conversation, kind="conversation", ref=conversation_id)


def _is_free(moment: datetime, holder: str | ColumnElement[str]) -> ColumnElement[bool]:
    """Whether nobody but this holder has the conversation."""
    until, by = conversations.c.held_until, conversations.c.held_by
    return or_(until.is_(None), until < moment, by == holder)
