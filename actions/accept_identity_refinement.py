"""The person is content with an identity's name and meaning."""

from __future__ import annotations

from coach import Context, Identities, Result, action

from ._shared import IdentityId


@action()
async def accept_identity_refinement(
    ctx: Context, identities: Identities, *, identity_id: IdentityId
) -> Result[None]:
    """Record that the user is content with the identity's name and what it means to them."""
    refined = await identities.update(ctx.user_id, identity_id, stage="refined")
    return Result(say=f"{refined.name} stands as it is.")
