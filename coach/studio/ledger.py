"""The ledger: every picture that was asked for, how far it came, and what is known about the money.

A generation moves from state to state by a compare-and-set on the number of its last step, together with a
line of its history and the accounts it is counted in, in one transaction. Nothing moves any other way; the
database refuses it::

    planned → quoted → reserved → sending → received → stored → judged → done

What follows at once is one transaction: a generation is first seen ``reserved``, or already ``refused``.
``sending`` goes back to ``reserved`` when the post never left or was refused unpaid and is to be tried again:
while that waits, nothing is out. ``refused`` and ``failed`` are ends. ``unknown`` may have been charged; it
is left only when what came of it turns out after all, or when an operator settles it by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from coach.errors import Conflict, PictureError
from coach.store._rows import columns, every, first, hold, insert_if_new, now, one
from coach.store._work import still_ours
from coach.store.database import Database
from coach.store.states import ENDS, LEGAL, OUTCOMES, GenerationState
from coach.store.tables import generation_steps, generations
from coach.studio.accounts import GENERATIONS, WEIGHT, charge
from coach.studio.budgets import Budgets
from coach.studio.faults import end_of, fault, name_of
from coach.studio.generation import Generation as Generation
from coach.studio.generation import Step as Step

IN_FLIGHT = "This picture is being made by another process. Ask again with the same key when it is done."

_ROW = generations.c

_AT_ONCE = 1000
"""Ids in one question: PostgreSQL takes 32767 values at most, SQLite as few as 999 in old builds."""

# What every picture needs is built once: SQLAlchemy takes longer to build a statement than SQLite to run it.
_BY_KEY = (
    GENERATIONS.where(_ROW.user_id == bindparam("of_user_id"), _ROW.key == bindparam("of_key"))
    .order_by(_ROW.attempt.desc())
    .limit(1)
)
_CHANGE = (
    update(generations)
    .where(
        _ROW.user_id == bindparam("of_user_id"),
        _ROW.id == bindparam("of_id"),
        _ROW.moves == bindparam("of_moves"),
    )
    .returning(*WEIGHT)
)
_ADD_STEPS = insert(generation_steps)
_DOUBTFUL = _ROW.user_id == bindparam("of_user_id"), _ROW.state == "unknown"
_HERE = _ROW.conversation_id == bindparam("of_conversation")
_DOUBTS = (
    select(_ROW.id, _ROW.request_id)
    .where(*_DOUBTFUL, _HERE, _ROW.told_in.is_(None) | (_ROW.told_in == bindparam("told_in")))
    .order_by(_ROW.id)
)
_TELL = update(generations).where(*_DOUBTFUL, _ROW.told_in.is_(None))


class Ledger:
    """The rows of all generations, one writer per move. ``told_outcome`` is given each that ends here."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.told_outcome: Callable[[Generation], None] | None = None

    async def reserve(self, generation: Generation, budgets: Budgets, *, hears: bool = True) -> Generation:
        """Write down a new generation and hold its quote, if it fits every budget and nothing is in doubt.

        Of many at once, in however many processes, no more are reserved than fit.

        Args:
            generation: ``planned``, with its quote.
            hears: Whether the person is told of a refusal, as in :class:`~coach.context.Context`.

        Raises:
            Conflict: The key is in use already, or (``Erasing``) the person is being erased.
            PictureError: Unpaid, and written down: the generation is ``refused``. See :meth:`Budgets.check`;
                and ``in_doubt``: a picture of this conversation may have been charged, and the person was not
                told before this turn.
        """
        try:
            async with self._database.write() as connection:
                await hold(connection, generation.user_id)
                await still_ours(connection)
                await _check_doubts(connection, generation)
                reserved = await _begin(connection, generation, "reserved")
                budgets.check(reserved.quote_micros, await charge(connection, generation, reserved))
                return reserved
        except PictureError as error:
            end: dict[str, Any] = {"error_code": error.code, "paid": error.paid, "spool": None}
            async with self._database.write() as connection:
                if error.code == "in_doubt" and hears:
                    await connection.execute(_TELL.where(_HERE), _place(generation))
                self._tell(await _begin(connection, generation, end_of(error), detail=error.detail, **end))
            raise

    async def advance(
        self,
        generation: Generation,
        *to: GenerationState,
        detail: str = "",
        connection: AsyncConnection | None = None,
        **values: Any,
    ) -> Generation:
        """Move a generation on, if it is still where ``generation`` says it is.

        Args:
            to: Where to; several, one after the other, when nothing happens in between.
            detail: What the history says of the first of them.
            connection: A write transaction to do it in; without one it has its own.
            values: What is set with the first of them.

        Raises:
            Conflict: Somebody else moved it meanwhile.
            PictureError: ``in_doubt``, unpaid: it was to be sent, and another of this turn may be charged.
            ValueError: There is no such way.
        """
        if connection is None:
            async with self._database.write() as own:
                return await self.advance(generation, *to, detail=detail, connection=own, **values)
        if "sending" in to:
            await still_ours(connection)
            await _check_doubts(connection, generation)
        here, steps = generation, []
        for state in to:
            here = await _move(connection, here, state, values)
            steps.append(_step(here, detail))
            detail, values = "", {}
        await connection.execute(_ADD_STEPS, steps)
        await charge(connection, generation, here)
        self._tell(here)
        return here

    def _tell(self, generation: Generation) -> None:
        if self.told_outcome is not None and generation.state in OUTCOMES:
            self.told_outcome(generation)

    async def note_job(self, generation: Generation, job_id: str) -> Generation:
        """Write down the service's id of the job.

        Raises:
            Conflict: Somebody else moved the generation meanwhile.
            PictureError: ``bad_answer``, may have been charged: it is the id of another picture's job, which
                is perhaps another person's. What comes of that job is not this picture.
        """
        try:
            async with self._database.write() as connection:
                return await _change(connection, generation, {"job_id": job_id})
        except IntegrityError:
            async with self._database.read() as connection:
                other = await connection.scalar(select(_ROW.id).where(_ROW.job_id == job_id))
            detail = f"The service gave {name_of(job_id)}, which is that of generation {other}."
            raise fault(
                "bad_answer", paid="unknown", detail=detail, request_id=generation.request_id
            ) from None

    async def told(self, user_id: str, key: str, turn_id: str) -> None:
        """Write down the turn in which the person was told that a picture may have been charged."""
        values = {"of_user_id": user_id, "of_key": key, "told_in": turn_id}
        async with self._database.write() as connection:
            await connection.execute(_TELL.where(_ROW.key == bindparam("of_key")), values)

    async def get(self, user_id: str, generation_id: str) -> Generation:
        """One generation of a person.

        Raises:
            NotFound: This person has no such generation.
        """
        async with self._database.read() as connection:
            return await _find(connection, user_id, generation_id)

    async def find(self, user_id: str, key: str) -> Generation | None:
        """A person's generation by its key: the last attempt."""
        async with self._database.read() as connection:
            row = await first(connection, _BY_KEY, {"of_user_id": user_id, "of_key": key})
        return Generation(**row) if row else None

    async def of_conversation(self, user_id: str, conversation_id: str) -> list[Generation]:
        """A conversation's generations, oldest first."""
        mine = GENERATIONS.where(_ROW.user_id == user_id, _ROW.conversation_id == conversation_id)
        return await self._oldest_first(mine)

    async def out(self, user_id: str, conversation_id: str) -> list[Generation]:
        """A conversation's generations that are out, or died while they were, oldest first."""
        which = _ROW.user_id == user_id, _ROW.conversation_id == conversation_id, _ROW.state == "sending"
        return await self._oldest_first(GENERATIONS.where(*which))

    async def left_behind(self, ids: Sequence[str]) -> list[Generation]:
        """Everybody's generations that have not ended, and those named, oldest first. For recovery."""
        async with self._database.read() as connection:
            found = await every(connection, GENERATIONS.where(_ROW.state.not_in(ENDS)), Generation)
            others = sorted(set(ids) - {each.id for each in found})
            for some in (others[at : at + _AT_ONCE] for at in range(0, len(others), _AT_ONCE)):
                found += await every(connection, GENERATIONS.where(_ROW.id.in_(some)), Generation)
        return sorted(found, key=lambda each: (each.created_at, each.id))

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
            return await every(connection, rows.order_by(_ROW.created_at, _ROW.id), Generation)


async def _find(connection: AsyncConnection, user_id: str, generation_id: str) -> Generation:
    mine = GENERATIONS.where(_ROW.user_id == user_id, _ROW.id == generation_id)
    return await one(connection, mine, Generation, kind="generation", ref=generation_id)


async def _begin(
    connection: AsyncConnection, generation: Generation, to: GenerationState, detail: str = "", **values: Any
) -> Generation:
    """Write down a new generation and take it on from ``quoted``."""
    row = {name: value for name, value in vars(generation).items() if name in generations.c}
    row |= {"params": dict(generation.params), "repairs": list(generation.repairs)}
    if not await insert_if_new(connection, generations, row, key=("user_id", "key", "attempt")):
        raise Conflict(IN_FLIGHT)
    quoted = await _move(connection, generation, "quoted", {})
    here = await _move(connection, quoted, to, values)
    known = "the price is not known beforehand" if generation.quote_micros is None else ""
    begun = [_step(generation, ""), _step(quoted, known), _step(here, detail)]
    await connection.execute(_ADD_STEPS, begun)
    return here


async def _move(
    connection: AsyncConnection, generation: Generation, to: GenerationState, values: Mapping[str, Any]
) -> Generation:
    if to not in LEGAL[generation.state]:
        raise ValueError(f"A generation does not go from {generation.state} to {to}.")
    posts = generation.posts + (to == "sending")
    move = {"state": to, "moves": generation.moves + 1, "posts": posts, "updated_at": now()}
    return await _change(connection, generation, {**move, **values})


async def _change(
    connection: AsyncConnection, generation: Generation, values: Mapping[str, Any]
) -> Generation:
    """Set values, if nobody has moved it: then ``generation`` is the row, and what it weighs is known too."""
    which = {"of_user_id": generation.user_id, "of_id": generation.id, "of_moves": generation.moves}
    weight = await first(connection, _CHANGE, {**which, **values})
    if weight is None:
        raise Conflict(f"The picture is no longer {generation.state}: somebody else works on it.")
    return replace(generation, **values, **weight)


def _step(generation: Generation, detail: str) -> dict[str, Any]:
    """The line of history for where a generation has come to."""
    return {
        "generation_id": generation.id,
        "seq": generation.moves,
        "state": generation.state,
        "at": generation.updated_at,
        "detail": detail,
    }


async def _check_doubts(connection: AsyncConnection, generation: Generation) -> None:
    """Raise when the person has not been told of another that may have been charged.

    A turn is the person's word. Within one, a model could ask again by itself; after it, they have read what
    it says. So being told now lets the next turn through.
    """
    if not generation.turn_id:
        return
    rows = (await connection.execute(_DOUBTS, _place(generation))).all()
    if rows:
        named = ", ".join(f"{row.id} (request {row.request_id or 'not known'})" for row in rows)
        raise fault("in_doubt", paid="unpaid", detail=f"It may have been charged: generation {named}.")


def _place(generation: Generation) -> dict[str, Any]:
    return {
        "of_user_id": generation.user_id,
        "of_conversation": generation.conversation_id,
        "told_in": generation.turn_id,
    }
