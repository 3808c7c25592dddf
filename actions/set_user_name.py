"""What the person is called."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from coach import Context, People, Result, action


@action()
async def set_user_name(
    ctx: Context,
    people: People,
    *,
    name: Annotated[str, Field(description="What the user wants to be called.", min_length=1, max_length=80)],
) -> Result[None]:
    """Remember what the user wants to be called. Call this once they have told you."""
    await people.rename(ctx.user_id, name)
    return Result(say=f"You call the user {name} from now on.")
