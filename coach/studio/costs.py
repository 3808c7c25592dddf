"""What a person's pictures cost them, what those hold that are being made, and what is left."""

from __future__ import annotations

from dataclasses import dataclass, fields

from coach.store.database import Database
from coach.studio.accounts import Account, standing
from coach.studio.budgets import Budgets

OWN = frozenset({"picture", "turn", "person", "person_day"})
"""The budgets that are one person's. Others spend from the rest too: of those, no amounts are told."""


@dataclass(frozen=True, kw_only=True)
class Left:
    """A budget that applies to somebody, in micro-dollars.

    Attributes:
        name: As in :class:`coach.studio.budgets.Budgets`.
        limit_micros: What may be spent; ``None``: others spend from it too, and it is not told.
        spent_micros: What was; of a picture or a turn, which begin anew each time, nothing.
        held_micros: What those hold that are being made or in doubt.
        left_micros: What is left; of a budget of several people only that there is none, or ``None``.
    """

    name: str
    limit_micros: int | None = None
    spent_micros: int | None = None
    held_micros: int | None = None
    left_micros: int | None


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What one person spent and holds in all, and spent today (UTC), in micro-dollars; what is left."""

    spent_micros: int
    held_micros: int
    today_micros: int
    limits: tuple[Left, ...]


async def costs_of(database: Database, budgets: Budgets, user_id: str, *, tenant: str = "") -> Costs:
    """What a person spent, holds and has left.

    Args:
        budgets: What may be spent.
        tenant: Whose customer they are.
    """
    async with database.read() as connection:
        found = await standing(connection, user_id, tenant)
    spent, today = found.get("person", _NONE), found.get("person_day", _NONE)
    limits = {each.name: getattr(budgets, each.name) for each in fields(budgets)}
    return Costs(
        spent_micros=spent.spent_micros,
        held_micros=spent.held_micros,
        today_micros=today.spent_micros,
        limits=tuple(
            _left(name, limit, found.get(name, _NONE)) for name, limit in limits.items() if limit is not None
        ),
    )


_NONE = Account(kind="person", owner="", part="", held_micros=0, spent_micros=0)


def _left(name: str, limit: int, account: Account) -> Left:
    held, spent = account.held_micros, account.spent_micros
    left = max(0, limit - held - spent)
    if name not in OWN:
        return Left(name=name, left_micros=None if left else 0)
    return Left(name=name, limit_micros=limit, spent_micros=spent, held_micros=held, left_micros=left)
