"""What the sticker actions share: which picture a sticker is made from, and what the application gets."""

from __future__ import annotations

from pydantic import BaseModel

from coach import Context, Identities, Photos, Reference, Refused, Retry, Versions, dollars

LONGEST_CONTEXT = 500
"""Characters of what is told of the person with a sticker."""


class SpecData(BaseModel):
    """A sticker's job spec, for the application.

    Attributes:
        hash: What "now" executes.
        quote_micros: The most that costs, in millionths of a US dollar; ``None``: not known.
    """

    handle: str
    hash: str
    words: str | None
    quote_micros: int | None


class StickerData(BaseModel):
    """A sticker, for the application: something to look at that is no version.

    Attributes:
        made_of: The version it is made of.
        pictures: How many were paid for.
    """

    title: str
    blob: str
    width: int
    height: int
    spec: str
    made_of: str
    pictures: int
    quote_micros: int | None
    actual_micros: int | None


async def base_of(
    ctx: Context, identities: Identities, photos: Photos, versions: Versions, picture: str | None
) -> Reference:
    """The picture a sticker is made from; left out, the one they accepted, or else their photo.

    Raises:
        Refused: They have no photo.
        Retry: There is no identity whose picture it could be.
        NotFound: There is no such picture.
    """
    identity = await identities.current(ctx.user_id)
    if picture is None and identity is not None and identity.accepted_version_id is not None:
        return Reference(kind="version", id=identity.accepted_version_id)
    if picture is not None and picture != "photo":
        if identity is None:
            raise Retry("No identity is chosen, so there is no such picture. Leave it out, or take `photo`.")
        version = await versions.get(ctx.user_id, identity.id, picture)
        return Reference(kind="version", id=version.id)
    photo = await photos.primary(ctx.user_id)
    if photo is None:
        raise Refused("They have no photo here yet. Ask them to add one; nothing was made.")
    return Reference(kind="photo", id=photo.id)


def price(micros: int | None) -> str:
    """What a sticker costs at most, as a sentence."""
    if micros is None:
        return "What making it costs, nobody can say beforehand."
    return f"Making it costs at most {dollars(micros)}."
