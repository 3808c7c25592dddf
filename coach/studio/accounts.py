"""What every generation weighs, and the accounts in which that is added up.

An account is one row for each turn, person, tenant and day that can have a budget. It changes in the same
transaction as the generation, by exactly what the generation's weight changed: so it always equals the sum
over the ledger, and a budget is checked without adding anything up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Executable, case, func, literal, or_, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from coach.store import states
from coach.store._rows import columns, every, insert_into, now
from coach.store.tables import BudgetKind, accounts, generations
from coach.studio.generation import Generation

_ROW = generations.c

IN_FLIGHT = or_(*(_ROW.state == state for state in states.IN_FLIGHT))
IN_DOUBT = _ROW.state == "unknown"
PAID = or_(
    *(_ROW.state == state for state in ("stored", "judged", "done")),
    # A failure that does not say it was unpaid is counted: not known is never zero.
    (_ROW.state == "failed") & _ROW.paid.is_distinct_from("unpaid"),
)

HELD: ColumnElement[int] = case((IN_FLIGHT | IN_DOUBT, func.coalesce(_ROW.quote_micros, 0)), else_=0)
"""What a generation holds: its quote, while it is being made and while it is in doubt."""

SPENT: ColumnElement[int] = case((PAID, func.coalesce(_ROW.actual_micros, _ROW.quote_micros, 0)), else_=0)
"""What a generation has spent: its cost, or its quote while the cost is not known."""

WEIGHT = HELD.label("held_micros"), SPENT.label("spent_micros")

GENERATIONS = select(*columns(generations, Generation), *WEIGHT)
"""Everybody's generations, as :class:`Generation`."""

# The owner and the part of the accounts a generation is counted in, in the order in which they are locked:
# what everybody shares comes last and is held for the shortest time.
_SCOPES: Mapping[BudgetKind, tuple[str, str]] = {
    "turn": ("user_id", "turn_id"),
    "person": ("user_id", "all"),
    "person_day": ("user_id", "day"),
    "tenant": ("tenant", "all"),
    "tenant_day": ("tenant", "day"),
    "day": ("all", "day"),
}


@dataclass(frozen=True, kw_only=True)
class Account:
    """Money held and spent in one scope, in micro-dollars.

    Attributes:
        kind: What the scope is.
        owner: The person or the tenant; ``""`` for everybody.
        part: The day (UTC, ``2026-11-20``) or the turn; ``""`` for all of it.
    """

    kind: BudgetKind
    owner: str
    part: str
    held_micros: int
    spent_micros: int


async def charge(connection: AsyncConnection, before: Generation, after: Generation) -> Sequence[Account]:
    """Add what a generation now weighs more, or less, to every account it is counted in.

    The accounts stay locked until the transaction ends.

    Args:
        before: The generation as it was; nobody else has moved it since.

    Returns:
        The accounts as they are then; none, when the weight is the same.
    """
    held, spent = after.held_micros - before.held_micros, after.spent_micros - before.spent_micros
    if not held and not spent:
        return ()
    return await every(connection, _adding(connection.dialect.name), Account, _shares(after, held, spent))


async def standing(connection: AsyncConnection, user_id: str, tenant: str) -> Mapping[str, Account]:
    """The accounts a person's next picture would be counted in, but for its turn's, by their kind.

    Those in which nothing was ever counted are left out.
    """
    scopes = _scopes(user_id=user_id, tenant=tenant, at=now())
    row = tuple_(accounts.c.kind, accounts.c.owner, accounts.c.part)
    asked = select(*columns(accounts, Account)).where(row.in_(scopes))
    return {each.kind: each for each in await every(connection, asked, Account)}


def _scopes(
    *, user_id: str, tenant: str, at: datetime, turn_id: str = ""
) -> list[tuple[BudgetKind, str, str]]:
    """The kind, owner and part of each account in which a picture is counted."""
    day = at.astimezone(UTC).date().isoformat()
    values = {"user_id": user_id, "tenant": tenant, "turn_id": turn_id, "day": day, "all": ""}
    return [
        (kind, values[owner], values[part])
        for kind, (owner, part) in _SCOPES.items()
        if kind != "turn" or turn_id
    ]


def _shares(generation: Generation, held: int, spent: int) -> list[dict[str, Any]]:
    """A row of money more for each account a generation is counted in."""
    scopes = _scopes(
        user_id=generation.user_id,
        tenant=generation.tenant,
        at=generation.created_at,
        turn_id=generation.turn_id,
    )
    return [
        {"kind": kind, "owner": owner, "part": part}
        | {"user_id": generation.user_id if _SCOPES[kind][0] == "user_id" else None}
        | {"held_micros": held, "spent_micros": spent}
        for kind, owner, part in scopes
    ]


@cache
def _adding(dialect: str) -> Executable:
    """Rows of money more, in the order in which their accounts are locked. Made once: that takes long."""
    insert = insert_into(dialect, accounts)
    sums = {name: accounts.c[name] + insert.excluded[name] for name in ("held_micros", "spent_micros")}
    add = insert.on_conflict_do_update(index_elements=list(accounts.primary_key), set_=sums)
    return add.returning(*columns(accounts, Account))


async def differences(connection: AsyncConnection) -> list[str]:
    """The accounts that do not equal the sum over the ledger, one sentence each; none: all is well.

    Those of tenants and days may be higher: they keep what people spent who were deleted.
    """
    kept = {
        _name(each): each for each in await every(connection, select(*columns(accounts, Account)), Account)
    }
    found = {_name(each): each for each in await every(connection, _recount(connection), Account)}
    return [
        f"{name}: kept {_sums(kept.get(name))}, in the ledger {_sums(found.get(name))}"
        for name in sorted(kept.keys() | found.keys())
        if not _fits(name[0], _sums(kept.get(name)), _sums(found.get(name)))
    ]


def day_of(connection: AsyncConnection, moment: ColumnElement[Any]) -> ColumnElement[str]:
    """The day of a moment in UTC, as ``2026-11-20``."""
    if connection.dialect.name == "sqlite":
        return func.strftime("%Y-%m-%d", moment)
    return func.to_char(func.timezone("UTC", moment), "YYYY-MM-DD")


def _recount(connection: AsyncConnection) -> Any:
    whole: dict[str, ColumnElement[str]] = {name: _ROW[name] for name in ("user_id", "turn_id", "tenant")}
    whole |= {"day": day_of(connection, _ROW.created_at), "all": literal("")}
    sums = func.sum(HELD).label("held_micros"), func.sum(SPENT).label("spent_micros")
    return union_all(
        *(
            select(literal(kind).label("kind"), whole[owner].label("owner"), whole[part].label("part"), *sums)
            .where((_ROW.turn_id != "") if kind == "turn" else literal(True))
            .group_by("owner", "part")
            for kind, (owner, part) in _SCOPES.items()
        )
    )


def _name(account: Account) -> tuple[str, str, str]:
    return account.kind, account.owner, account.part


def _sums(account: Account | None) -> tuple[int, int]:
    return (0, 0) if account is None else (int(account.held_micros), int(account.spent_micros))


def _fits(kind: str, kept: tuple[int, int], found: tuple[int, int]) -> bool:
    if kind in ("turn", "person", "person_day"):
        return kept == found
    return kept[0] >= found[0] and kept[1] >= found[1]
