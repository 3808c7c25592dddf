"""Money as people read it."""

from __future__ import annotations

from decimal import Decimal


def dollars(micros: int | None) -> str:
    """Micro-dollars as dollars, to the last one: what is the most is never more, and a limit that was missed
    by little is seen to be. What is not known says so, and is never zero."""
    if micros is None:
        return "unknown"
    whole, _, rest = f"{Decimal(micros) / 1_000_000:.6f}".partition(".")
    return f"${whole}.{rest.rstrip('0'):0<2}"
