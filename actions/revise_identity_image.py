"""The same person, the same moment, one wish changed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from coach import Context, Identities, Photos, Prompts, Refused, Result, Studio, Versions, action

from ._pictures import first_look, portrait, scene_of
from ._shared import IdentityId, PictureData, Version


@action(timeout=600, spends=True, exclusive="identity_id")
async def revise_identity_image(
    ctx: Context,
    identities: Identities,
    photos: Photos,
    prompts: Prompts,
    studio: Studio,
    versions: Versions,
    *,
    identity_id: IdentityId,
    change: Annotated[
        str, Field(description="What to change, in the user's words.", min_length=1, max_length=2000)
    ],
    version: Version = None,
) -> Result[PictureData]:
    """Change a picture the way the user asked; what they did not mention stays. It makes a new version."""
    identity = await identities.get(ctx.user_id, identity_id)
    photo = await photos.primary(ctx.user_id)
    if photo is None:
        raise Refused("The user's photo is gone. Ask them to add one.")
    parent = (
        await versions.get(ctx.user_id, identity_id, version)
        if version
        else await versions.latest(ctx.user_id, identity_id)
    )
    if parent is None:
        raise Refused(f"{identity.name} has no picture yet. Make the first one.")
    scene = identity.visualization or identity.name
    text = prompts.render("images/revision.md", {**scene_of(identity, scene), "change": change}).text
    # The original photo goes along each time: a copy of a copy drifts away from the face.
    request = portrait(text, photo.id, version_id=parent.id)
    generated = await studio.generate(ctx, request, identity_id=identity.id, parent=parent.id)
    return first_look(identity, generated)
