"""The pictures that go along: the person's own, looked up and checked before anything is paid."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence

from PIL import Image

from coach.errors import PictureError
from coach.store import Store
from coach.store.blobs import ENDINGS
from coach.studio.engines import ImagePart
from coach.studio.request import PictureRequest, Reference

MASK_BYTES = 4 * 1024 * 1024
"""A mask is smaller than this (OpenAI images reference, edits, ``mask``)."""


async def gather(
    store: Store, user_id: str, request: PictureRequest
) -> tuple[tuple[ImagePart, ...], ImagePart | None]:
    """Read a request's references and its mask.

    Raises:
        ConsentMissing: The person has not agreed that pictures of them are sent. Nothing was read.
        NotFound: This person has no such photo or version.
        PictureError: ``invalid_request``, unpaid: the mask does not fit the first reference.
    """
    if not request.references:
        return (), None
    # A version shows the person as much as the photo it was made from.
    await store.consents.require(user_id, "pictures")
    images = [
        await _read(store, user_id, reference, name=f"{reference.kind}-{number}")
        for number, reference in enumerate(request.references, 1)
    ]
    if request.mask is None:
        return tuple(images), None
    mask = await _read(store, user_id, request.mask, name="mask")
    await asyncio.to_thread(_check_mask, mask, images)
    return tuple(images), mask


async def _read(store: Store, user_id: str, reference: Reference, *, name: str) -> ImagePart:
    find = store.photos.get if reference.kind == "photo" else store.versions.find
    picture = await find(user_id, reference.id)
    # The name the service sees says what it is and nothing about whose it is.
    ending = ENDINGS[picture.media_type]
    data = await store.blobs.get(picture.blob)
    return ImagePart(name=f"{name}.{ending}", data=data, media_type=picture.media_type)


def _check_mask(mask: ImagePart, images: Sequence[ImagePart]) -> None:
    with Image.open(io.BytesIO(mask.data)) as picture, Image.open(io.BytesIO(images[0].data)) as first:
        fits = picture.size == first.size
        see_through = picture.has_transparency_data
    if mask.media_type != "image/png" or not see_through or not fits or len(mask.data) >= MASK_BYTES:
        raise PictureError(
            "invalid_request",
            paid="unpaid",
            say="A mask is a PNG with transparency, of the same width and height as the first reference, "
            f"smaller than {MASK_BYTES // 1024 // 1024} MB.",
        )
