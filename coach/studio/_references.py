"""The pictures that go along: the person's own, looked up and checked before anything is paid."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable

from PIL import Image

from coach.errors import CoachError, NotFound, PictureError
from coach.store import Store
from coach.store.blobs import ENDINGS
from coach.studio.engines import ImagePart
from coach.studio.faults import fault
from coach.studio.ledger import Ledger
from coach.studio.mask import check_mask
from coach.studio.masks import read_mask
from coach.studio.request import PictureRequest, Reference
from coach.studio.uploads import has_upload, read_upload

logger = logging.getLogger(__name__)

LOOK = 3.0
"""Seconds between two looks whether what a job works from was taken back."""

TAKEN_BACK = frozenset({"no_consent", "photo_gone"})
"""What :func:`still_agreed` ends with."""


async def gather(
    store: Store, user_id: str, request: PictureRequest
) -> tuple[tuple[ImagePart, ...], ImagePart | None]:
    """Read a request's references and its mask.

    Raises:
        ConsentMissing: The person has not agreed that pictures of them are sent, and these may show them.
            Nothing was read.
        NotFound: This person has no such photo, version, upload or mask.
        InputRefused: The mask does not fit the first reference.
    """
    if not request.references:
        return (), None
    # A version shows the person as much as the photo it was made from.
    if not await _invented(store, user_id, request):
        await store.consents.require(user_id, "pictures")
    images = [
        await _read(store, user_id, reference, name=f"{reference.kind}-{number}")
        for number, reference in enumerate(request.references, 1)
    ]
    if request.mask is None:
        return tuple(images), None
    mask = await _read(store, user_id, request.mask, name="mask")
    await asyncio.to_thread(_check_mask, mask, images[0])
    return tuple(images), mask


async def gather_masked(
    store: Store, user_id: str, picture: Reference, mask: Reference
) -> tuple[ImagePart, ImagePart]:
    """Read the picture that was to be changed, and its mask, and no other: one that is gone is not needed.

    Raises:
        ConsentMissing: The person does not agree any more that pictures of them are used. Nothing was read.
        NotFound: One of the two is gone.
    """
    await store.consents.require(user_id, "pictures")
    before = await _read(store, user_id, picture, name="picture")
    return before, await _read(store, user_id, mask, name="mask")


async def still_agreed(store: Store, user_id: str, request: PictureRequest) -> None:
    """Ask once more right before pictures leave: what is sent may have been taken back while it waited.

    Raises:
        PictureError: ``no_consent`` or ``photo_gone``, unpaid.
    """
    needed = bool(request.references) and not await _invented(store, user_id, request)
    if needed and await store.consents.active(user_id, "pictures") is None:
        raise fault("no_consent", paid="unpaid", detail="Consent ended while the picture waited.")
    # A consent that was given anew does not bring back what went with the one before.
    wanted = {reference.id for reference in request.references if reference.kind == "photo"}
    if wanted - {photo.id for photo in await store.photos.list(user_id)}:
        raise fault("photo_gone", paid="unpaid", detail="A photo was removed while the picture waited.")
    uploads = {reference.id for reference in request.references if reference.kind == "upload"}
    if not all([await has_upload(store, user_id, each) for each in uploads]):
        raise fault("photo_gone", paid="unpaid", detail="An upload was removed while the picture waited.")


async def stop_when_taken_back(
    store: Store, user_id: str, request: PictureRequest, stop: Callable[[], Awaitable[object]]
) -> None:
    """Look, as long as a job goes on, whether what it works from is taken back; then have it stopped."""
    while True:
        await asyncio.sleep(LOOK)
        try:
            await still_agreed(store, user_id, request)
        except PictureError:
            break
        except CoachError:  # the database is away
            continue
    try:
        await stop()
    except CoachError as error:
        logger.warning(
            "A job whose pictures were taken back could not be stopped (%s).", type(error).__name__
        )


async def _invented(store: Store, user_id: str, request: PictureRequest) -> bool:
    """Whether all that goes along was made from words alone: then it shows nobody.

    What was cut from a picture is not that: it is kept as it was handed in, and says itself what it is from.
    """
    if request.mask is not None or any(each.kind != "version" for each in request.references):
        return False
    try:
        made = [await store.versions.find(user_id, each.id) for each in request.references]
        rows = [await Ledger(store.database).get(user_id, each.generation_id) for each in made]
    except NotFound:
        return False
    if any(each.parent_id is not None for each in made):
        return False
    return all(row.asked is not None and _is_words(row.asked) for row in rows)


def _is_words(asked: PictureRequest) -> bool:
    # A LoRA may have somebody's face, and what a service takes beside words may be a picture.
    return not asked.references and asked.extra is None and asked.flux is None


async def _read(store: Store, user_id: str, reference: Reference, *, name: str) -> ImagePart:
    data, media_type = await _file(store, user_id, reference)
    # The name the service sees says what it is and nothing about whose it is.
    return ImagePart(name=f"{name}.{ENDINGS[media_type]}", data=data, media_type=media_type)


async def _file(store: Store, user_id: str, reference: Reference) -> tuple[bytes, str]:
    """The bytes of a picture and their media type."""
    if reference.kind == "mask":
        return await read_mask(store, user_id, reference.id), "image/png"
    if reference.kind == "upload":
        upload = await read_upload(store, user_id, reference.id)
        return upload.data, upload.media_type
    find = store.photos.get if reference.kind == "photo" else store.versions.find
    picture = await find(user_id, reference.id)
    return await store.blobs.get(picture.blob), picture.media_type


def _check_mask(mask: ImagePart, picture: ImagePart) -> None:
    with Image.open(io.BytesIO(picture.data)) as first:
        size = first.size
    check_mask(mask.data, size)
