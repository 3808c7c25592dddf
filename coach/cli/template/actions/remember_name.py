"""Remembering what the person wants to be called."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from coach import Context, People, Result, action


@action
async def remember_name(
    ctx: Context,
    people: People,
    *,
    name: Annotated[str, Field(description="What the user wants to be called.", min_length=1, max_length=80)],
) -> Result[None]:
    """Remember what the user wants to be called. Call this as soon as they have told you."""
    await people.rename(ctx.user_id, name)
    return Result(say=f"From now on you call them {name}.", next="goodbye" if "goodbye" in ctx.next else None)
