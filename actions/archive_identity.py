"""An identity the person lets go of."""

from __future__ import annotations

from coach import Context, Identities, Result, action

from ._shared import IdentityId


@action()
async def archive_identity(ctx: Context, identities: Identities, *, identity_id: IdentityId) -> Result[None]:
    """Take an identity off the list because the user does not want it. Nothing of it is deleted."""
    archived = await identities.archive(ctx.user_id, identity_id)
    return Result(say=f"{archived.name} is off the list.")
