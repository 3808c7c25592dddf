"""What may be spent on pictures, and on whose account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import TYPE_CHECKING

from coach._money import dollars
from coach.errors import PictureError
from coach.studio.faults import fault

if TYPE_CHECKING:
    from coach.studio.accounts import Account


@dataclass(frozen=True, kw_only=True)
class Budgets:
    """Limits in micro-dollars; ``None``: no limit. A day is one of UTC, by when a picture was asked for.

    Whatever is being made, or may have been charged, counts at its quote; what was charged at its cost. While
    any limit is set, a picture whose price is not known beforehand is refused.

    Attributes:
        picture: For one picture; a second try is another.
        turn: For all that follows from one message of a person.
        person: For one person, in all.
        person_day: For one person in one day.
        tenant: For all people of one tenant, in all. Those without a tenant are together one.
        tenant_day: For all people of one tenant in one day.
        day: For everybody in one day.
    """

    picture: int | None = None
    turn: int | None = None
    person: int | None = None
    person_day: int | None = None
    tenant: int | None = None
    tenant_day: int | None = None
    day: int | None = None

    @classmethod
    def of_usd(cls, **limits: Decimal | float | None) -> Budgets:
        """Limits in US dollars, by the names of the attributes. A float counts as it is written."""
        return cls(**{name: None if usd is None else to_micros(usd) for name, usd in limits.items()})

    def check(self, quote_micros: int | None, accounts: Sequence[Account]) -> None:
        """Look whether one more picture fits.

        Args:
            quote_micros: The most it can cost; ``None``: not known.
            accounts: What it is counted in, with itself.

        Raises:
            PictureError: Unpaid. ``over_budget``: it is too dear by itself, or its price is not known;
                ``budget_spent``: with the others it is too much. ``detail`` names the budget.
        """
        limits = {
            each.name: limit for each in fields(self) if (limit := getattr(self, each.name)) is not None
        }
        if quote_micros is None:
            if limits:
                named = ", ".join(map(_named, limits))
                detail = f"Its price is not known beforehand, and there is a limit: {named}."
                raise fault("over_budget", paid="unpaid", detail=detail)
            return
        if self.picture is not None and quote_micros > self.picture:
            allowed, cost = dollars(self.picture), dollars(quote_micros)
            detail = f"The {_named('picture')} allows {allowed}, and this picture can cost {cost}."
            raise fault("over_budget", paid="unpaid", detail=detail)
        for account in accounts:
            limit = limits.get(account.kind)
            if limit is not None and account.held_micros + account.spent_micros > limit:
                raise _spent(account, limit, quote_micros)


def _spent(account: Account, limit: int, quote_micros: int) -> PictureError:
    held, spent = dollars(account.held_micros - quote_micros), dollars(account.spent_micros)
    detail = (
        f"The {_named(account.kind)} allows {dollars(limit)}; {held} is held, {spent} is spent, "
        f"and this picture can cost {dollars(quote_micros)}."
    )
    return fault("budget_spent", paid="unpaid", detail=detail)


def _named(budget: str) -> str:
    """A budget by its name and by the setting it comes from, where it comes from one."""
    return f"budget {budget} (COACH_MAX_{budget.upper()}_USD)"


def to_micros(usd: Decimal | float) -> int:
    """Whole micro-dollars, rounded down."""
    return int(Decimal(str(usd)) * 1_000_000)
