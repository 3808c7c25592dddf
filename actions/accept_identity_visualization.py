"""The person says: that is me."""

from __future__ import annotations

import logging
from contextlib import suppress

from pydantic import BaseModel

from coach import (
    AgreedPicture,
    CoachError,
    Context,
    Identities,
    Identity,
    Node,
    Prompts,
    Refused,
    Result,
    Studio,
    Terms,
    Versions,
    action,
    last_shown,
)

from ._pictures import picture_data
from ._shared import IdentityId, PictureData, Version

log = logging.getLogger(__name__)


class Accepted(BaseModel):
    """The accepted picture, for the application."""

    identity_id: str
    version_id: str
    handle: str
    blob: str


async def _chosen(
    ctx: Context, identities: Identities, versions: Versions, identity_id: str, version: str | None
) -> tuple[Identity, Node]:
    identity = await identities.get(ctx.user_id, identity_id)
    nodes = await versions.tree(ctx.user_id, identity_id)
    if not nodes:
        raise Refused(f"{identity.name} has no picture yet, so there is nothing to accept.")
    return identity, await versions.node(ctx.user_id, identity_id, version or last_shown(nodes).handle)


async def _terms(
    ctx: Context,
    identities: Identities,
    prompts: Prompts,
    studio: Studio,
    versions: Versions,
    *,
    identity_id: str,
    version: str | None,
) -> Terms:
    identity, node = await _chosen(ctx, identities, versions, identity_id, version)
    if node.is_draft:
        text = _final_prompt(prompts, node)
        # Where no final picture can be made, they may accept the draft all the same.
        with suppress(CoachError):
            return await studio.terms.of_final(
                ctx, identity_id=identity.id, version=node.version.id, prompt=text
            )
    shown = AgreedPicture(name=node.handle, sha256=node.version.sha256, blob=node.version.blob)
    return Terms(pictures=(shown,), micros=0)


def _final_prompt(prompts: Prompts, node: Node) -> str:
    return prompts.render("images/final.md", {"photos": len(node.made.photos)}).text


@action(
    by="user",
    timeout=600,
    spends=True,
    exclusive="identity_id",
    ask="Is this picture how you see yourself?",
    terms=_terms,
)
async def accept_identity_visualization(
    ctx: Context,
    identities: Identities,
    prompts: Prompts,
    studio: Studio,
    versions: Versions,
    *,
    identity_id: IdentityId,
    version: Version = None,
) -> Result[Accepted | PictureData]:
    """Offer the user to accept a picture as how they see themselves. They decide with a button.

    A draft is then made in full quality. Accepting another version later, an earlier one too, is fine; none
    is ever deleted by it.
    """
    identity, node = await _chosen(ctx, identities, versions, identity_id, version)
    accepted = await versions.accept(ctx.user_id, identity_id, node.version.id)
    say = f"{accepted.handle} is how the user sees themselves as {identity.name}."
    data = Accepted(
        identity_id=identity.id, version_id=accepted.id, handle=accepted.handle, blob=accepted.blob
    )
    if not node.is_draft:
        return Result(say=say, data=data)
    try:
        text = _final_prompt(prompts, node)
        finished = await studio.finish(ctx, identity_id=identity.id, version=accepted.id, prompt=text)
        shown = picture_data(identity, finished)
        return Result(say=f"{say} On their screen is {shown.handle}. {finished.say_likeness}", data=shown)
    except CoachError as exc:
        why = str(exc)
    except Exception:
        # They have said yes, and that is kept: whatever becomes of the final picture is said beside it.
        log.exception("the final picture of version %s was not made", accepted.id)
        why = "Something went wrong on our side."
    return Result(say=f"{say} It could not be made in full quality: {why} The draft stays.", data=data)
