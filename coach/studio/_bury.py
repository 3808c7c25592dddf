"""What the books keep of a person's pictures when the person is erased: the money, and nobody's name.

A picture that was charged stays in the ledger as nobody's: its model, what it cost, what was counted, its
tenant and its day. So what a tenant, a day or a model cost does not change. What was in doubt is settled as
charged, at its quote: afterwards there is no person left who could say otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coach.store._rows import every
from coach.store.erase import NOBODY, nobodys_identity
from coach.store.states import ENDS
from coach.store.tables import accounts, generation_steps, generations
from coach.studio.accounts import GENERATIONS, HELD, PAID, SPENT, day_of
from coach.studio.ledger import Generation, Ledger

_ROW = generations.c

_EMPTY = dict.fromkeys(
    ("parent_id", "told_in", "job_id", "request_id", "spool", "seconds", "request", "wish")
) | dict.fromkeys(("request_hash", "conversation_id", "turn_id", "prompt"), "")


@dataclass(frozen=True, kw_only=True)
class Buried:
    """What became of a person's lines in the ledger.

    Attributes:
        lines: How many there were.
        kept: How many the books keep, as nobody's.
        kept_micros: What those cost, in micro-dollars.
        settled: Those that were in doubt or under way, and now count as charged at their quote.
    """

    lines: int = 0
    kept: int = 0
    kept_micros: int = 0
    settled: tuple[Generation, ...] = ()


async def of_person(
    connection: AsyncConnection, user_id: str, *, open: bool = False, lock: bool = False
) -> Sequence[Generation]:
    """Everything that was ever asked for by a person, oldest first.

    Args:
        open: Only what has not ended.
        lock: Nobody else moves any of it until the transaction ends.
    """
    mine = GENERATIONS.where(_ROW.user_id == user_id).order_by(_ROW.created_at, _ROW.id)
    if open:
        mine = mine.where(_ROW.state.not_in(ENDS))
    return await every(connection, mine.with_for_update() if lock else mine, Generation)


async def bury(
    connection: AsyncConnection, ledger: Ledger, user_id: str, mine: Sequence[Generation]
) -> Buried:
    """Settle what is open, give nobody what was charged, and delete the rest.

    Args:
        connection: A write transaction.
        mine: Everything of the person, locked; no version is made of any of it any more.
    """
    settled = [one for one in mine if one.state in ("sending", "received", "unknown")]
    for generation in mine:
        if generation.state not in ENDS:
            await _settle(connection, ledger, generation)
    ids = select(_ROW.id).where(_ROW.user_id == user_id)
    await connection.execute(delete(generation_steps).where(generation_steps.c.generation_id.in_(ids)))
    charged = select(_ROW.id, _ROW.usage, SPENT.label("micros")).where(_ROW.user_id == user_id, PAID)
    kept = (await connection.execute(charged)).all()
    if kept:
        identity = await nobodys_identity(connection)
        for row in kept:
            values = {"user_id": NOBODY, "identity_id": identity, "key": row.id, "usage": _counts(row.usage)}
            values |= {"params": {}, "repairs": [], **_EMPTY}
            await connection.execute(update(generations).where(_ROW.id == row.id).values(values))
    await connection.execute(delete(generations).where(_ROW.user_id == user_id))
    await connection.execute(delete(accounts).where(accounts.c.user_id == user_id))
    if kept:
        await _add_up(connection)
    total = sum(int(row.micros) for row in kept)
    return Buried(lines=len(mine), kept=len(kept), kept_micros=total, settled=tuple(settled))


async def _settle(connection: AsyncConnection, ledger: Ledger, generation: Generation) -> None:
    match generation.state:
        case "planned" | "quoted" | "reserved":
            await ledger.advance(
                generation, "failed", connection=connection, error_code="stopped", paid="unpaid", spool=None
            )
        case "stored":
            await ledger.advance(generation, "judged", "done", connection=connection)
        case "judged":
            await ledger.advance(generation, "done", connection=connection)
        case state:
            paid = "paid" if state == "received" else "unknown"
            await ledger.advance(
                generation, "failed", connection=connection, error_code="resolved", paid=paid, spool=None
            )


async def _add_up(connection: AsyncConnection) -> None:
    """Make the accounts of nobody equal what nobody has in the ledger."""
    await connection.execute(delete(accounts).where(accounts.c.user_id == NOBODY))
    day = day_of(connection, _ROW.created_at).label("part")
    sums = func.sum(HELD).label("held_micros"), func.sum(SPENT).label("spent_micros")
    days = await connection.execute(select(day, *sums).where(_ROW.user_id == NOBODY).group_by(day))
    owner: dict[str, Any] = {"owner": NOBODY, "user_id": NOBODY}
    rows = [
        owner | {"kind": "person_day", "part": part, "held_micros": int(held), "spent_micros": int(spent)}
        for part, held, spent in days
    ]
    whole = {name: sum(row[name] for row in rows) for name in ("held_micros", "spent_micros")}
    rows.append(owner | {"kind": "person", "part": "", **whole})
    await connection.execute(insert(accounts), rows)


def _counts(usage: Any) -> Any:
    """The numbers of what a service counted: its words could be anything."""
    if isinstance(usage, Mapping):
        counts = {name: _counts(value) for name, value in usage.items() if len(name) <= 40}
        return {name: value for name, value in counts.items() if value is not None}
    return usage if isinstance(usage, int | float) else None
