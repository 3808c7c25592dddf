"""On to the next phase."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from coach import Context, Result, Retry, action


@action()
async def transition_phase(
    ctx: Context,
    *,
    phase: Annotated[
        str, Field(description="The phase to go to, as named in your instructions.", max_length=64)
    ],
) -> Result[None]:
    """Go on to the next phase, when what this one is for is done and the user is ready."""
    if phase not in ctx.next:
        following = ", ".join(f"`{name}`" for name in ctx.next) or "none: this is the last phase"
        raise Retry(f"From here one can go to: {following}.")
    return Result(say=f"You go on to {phase}.", next=phase)
