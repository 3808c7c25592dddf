"""Pictures a person gives along that are no photos of them: a product, a logo, a room."""

from __future__ import annotations

import re
from io import BytesIO

from PIL import Image

from coach.errors import NotFound
from coach.store import Store, blob_key
from coach.store._rows import hold
from coach.store.blobs import ENDINGS
from coach.store.intake import CleanPhoto, take_in
from coach.studio._derived import keep
from coach.studio.request import Reference

_TYPES = ("image/jpeg", "image/png")
"""What :func:`coach.store.intake.clean_photo` makes."""


async def add_upload(store: Store, user_id: str, data: bytes) -> Reference:
    """Keep a picture to work from. The same picture is kept once.

    It is taken in as photos are: bounded before it is decoded, upright, without metadata, at most 2048 pixels
    a side, as JPEG, or as PNG where something in it is transparent. How small it is, and whether there is a
    face in it, does not matter; nobody looks. It goes when the agreement to pictures is taken back, and
    `coach sweep` removes it when no picture was asked for with it.

    Args:
        data: The file as it was uploaded: JPEG, PNG, WebP or HEIC.

    Returns:
        What to give as one of a request's ``references``.

    Raises:
        PhotoRefused: It is no picture we can use; the message is for the person.
        ConsentMissing: The person took their agreement back while it was added.
        Erasing: The person is being erased, or was erased meanwhile.
    """
    async with store.database.write() as connection:
        since = await hold(connection, user_id)
    agreed = await store.consents.active(user_id)

    async def still_agreed() -> None:
        if agreed is not None:
            await store.consents.require(user_id)

    clean = await take_in(data)
    key = _key(user_id, clean.sha256, clean.media_type)
    await keep(store, user_id, key, clean.data, clean.media_type, since=since, still=still_agreed)
    return Reference(kind="upload", id=clean.sha256)


async def read_upload(store: Store, user_id: str, name: str) -> CleanPhoto:
    """The picture that :func:`add_upload` kept under this id.

    Raises:
        NotFound: This person has no such upload, or it is gone.
    """
    for media_type in _TYPES if re.fullmatch("[0-9a-f]{64}", name) else ():
        try:
            data = await store.blobs.get(_key(user_id, name, media_type))
        except NotFound:
            continue
        with Image.open(BytesIO(data)) as image:
            width, height = image.size
        return CleanPhoto(data=data, width=width, height=height, media_type=media_type, sha256=name)
    raise NotFound("upload", name)


async def has_upload(store: Store, user_id: str, name: str) -> bool:
    """Whether a person has the upload with this id."""
    return any([await store.blobs.exists(_key(user_id, name, media_type)) for media_type in _TYPES])


def _key(user_id: str, name: str, media_type: str) -> str:
    return blob_key(user_id, "derived", f"upload-{name}.{ENDINGS[media_type]}")
