"""Money as people read it."""

from __future__ import annotations


def dollars(micros: int | None) -> str:
    """Micro-dollars as dollars; what is not known says so, and is never zero."""
    return "unknown" if micros is None else f"${micros / 1_000_000:.4f}"
