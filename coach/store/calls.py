"""The journal of calls, in the database: :class:`coach.pending.Journal`."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import or_, update

from coach.errors import NotFound
from coach.pending import CallRecord
from coach.store._rows import columns, every, first, hold, insert_if_new, now, one, rows_of
from coach.store._work import still_ours
from coach.store.database import Database
from coach.store.people import People
from coach.store.tables import calls
from coach.text import storable


class Calls:
    """Every call of an action, per person and conversation (``""`` outside one)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, record: CallRecord) -> CallRecord | None:
        """Keep a new record. If the call id is known already, keep nothing and return what is stored."""
        call = _call(record.user_id, record.conversation_id, record.call_id)
        known = rows_of(calls, CallRecord, record.user_id).where(calls.c.id == call)
        async with self._database.write() as connection:
            await hold(connection, record.user_id)
            await still_ours(connection)
            if await insert_if_new(connection, calls, {"id": call, **vars(record)}):
                return None
            return await one(connection, known, CallRecord, kind="call", ref=record.call_id)

    async def arrive(self, user_id: str) -> datetime | None:
        """Since when a person is here; a new one is made. See :class:`coach.pending.Journal`."""
        return (await People(self._database).ensure(user_id)).created_at

    async def find(self, user_id: str, conversation_id: str, call_id: str) -> CallRecord | None:
        """The record of a call, or ``None``."""
        call = _call(user_id, conversation_id, call_id)
        async with self._database.read() as connection:
            row = await first(connection, rows_of(calls, CallRecord, user_id).where(calls.c.id == call))
        return CallRecord(**row) if row else None

    async def finish(self, record: CallRecord) -> None:
        """Write down how a call ended: its ``state``, ``say``, ``data`` and ``next``.

        Raises:
            NotFound: This person has no such call.
        """
        call = _call(record.user_id, record.conversation_id, record.call_id)
        change = (
            update(calls)
            .where(calls.c.user_id == record.user_id, calls.c.id == call)
            .values(state=record.state, say=record.say, data=record.data, next=record.next, finished_at=now())
        )
        async with self._database.write() as connection:
            if not (await connection.execute(change)).rowcount:
                raise NotFound("call", record.call_id)

    async def reopen(self, user_id: str, conversation_id: str, until: datetime) -> None:
        """Let calls wait again that a person answered with yes, but whose process died."""
        change = (
            update(calls)
            .where(calls.c.user_id == user_id, calls.c.conversation_id == conversation_id)
            .where(calls.c.state == "running", calls.c.expires_at.is_not(None))
            .values(state="waiting", expires_at=until)
        )
        async with self._database.write() as connection:
            await connection.execute(change)

    async def waiting(self, user_id: str, conversation_id: str) -> list[CallRecord]:
        """The calls that wait for a yes and have not expired, oldest first."""
        statement = (
            rows_of(calls, CallRecord, user_id)
            .where(calls.c.conversation_id == conversation_id)
            .where(calls.c.state == "waiting", _in_time(now()))
            .order_by(calls.c.created_at, calls.c.id)
        )
        async with self._database.read() as connection:
            return await every(connection, statement, CallRecord)

    async def claim(
        self, user_id: str, conversation_id: str, call_id: str, digest: str, now: datetime
    ) -> CallRecord | None:
        """Turn a waiting call into a running one: once, only with its digest and in time. Else ``None``."""
        change = (
            update(calls)
            .where(calls.c.user_id == user_id, calls.c.id == _call(user_id, conversation_id, call_id))
            .where(calls.c.state == "waiting", calls.c.digest == digest, _in_time(now))
            .values(state="running")
            .returning(*columns(calls, CallRecord))
        )
        async with self._database.write() as connection:
            await still_ours(connection)
            row = await first(connection, change)
        return CallRecord(**row) if row else None


def _in_time(moment: datetime) -> Any:
    return or_(calls.c.expires_at.is_(None), calls.c.expires_at > moment)


def _call(user_id: str, conversation_id: str, call_id: str) -> str:
    """The row's id. A model may write a call id of any length, more than an index takes."""
    return hashlib.sha256(json.dumps([user_id, conversation_id, storable(call_id)]).encode()).hexdigest()
