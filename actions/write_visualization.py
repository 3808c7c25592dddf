"""What the person sees when they see themselves living as the identity."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from coach import Context, Identities, Result, action

from ._shared import IdentityId


@action()
async def write_visualization(
    ctx: Context,
    identities: Identities,
    *,
    identity_id: IdentityId,
    visualization: Annotated[
        str,
        Field(
            description="The scene in two to five sentences: place, light, what they do, what their face "
            "shows. Their own words where they gave them.",
            min_length=1,
            max_length=2000,
        ),
    ],
    appearance: Annotated[
        str | None,
        Field(
            description="What they wear and how they carry themselves in it, if they said.", max_length=600
        ),
    ] = None,
) -> Result[None]:
    """Write down the moment in which the user lives as the identity. The picture is made from it."""
    identity = await identities.get(ctx.user_id, identity_id)
    looks = appearance or identity.appearance
    await identities.update(ctx.user_id, identity_id, visualization=visualization, appearance=looks)
    return Result(say=f"The moment of {identity.name} is written down.")
