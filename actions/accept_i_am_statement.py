"""The person says: this is my statement."""

from __future__ import annotations

from coach import Context, Identities, Refused, Result, action

from ._shared import IdentityId


@action()
async def accept_i_am_statement(
    ctx: Context, identities: Identities, *, identity_id: IdentityId
) -> Result[None]:
    """Record that the user made the "I am" statement their own."""
    identity = await identities.get(ctx.user_id, identity_id)
    if not identity.statement:
        raise Refused(f"{identity.name} has no statement yet. Write one with the user first.")
    await identities.update(ctx.user_id, identity_id, stage="stated")
    return Result(say="The statement is theirs.")
