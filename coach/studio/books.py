"""The money of everybody, for operators: what was spent, what is held, what is in doubt."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, time
from typing import Any, Literal

from sqlalchemy import ColumnElement, func, select

from coach.errors import Conflict, Paid
from coach.store._rows import every, one
from coach.store.database import Database
from coach.store.pages import MOST, Dated, Page, page
from coach.store.states import GenerationState
from coach.store.tables import generations
from coach.studio.accounts import GENERATIONS, HELD, IN_DOUBT, IN_FLIGHT, PAID, SPENT, day_of, differences
from coach.studio.faults import shows
from coach.studio.generation import Generation
from coach.studio.ledger import Ledger
from coach.studio.leftovers import refuse_if_here
from coach.studio.spool import Spool
from coach.text import storable

By = Literal["day", "person", "tenant", "model"]
"""What spending can be told by."""

_ROW = generations.c


@dataclass(frozen=True, kw_only=True)
class Spending:
    """What the pictures of one day, person, tenant or model cost, in micro-dollars.

    Attributes:
        of: The day (UTC, ``2026-11-20``), the person, the tenant or the model.
        pictures: How many requests were charged.
        spent_micros: What they cost; the quote where the service's count was of no use.
        at_quote: For how many that is so.
        unsplit: How many were counted without saying which output is text; all of it is priced as pictures,
            the dearer of the two.
        held_micros: What those hold that are being made.
        in_doubt: How many may have been charged.
        doubt_micros: What they hold.
        unpriced: How many of all these have no price that is known. They are in none of the sums.
    """

    of: str
    pictures: int
    spent_micros: int
    at_quote: int
    unsplit: int
    held_micros: int
    in_doubt: int
    doubt_micros: int
    unpriced: int


@dataclass(frozen=True, kw_only=True)
class Line(Dated):
    """A generation as an operator sees it: how it stands and what it costs, nothing of what it shows."""

    user_id: str
    tenant: str
    conversation_id: str
    engine: str
    model: str
    operation: str
    state: GenerationState
    attempt: int
    posts: int
    quote_micros: int | None
    actual_micros: int | None
    paid: Paid | None
    error_code: str | None
    request_id: str | None
    job_id: str | None
    updated_at: datetime

    @classmethod
    def of(cls, row: Generation) -> Line:
        """The line of a generation."""
        return cls(**{each.name: getattr(row, each.name) for each in fields(cls)}).without_address()

    def without_address(self) -> Line:
        """The same, where the service's id of the job is the address of the picture: that is left out."""
        return replace(self, job_id=None) if self.job_id and shows(self.job_id) else self


class Books:
    """The money of everybody. Nothing here is for a person or a model to ask for: see :class:`Ledger`.

    Args:
        spool: This machine's: a picture that lies in it is not settled by hand.
    """

    def __init__(self, database: Database, spool: Spool | None = None) -> None:
        self._database, self._spool = database, spool

    async def spending(
        self,
        by: By = "day",
        *,
        user_id: str | None = None,
        since: date | None = None,
        after: str | None = None,
        most: int | None = None,
    ) -> list[Spending]:
        """What pictures cost and hold, one line for each day, person, tenant or model, in that order.

        Args:
            by: What makes a line.
            user_id: Only this person's.
            since: Only what was asked for on this day of UTC or later.
            after: Only lines that come after this day, person, tenant or model.
            most: So many lines; ``None``: all.
        """
        known = func.coalesce(_ROW.actual_micros, _ROW.quote_micros)
        unsplit = _ROW.usage["output_tokens_details"].as_string().is_(None)
        which: list[ColumnElement[bool]] = [IN_FLIGHT | IN_DOUBT | PAID]
        if user_id is not None:
            which.append(_ROW.user_id == user_id)
        if since is not None:
            which.append(_ROW.created_at >= datetime.combine(since, time(), UTC))
        async with self._database.read() as connection:
            lines: dict[By, ColumnElement[Any]] = {
                "day": day_of(connection, _ROW.created_at),
                "person": _ROW.user_id,
                "tenant": _ROW.tenant,
                "model": _ROW.model,
            }
            if after is not None:
                which.append(lines[by] > storable(after))
            asked = select(
                lines[by].label("of"),
                _count("pictures", PAID),
                _sum("spent_micros", SPENT, PAID),
                _count("at_quote", PAID & _ROW.actual_micros.is_(None) & known.is_not(None)),
                _count("unsplit", PAID & _ROW.actual_micros.is_not(None) & unsplit),
                _sum("held_micros", HELD, IN_FLIGHT),
                _count("in_doubt", IN_DOUBT),
                _sum("doubt_micros", HELD, IN_DOUBT),
                _count("unpriced", known.is_(None)),
            )
            asked = asked.where(*which).group_by("of").order_by("of").limit(most)
            found = await connection.execute(asked)
            # PostgreSQL's sums are decimals.
            rows = [{name: _plain(value) for name, value in row.items()} for row in found.mappings()]
        return [Spending(**row) for row in rows]

    async def lines(
        self, *, in_doubt: bool = False, after: str | None = None, most: int = MOST
    ) -> Page[Line]:
        """A page of everybody's generations, the newest first.

        Args:
            in_doubt: Only those that may have been charged.

        Raises:
            InputRefused: ``after`` is no page's ``next``.
        """
        which = [IN_DOUBT] if in_doubt else []
        async with self._database.read() as connection:
            found = await page(connection, generations, Line, *which, after=after, most=most)
        return replace(found, rows=[line.without_address() for line in found.rows])

    async def in_doubt(self, user_id: str | None = None) -> list[Generation]:
        """Everybody's (or one person's) generations that may have been charged, oldest first."""
        return await self._listed(IN_DOUBT, user_id)

    async def in_flight(self, user_id: str | None = None) -> list[Generation]:
        """Those that are being made, or were when their process died, oldest first."""
        return await self._listed(IN_FLIGHT, user_id)

    async def for_nothing(self, user_id: str | None = None) -> list[Generation]:
        """Those that were charged and gave no picture, and nobody has settled, oldest first."""
        return await self._listed(PAID & (_ROW.state == "failed") & (_ROW.error_code != "resolved"), user_id)

    async def settle(
        self, generation_id: str, *, charged: bool, micros: int | None = None, who: str
    ) -> Generation:
        """End a generation that is in doubt, with what the operator found out at the service.

        Args:
            generation_id: Which one; anybody's.
            charged: Whether the service charged for it.
            micros: What it charged, in micro-dollars; ``None``: the quote is taken.
            who: Who says so, for the history.

        Raises:
            NotFound: There is no such generation.
            Conflict: It is not in doubt, or not any more; or its whole answer lies in the spool.
            ValueError: An amount below zero, or one that was not charged.
        """
        if micros is not None and (micros < 0 or not charged):
            raise ValueError("An amount is what was charged: zero or more, and only with charged=True.")
        asked = GENERATIONS.where(_ROW.id == generation_id)
        async with self._database.read() as connection:
            generation = await one(connection, asked, Generation, kind="generation", ref=generation_id)
        if generation.state != "unknown":
            raise Conflict(f"The picture is {generation.state}, not in doubt: there is nothing to settle.")
        if self._spool is not None:
            await asyncio.to_thread(refuse_if_here, self._spool, generation_id)
        return await Ledger(self._database).advance(
            generation,
            "failed",
            detail=f"settled by hand by {who}: {_found(charged, micros)}",
            error_code="resolved",
            paid="paid" if charged else "unpaid",
            actual_micros=micros,
            spool=generation.spool if charged else None,
        )

    async def _listed(self, which: ColumnElement[bool], user_id: str | None) -> list[Generation]:
        rows = GENERATIONS.where(which)
        if user_id is not None:
            rows = rows.where(_ROW.user_id == user_id)
        async with self._database.read() as connection:
            return await every(connection, rows.order_by(_ROW.created_at, _ROW.id), Generation)

    async def differences(self) -> list[str]:
        """Where the accounts do not equal the sum over the ledger, a line each. There should be none."""
        async with self._database.read() as connection:
            return await differences(connection)


def _found(charged: bool, micros: int | None) -> str:
    if not charged:
        return "not charged"
    return "charged, taken at its quote" if micros is None else f"charged {micros} micro-dollars"


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else int(value)


def _count(name: str, which: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(which).label(name)


def _sum(name: str, amount: ColumnElement[int], which: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(amount).filter(which), 0).label(name)
