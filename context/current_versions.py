"""The pictures of the current identity."""

from __future__ import annotations

from coach import Context, Identities, Versions, context_key

from ._seen import VersionSeen


@context_key
async def current_versions(ctx: Context, identities: Identities, versions: Versions) -> list[VersionSeen]:
    """The versions of the current identity's picture, oldest first."""
    identity = await identities.current(ctx.user_id)
    if identity is None:
        return []
    rows = await versions.list(ctx.user_id, identity.handle)
    return [VersionSeen(handle=row.handle, accepted=row.id == identity.accepted_version_id) for row in rows]
