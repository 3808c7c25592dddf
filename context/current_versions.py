"""The pictures of the current identity."""

from __future__ import annotations

from coach import Context, Identities, Versions, context_key

from ._seen import VersionSeen

LONGEST = 80
"""Characters of a wish that are shown; enough to know the picture by."""


@context_key
async def current_versions(ctx: Context, identities: Identities, versions: Versions) -> list[VersionSeen]:
    """The versions of the current identity's picture, oldest first."""
    identity = await identities.current(ctx.user_id)
    if identity is None:
        return []
    return [
        VersionSeen(
            handle=each.handle,
            parent=each.parent,
            # Of a picture that was made from none, it is the scene: that is known already.
            wish=" ".join((each.wish or "").split())[:LONGEST] if each.parent else None,
            likeness=each.likeness or "not measured",
            accepted=each.accepted,
        )
        for each in await versions.outline(ctx.user_id, identity.handle)
    ]
