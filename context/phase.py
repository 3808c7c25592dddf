"""Where in the journey the conversation is."""

from __future__ import annotations

from dataclasses import dataclass

from coach import Context, context_key


@dataclass(frozen=True, kw_only=True)
class PhaseSeen:
    """The phase, and those that may follow."""

    name: str
    next: tuple[str, ...]


@context_key
async def phase(ctx: Context) -> PhaseSeen:
    """The current phase and the phases one can go to from it."""
    return PhaseSeen(name=ctx.phase, next=ctx.next)
