"""The identity the conversation is about."""

from __future__ import annotations

from coach import Context, Identities, context_key

from ._seen import IdentitySeen, seen


@context_key
async def current_identity(ctx: Context, identities: Identities) -> IdentitySeen | None:
    """The identity the conversation is about, or null while none is chosen."""
    row = await identities.current(ctx.user_id)
    return None if row is None else seen(row)
