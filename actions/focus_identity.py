"""The identity the conversation is about."""

from __future__ import annotations

from coach import Context, Identities, Result, action

from ._shared import IdentityId


@action()
async def focus_identity(ctx: Context, identities: Identities, *, identity_id: IdentityId) -> Result[None]:
    """Make an identity the one you talk about now. Call it when the user wants to work on another one."""
    current = await identities.focus(ctx.user_id, identity_id)
    return Result(say=f"You talk about {current.name} now.")
