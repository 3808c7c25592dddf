"""What the person wants to be called."""

from __future__ import annotations

from coach import Context, People, context_key


@context_key
async def user_name(ctx: Context, people: People) -> str | None:
    """What the user wants to be called, or nothing while they have not said."""
    person = await people.ensure(ctx.user_id)
    return person.name
