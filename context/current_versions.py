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
            handle=node.handle,
            parent=node.parent,
            # Of a picture that was made from none, it is the scene: that is known already.
            wish=" ".join((node.made.wish or "").split())[:LONGEST] if node.parent else None,
            likeness=node.likeness or "not measured",
            accepted=node.version.accepted_at is not None,
        )
        for node in await versions.tree(ctx.user_id, identity.handle)
    ]
