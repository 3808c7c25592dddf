"""What was learnt about the person."""

from __future__ import annotations

from coach import Context, Notes, context_key


@context_key
async def notes(ctx: Context, notes: Notes) -> list[str]:
    """The last notes about the person, oldest first."""
    return [row.text for row in await notes.list(ctx.user_id)]
