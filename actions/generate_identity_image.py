"""The moment everything exists for: the person sees themselves as the identity they chose."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from coach import (
    Context,
    Identities,
    Identity,
    PhotoCoach,
    PictureRequest,
    Prompts,
    Reference,
    Refused,
    Result,
    Studio,
    Terms,
    action,
)

from ._pictures import first_look, photos_to_send, portrait, scene_of
from ._shared import IdentityId, PictureData


async def _wanted(
    ctx: Context,
    identities: Identities,
    photo_coach: PhotoCoach,
    prompts: Prompts,
    studio: Studio,
    *,
    identity_id: str,
    prompt: str | None,
    anyway: bool,
) -> tuple[PictureRequest, Identity, str]:
    """What the picture service is asked for, of whom, and the scene in it."""
    identity = await identities.get(ctx.user_id, identity_id)
    scene = prompt or identity.visualization
    if not scene:
        raise Refused(f"{identity.name} has no visualization yet. Find the moment with the user first.")
    chosen = await photos_to_send(ctx, photo_coach, studio, anyway=anyway)
    text = prompts.render("images/identity.md", scene_of(identity, scene, chosen)).text
    references = [Reference(kind="photo", id=photo) for photo in chosen]
    return portrait(text, references, studio), identity, scene


async def _terms(
    ctx: Context,
    identities: Identities,
    photo_coach: PhotoCoach,
    prompts: Prompts,
    studio: Studio,
    **asked: Any,
) -> Terms:
    request, *_ = await _wanted(ctx, identities, photo_coach, prompts, studio, **asked)
    return await studio.terms.of(ctx, request)


@action(timeout=600, spends=True, exclusive="identity_id", effect="adds", terms=_terms)
async def generate_identity_image(
    ctx: Context,
    identities: Identities,
    photo_coach: PhotoCoach,
    prompts: Prompts,
    studio: Studio,
    *,
    identity_id: IdentityId,
    prompt: Annotated[
        str | None,
        Field(description="The scene to show. Left out: the identity's own visualization.", max_length=4000),
    ] = None,
    anyway: Annotated[
        bool,
        Field(
            description="True only when the user was told what is wrong with their photo, and wants the "
            "picture made from it all the same."
        ),
    ] = False,
) -> Result[PictureData]:
    """Make a picture of the user living as one of their identities, from their photo.

    Call this only when the user has a photo and has agreed to see the picture. It takes a minute and costs
    money. Calling it again makes another version; none is lost.
    """
    request, identity, scene = await _wanted(
        ctx, identities, photo_coach, prompts, studio, identity_id=identity_id, prompt=prompt, anyway=anyway
    )
    generated = await studio.generate(ctx, request, identity_id=identity.id, wish=scene)
    return first_look(identity, generated)
