"""All identities on the person's list."""

from __future__ import annotations

from coach import Context, Identities, context_key

from ._seen import IdentitySeen, seen


@context_key
async def identities(ctx: Context, identities: Identities) -> list[IdentitySeen]:
    """The person's identities, oldest first, without those they let go of."""
    return [seen(row) for row in await identities.list(ctx.user_id)]
