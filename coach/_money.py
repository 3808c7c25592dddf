"""Money as people read it, and what several sums come to."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TypeVar

N = TypeVar("N", int, float)


def total(parts: Iterable[N | None]) -> N | None:
    """The sum; not known when a part is not known."""
    found: N = 0
    for part in parts:
        if part is None:
            return None
        found += part
    return found


def dollars(micros: int | None) -> str:
    """Micro-dollars as dollars, to the last one: what is the most is never more, and a limit that was missed
    by little is seen to be. What is not known says so, and is never zero."""
    if micros is None:
        return "unknown"
    whole, _, rest = f"{Decimal(micros) / 1_000_000:.6f}".partition(".")
    return f"${whole}.{rest.rstrip('0'):0<2}"
