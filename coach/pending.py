"""Calls as records: what was asked, what came of it, and what still waits for a person's yes.

A call that waits is plain data, bound to a digest of whose it is, its exact arguments and its terms; it is
answered once. A repeated call id gives the stored answer instead of a second effect.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol, runtime_checkable

from coach._changed import changed
from coach.events import State
from coach.terms import Terms

PATIENCE = timedelta(minutes=10)
"""How long a call waits for a person's yes."""

BEGUN: ContextVar[tuple[str, datetime | None]] = ContextVar("begun", default=("", None))
"""Whose turn is at work here, and since when they were here as it began (:meth:`Journal.arrive`): what
outlives their erasure writes nothing of them down again."""

_canonical = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, check_circular=False, separators=(",", ":")
).encode


@dataclass(frozen=True, kw_only=True)
class CallRecord:
    """One call of an action: who asked for what, in which words' force, and what came of it.

    Attributes:
        digest: Stands for it, 64 hex digits: :func:`digest_of`; of one that waits, what a person's yes is
            bound to: :func:`bound`.
        prompt_version: The version of the prompt the model was shown, 8 hex digits, or ``""`` for a button.
        state: ``"running"`` until it ends.
        next: The phase it asked to go to.
        expires_at: Until when a waiting call can be answered.
        terms: What the yes is bound to beside the arguments: :meth:`coach.Terms.plain`.
    """

    user_id: str
    conversation_id: str
    call_id: str
    action: str
    arguments: Mapping[str, Any]
    digest: str
    phase: str
    prompt_version: str
    state: State | Literal["running"]
    created_at: datetime
    say: str = ""
    data: Mapping[str, Any] | None = None
    next: str | None = None
    expires_at: datetime | None = None
    finished_at: datetime | None = None
    terms: Mapping[str, Any] | None = None

    def is_of(self, action: str, arguments: Mapping[str, Any]) -> bool:
        """Whether it is a call of this action with exactly these arguments."""
        return (self.action, dict(self.arguments)) == (action, dict(arguments))


@runtime_checkable
class Journal(Protocol):
    """Where call records are kept. Every method is scoped to its person."""

    async def begin(self, record: CallRecord) -> CallRecord | None:
        """Keep a new record. If the call id is known already, keep nothing and return what is stored."""

    async def find(self, user_id: str, conversation_id: str, call_id: str) -> CallRecord | None:
        """The record of a call, or ``None``."""

    async def finish(self, record: CallRecord) -> None:
        """Write down how a call ended: its ``state``, ``say``, ``data`` and ``next``."""

    async def arrive(self, user_id: str) -> datetime | None:
        """Since when a person is here: another moment than before when they were erased in between.

        A new person is made. ``None``: nobody is ever erased here.
        """

    async def reopen(self, user_id: str, conversation_id: str, until: datetime) -> None:
        """Let calls wait again that a person answered with yes, but whose process died.

        Only for who has the conversation to themselves: a call that is being run would be run again.
        """

    async def waiting(self, user_id: str, conversation_id: str) -> list[CallRecord]:
        """The calls that wait for a yes and have not expired, oldest first."""

    async def claim(
        self, user_id: str, conversation_id: str, call_id: str, digest: str, now: datetime
    ) -> CallRecord | None:
        """Turn a waiting call into a running one: once, only with its digest and in time. Else ``None``."""


class MemoryJournal:
    """A journal for one process that need not outlive it: tests, and hosts that keep their own record."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str, str], CallRecord] = {}

    async def begin(self, record: CallRecord) -> CallRecord | None:
        """See :class:`Journal`."""
        key = (record.user_id, record.conversation_id, record.call_id)
        if key in self._records:
            return self._records[key]
        self._records[key] = record
        return None

    async def arrive(self, user_id: str) -> None:
        """See :class:`Journal`."""

    async def find(self, user_id: str, conversation_id: str, call_id: str) -> CallRecord | None:
        """See :class:`Journal`."""
        return self._records.get((user_id, conversation_id, call_id))

    async def finish(self, record: CallRecord) -> None:
        """See :class:`Journal`."""
        key = (record.user_id, record.conversation_id, record.call_id)
        self._records[key] = changed(record, finished_at=datetime.now(UTC))

    async def reopen(self, user_id: str, conversation_id: str, until: datetime) -> None:
        """See :class:`Journal`."""
        for key, record in self._records.items():
            mine = key[:2] == (user_id, conversation_id)
            if mine and record.state == "running" and record.expires_at is not None:
                self._records[key] = replace(record, state="waiting", expires_at=until)

    async def waiting(self, user_id: str, conversation_id: str) -> list[CallRecord]:
        """See :class:`Journal`."""
        now = datetime.now(UTC)
        return [
            record
            for (owner, conversation, _), record in self._records.items()
            if (owner, conversation) == (user_id, conversation_id)
            and record.state == "waiting"
            and (record.expires_at is None or record.expires_at > now)
        ]

    async def claim(
        self, user_id: str, conversation_id: str, call_id: str, digest: str, now: datetime
    ) -> CallRecord | None:
        """See :class:`Journal`."""
        key = (user_id, conversation_id, call_id)
        record = self._records.get(key)
        if record is None or record.state != "waiting" or record.digest != digest:
            return None
        if record.expires_at is not None and record.expires_at <= now:
            return None
        self._records[key] = replace(record, state="running")
        return self._records[key]


def digest_of(action: str, arguments: Mapping[str, Any], *beside: Any) -> str:
    """The SHA-256 of an action and its exact arguments, 64 hex digits, whatever the order of the keys.

    Args:
        beside: What else it stands for, as plain data.
    """
    text = _canonical([action, arguments, *beside])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def bound(record: CallRecord, terms: Terms | None) -> CallRecord:
    """A waiting call whose digest stands for all that a yes is to: whose call, which one, and its terms.

    So the yes to one question is none to another, also where the two ask for the same.
    """
    kept = None if terms is None else terms.plain()
    whose = [record.user_id, record.conversation_id, record.call_id]
    return replace(record, terms=kept, digest=digest_of(record.action, record.arguments, whose, kept))
