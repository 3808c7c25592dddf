"""The person keeps an identity."""

from __future__ import annotations

from coach import Context, Identities, Result, action

from ._shared import IdentityId


@action()
async def accept_identity(ctx: Context, identities: Identities, *, identity_id: IdentityId) -> Result[None]:
    """Record that the user chose an identity to go on with. It becomes the one you talk about."""
    await identities.update(ctx.user_id, identity_id, stage="accepted")
    chosen = await identities.focus(ctx.user_id, identity_id)
    return Result(say=f"{chosen.name} is chosen.")
