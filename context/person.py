"""Who the person is."""

from __future__ import annotations

from dataclasses import dataclass

from coach import Context, People, context_key


@dataclass(frozen=True, kw_only=True)
class PersonSeen:
    """What prompts may know of a person."""

    name: str | None


@context_key
async def person(ctx: Context, people: People) -> PersonSeen:
    """The person: what they want to be called, or no name yet."""
    row = await people.ensure(ctx.user_id)
    return PersonSeen(name=row.name)
