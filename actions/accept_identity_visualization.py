"""The person says: that is me."""

from __future__ import annotations

from pydantic import BaseModel

from coach import Context, Identities, Refused, Result, Versions, action

from ._shared import IdentityId, Version


class Accepted(BaseModel):
    """The accepted picture, for the application."""

    identity_id: str
    version_id: str
    handle: str
    blob: str


@action(by="user", exclusive="identity_id", ask="Is this picture how you see yourself?")
async def accept_identity_visualization(
    ctx: Context,
    identities: Identities,
    versions: Versions,
    *,
    identity_id: IdentityId,
    version: Version = None,
) -> Result[Accepted]:
    """Offer the user to accept a picture as how they see themselves. They decide with a button.

    Accepting another version later is fine; no version is ever deleted by it.
    """
    identity = await identities.get(ctx.user_id, identity_id)
    newest = await versions.latest(ctx.user_id, identity_id)
    if newest is None:
        raise Refused(f"{identity.name} has no picture yet, so there is nothing to accept.")
    accepted = await versions.accept(ctx.user_id, identity_id, version or newest.handle)
    data = Accepted(
        identity_id=identity.id, version_id=accepted.id, handle=accepted.handle, blob=accepted.blob
    )
    return Result(say=f"{accepted.handle} is how the user sees themselves as {identity.name}.", data=data)
