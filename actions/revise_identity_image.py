"""The same person, the same moment, one wish changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from coach import (
    Context,
    Identities,
    Identity,
    NotFound,
    PhotoCoach,
    PictureRequest,
    Prompts,
    Reference,
    Refused,
    Result,
    Retry,
    Revision,
    Store,
    Studio,
    Terms,
    Versions,
    action,
    find_mask,
    last_shown,
)

from ._pictures import first_look, photos_to_send, portrait, scene_of
from ._shared import IdentityId, PictureData, Version


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    identity: Identity
    revision: Revision
    request: PictureRequest
    left_out: int


async def _wanted(
    ctx: Context,
    identities: Identities,
    photo_coach: PhotoCoach,
    prompts: Prompts,
    store: Store,
    studio: Studio,
    versions: Versions,
    *,
    identity_id: str,
    change: str,
    version: str | None,
    mask: str | None,
) -> _Wanted:
    identity = await identities.get(ctx.user_id, identity_id)
    nodes = await versions.tree(ctx.user_id, identity_id)
    if not nodes:
        raise Refused(f"{identity.name} has no picture yet. Make the first one.")
    marked = await _marked(ctx, store, mask)
    which = version or last_shown(nodes).handle
    revision = Revision.of(nodes, which, change, marked=marked is not None)
    # Whether the photo serves was settled before the first picture.
    chosen = await photos_to_send(ctx, photo_coach, studio, beside=0 if revision.afresh else 1, anyway=True)
    values = scene_of(identity, revision.scene or identity.visualization or identity.name, chosen)

    def render(wishes: Sequence[str]) -> str:
        if revision.afresh:
            return prompts.render("images/afresh.md", values | {"wishes": wishes}).text
        *earlier, last = wishes
        told = {"earlier": earlier, "change": last, "marked": marked is not None}
        return prompts.render("images/revision.md", values | told).text

    text, left_out = revision.prompt(render)
    request = portrait(text, revision.references(chosen), studio, mask=marked)
    return _Wanted(identity=identity, revision=revision, request=request, left_out=left_out)


async def _terms(
    ctx: Context,
    identities: Identities,
    photo_coach: PhotoCoach,
    prompts: Prompts,
    store: Store,
    studio: Studio,
    versions: Versions,
    **asked: Any,
) -> Terms:
    wanted = await _wanted(ctx, identities, photo_coach, prompts, store, studio, versions, **asked)
    return await studio.terms.of(ctx, wanted.request)


@action(timeout=600, spends=True, exclusive="identity_id", effect="adds", terms=_terms)
async def revise_identity_image(
    ctx: Context,
    identities: Identities,
    photo_coach: PhotoCoach,
    prompts: Prompts,
    store: Store,
    studio: Studio,
    versions: Versions,
    *,
    identity_id: IdentityId,
    change: Annotated[
        str, Field(description="What to change, in the user's words.", min_length=1, max_length=2000)
    ],
    version: Version = None,
    mask: Annotated[
        str | None,
        Field(
            description="A part the user marked on their screen, e.g. `m-3fa9c1d2`: only that part changes. "
            "Left out: none.",
            max_length=64,
        ),
    ] = None,
) -> Result[PictureData]:
    """Change a picture the way the user asked; what they did not mention stays. It makes a new version.

    Changing an older version makes a branch of it: `v2a` comes from `v2`. None is lost.
    """
    wanted = await _wanted(
        ctx,
        identities,
        photo_coach,
        prompts,
        store,
        studio,
        versions,
        identity_id=identity_id,
        change=change,
        version=version,
        mask=mask,
    )
    revision = wanted.revision
    generated = await studio.generate(
        ctx,
        wanted.request,
        identity_id=wanted.identity.id,
        parent=revision.parent.id,
        wish=revision.wishes[-1],
    )
    return first_look(wanted.identity, generated, afresh=revision.afresh, left_out=wanted.left_out)


async def _marked(ctx: Context, store: Store, handle: str | None) -> Reference | None:
    """The part that was marked.

    Raises:
        Retry: The user has marked no such part.
    """
    if handle is None:
        return None
    try:
        return await find_mask(store, ctx.user_id, handle)
    except NotFound as exc:
        raise Retry(f"{exc} Leave it out, or ask the user to mark the part once more.") from exc
