"""The ledger: every picture that was asked for, how far it came, and what is known about the money.

A generation moves from state to state by a compare-and-set together with a row in its history, in one
transaction. Nothing moves any other way::

    planned → quoted → reserved → sending → received → stored → judged → done

``refused`` and ``failed`` are ends. ``unknown`` may have been charged; it is left only when its answer turns
out to have arrived after all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from coach.errors import Conflict, Paid
from coach.store._rows import columns, every, first, now, one, rows_of
from coach.store.database import Database
from coach.store.tables import GenerationState, generation_steps, generations

LEGAL: Mapping[GenerationState, frozenset[GenerationState]] = {
    "planned": frozenset({"quoted", "failed"}),
    "quoted": frozenset({"reserved", "refused", "failed"}),
    "reserved": frozenset({"sending", "failed"}),
    "sending": frozenset({"received", "refused", "failed", "unknown"}),
    "received": frozenset({"stored", "failed", "unknown"}),
    "stored": frozenset({"judged"}),
    "judged": frozenset({"done"}),
    "unknown": frozenset({"received"}),
    "done": frozenset(),
    "refused": frozenset(),
    "failed": frozenset(),
}
"""Where a generation may go from where it is."""

ENDS: frozenset[GenerationState] = frozenset({"done", "refused", "failed"})


@dataclass(frozen=True, kw_only=True)
class Generation:
    """One row of the ledger.

    Attributes:
        key: The same key of the same person is the same generation.
        request_hash: Of what was asked for; another request under the key is refused.
        params: What was sent beside the prompt and the pictures, in the service's words.
        repairs: What differs from the request, one sentence each.
        quote_micros: The most it can cost, in micro-dollars; ``None``: not known.
        actual_micros: What it cost by the service's count; ``None``: not known.
        request_id: The service's id of the request.
        error_code: One of :data:`coach.studio.faults.SAY`, when it did not end well.
        paid: What is known about the money, once it ended.
        spool: The name of its file in the spool while there is one.
        seconds: From sending to the last byte.
    """

    id: str
    user_id: str
    key: str
    request_hash: str
    conversation_id: str
    identity_id: str
    parent_id: str | None
    engine: str
    model: str
    operation: str
    params: Mapping[str, Any]
    repairs: Sequence[str]
    prompt: str
    state: GenerationState = "planned"
    quote_micros: int | None = None
    actual_micros: int | None = None
    usage: Mapping[str, Any] | None = None
    request_id: str | None = None
    error_code: str | None = None
    paid: Paid | None = None
    spool: str | None = None
    seconds: float | None = None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class Step:
    """One line of a generation's history."""

    seq: int
    state: GenerationState
    at: datetime
    detail: str


class Ledger:
    """The rows of all generations, one writer per move."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, generation: Generation) -> None:
        """Write down a new generation.

        Raises:
            Conflict: The key is in use already.
        """
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(generations).values(**_plain(generation)))
                await _add_step(connection, generation.id, 1, generation.state, "")
        except IntegrityError:
            if await self.find(generation.user_id, generation.key) is None:
                raise
            raise Conflict(IN_FLIGHT) from None

    async def advance(
        self,
        generation: Generation,
        to: GenerationState,
        *,
        detail: str = "",
        connection: AsyncConnection | None = None,
        **values: Any,
    ) -> Generation:
        """Move a generation on and set ``values``, if it is still where ``generation`` says it is.

        Args:
            connection: A write transaction to do it in; without one it has its own.

        Raises:
            Conflict: Somebody else moved it meanwhile.
            ValueError: There is no such way.
        """
        if connection is None:
            async with self._database.write() as own:
                return await self.advance(generation, to, detail=detail, connection=own, **values)
        if to not in LEGAL[generation.state]:
            raise ValueError(f"A generation does not go from {generation.state} to {to}.")
        mine = generations.c.user_id == generation.user_id, generations.c.id == generation.id
        moved = await connection.execute(
            update(generations)
            .where(*mine, generations.c.state == generation.state)
            .values(state=to, updated_at=now(), **values)
        )
        if moved.rowcount != 1:
            raise Conflict(f"The picture is no longer {generation.state}: somebody else works on it.")
        last = select(generation_steps.c.seq).where(generation_steps.c.generation_id == generation.id)
        seq = await connection.scalar(last.order_by(generation_steps.c.seq.desc()).limit(1))
        await _add_step(connection, generation.id, (seq or 0) + 1, to, detail)
        return await _find(connection, generation.user_id, generation.id)

    async def get(self, user_id: str, generation_id: str) -> Generation:
        """One generation of a person.

        Raises:
            NotFound: This person has no such generation.
        """
        async with self._database.read() as connection:
            return await _find(connection, user_id, generation_id)

    async def find(self, user_id: str, key: str) -> Generation | None:
        """A person's generation by its key."""
        mine = rows_of(generations, Generation, user_id).where(generations.c.key == key)
        async with self._database.read() as connection:
            row = await first(connection, mine)
        return Generation(**row) if row else None

    async def of_conversation(self, user_id: str, conversation_id: str) -> list[Generation]:
        """A conversation's generations, oldest first."""
        mine = rows_of(generations, Generation, user_id)
        return await self._oldest_first(mine.where(generations.c.conversation_id == conversation_id))

    async def left_behind(self, ids: Sequence[str]) -> list[Generation]:
        """Everybody's generations that have not ended, and those named, oldest first. For recovery."""
        which = generations.c.state.not_in(ENDS) | generations.c.id.in_(ids)
        return await self._oldest_first(select(*columns(generations, Generation)).where(which))

    async def steps(self, user_id: str, generation_id: str) -> list[Step]:
        """The history of a person's generation.

        Raises:
            NotFound: This person has no such generation.
        """
        mine = select(*columns(generation_steps, Step))
        mine = mine.where(generation_steps.c.generation_id == generation_id)
        async with self._database.read() as connection:
            await _find(connection, user_id, generation_id)
            return await every(connection, mine.order_by(generation_steps.c.seq), Step)

    async def _oldest_first(self, rows: Select[Any]) -> list[Generation]:
        async with self._database.read() as connection:
            return await every(
                connection, rows.order_by(generations.c.created_at, generations.c.id), Generation
            )


IN_FLIGHT = "This picture is being made by another process. Ask again with the same key when it is done."


async def _find(connection: AsyncConnection, user_id: str, generation_id: str) -> Generation:
    mine = rows_of(generations, Generation, user_id).where(generations.c.id == generation_id)
    return await one(connection, mine, Generation, kind="generation", ref=generation_id)


def _plain(generation: Generation) -> dict[str, Any]:
    return vars(generation) | {"params": dict(generation.params), "repairs": list(generation.repairs)}


async def _add_step(
    connection: AsyncConnection, generation_id: str, seq: int, state: GenerationState, detail: str
) -> None:
    await connection.execute(
        insert(generation_steps).values(
            generation_id=generation_id, seq=seq, state=state, at=now(), detail=detail
        )
    )
