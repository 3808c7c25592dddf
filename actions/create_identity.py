"""A new identity."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from coach import Context, Identities, Result, action

from ._shared import IdentityData


@action(effect="adds")
async def create_identity(
    ctx: Context,
    identities: Identities,
    *,
    name: Annotated[
        str, Field(description="The identity in two to four words.", min_length=1, max_length=80)
    ],
    note: Annotated[
        str | None, Field(description="Where in the user's life it comes from.", max_length=500)
    ] = None,
) -> Result[IdentityData]:
    """Put a new identity on the user's list. Call it once for each identity you suggest or they name."""
    made = await identities.add(ctx.user_id, name, note=note or "")
    return Result(say=f"{made.name} is on the list as {made.handle}.", data=IdentityData.of(made))
