"""What a person's pictures cost them, what those hold that are being made, and what is left."""

from __future__ import annotations

from dataclasses import dataclass, fields

from coach.store.database import Database
from coach.studio.accounts import Account, standing
from coach.studio.budgets import Budgets

OWN = frozenset({"picture", "turn", "person", "person_day"})
"""The budgets that are one person's. From the rest others spend too: their amounts are not told."""


@dataclass(frozen=True, kw_only=True)
class Left:
    """A budget of one person, in micro-dollars.

    Attributes:
        name: ``person``, ``person_day``, ``turn`` or ``picture``.
        limit_micros: What may be spent.
        spent_micros: What was spent; of a picture or a turn, which begin anew each time, nothing.
        held_micros: What those hold that are being made or in doubt.
        left_micros: What is left.
    """

    name: str
    limit_micros: int
    spent_micros: int
    held_micros: int
    left_micros: int


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What one person spent and holds, in micro-dollars.

    Attributes:
        spent_micros: In all.
        held_micros: What those hold that are being made or in doubt.
        today_micros: What was spent today (UTC).
        limits: Their own budgets.
        used_up: Whether nothing is left of a budget that applies to them, also of one that others share.
    """

    spent_micros: int
    held_micros: int
    today_micros: int
    limits: tuple[Left, ...]
    used_up: bool


async def costs_of(database: Database, budgets: Budgets, user_id: str, *, tenant: str = "") -> Costs:
    """What a person spent, holds and has left.

    Args:
        budgets: What may be spent.
        tenant: Whose customer they are.
    """
    async with database.read() as connection:
        found = await standing(connection, user_id, tenant)
    spent, today = found.get("person", _NOTHING), found.get("person_day", _NOTHING)
    limits = {each.name: getattr(budgets, each.name) for each in fields(budgets)}
    left = [
        _left(name, limit, found.get(name, _NOTHING)) for name, limit in limits.items() if limit is not None
    ]
    return Costs(
        spent_micros=spent.spent_micros,
        held_micros=spent.held_micros,
        today_micros=today.spent_micros,
        limits=tuple(each for each in left if each.name in OWN),
        used_up=any(each.left_micros == 0 for each in left),
    )


_NOTHING = Account(kind="person", owner="", part="", held_micros=0, spent_micros=0)


def _left(name: str, limit: int, account: Account) -> Left:
    held, spent = account.held_micros, account.spent_micros
    left = max(0, limit - held - spent)
    return Left(name=name, limit_micros=limit, spent_micros=spent, held_micros=held, left_micros=left)
