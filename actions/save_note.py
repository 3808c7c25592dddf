"""What is worth remembering about the person."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from coach import Context, Notes, Result, action


@action(effect="adds")
async def save_note(
    ctx: Context,
    notes: Notes,
    *,
    text: Annotated[
        str, Field(description="One thing about the user, in a sentence.", min_length=1, max_length=500)
    ],
) -> Result[None]:
    """Remember something about the user: what they love, do, fear or hope for.

    Save what helps to find their identities later; one fact in each note, in your own words.
    """
    await notes.add(ctx.user_id, text)
    return Result(say="Noted.")
