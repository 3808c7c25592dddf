"""Pictures a person gives along that are no photos of them: a product, a logo, a room."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
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

_HEAD = 64 * 1024
"""Bytes in which its size is said: it has no metadata, so that takes less than one of these."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A picture that was taken in.

    Attributes:
        since: Since when the person was here then.
        agreed: Whether they had agreed to pictures then.
    """

    user_id: str
    clean: CleanPhoto
    since: datetime
    agreed: bool

    @property
    def reference(self) -> Reference:
        """What it is called in a request."""
        return Reference(kind="upload", id=self.clean.sha256)

    async def keep(self, store: Store) -> None:
        """Keep it, unless the person took their agreement back meanwhile, or was erased. Safe to repeat."""

        async def still_agreed() -> None:
            if self.agreed:
                await store.consents.require(self.user_id)

        key = _key(self.user_id, self.clean.sha256, self.clean.media_type)
        data, media_type = self.clean.data, self.clean.media_type
        await keep(store, self.user_id, key, data, media_type, since=self.since, still=still_agreed)


async def add_upload(store: Store, user_id: str, data: bytes) -> Reference:
    """Keep a picture to work from. The same picture is kept once.

    It is taken in as photos are: bounded before it is decoded, upright, without metadata, at most 2048 pixels
    a side, as JPEG, or as PNG where something in it is transparent. How small it is, and whether there is a
    face in it, does not matter; nobody looks. It goes when the agreement to pictures is taken back, and
    `coach sweep` removes it when no picture was asked for with it and no flow and no sticker's spec has it.

    Args:
        data: The file as it was uploaded: JPEG, PNG, WebP or HEIC.

    Returns:
        What to give as one of a request's ``references``.

    Raises:
        PhotoRefused: It is no picture we can use; the message is for the person.
        ConsentMissing: The person took their agreement back while it was added.
        Erasing: The person is being erased, or was erased meanwhile.
    """
    upload = await take_upload(store, user_id, data)
    await upload.keep(store)
    return upload.reference


async def take_upload(store: Store, user_id: str, data: bytes) -> Upload:
    """:func:`add_upload` without keeping it yet, so that what is refused leaves nothing behind.

    Raises: as :func:`add_upload`.
    """
    async with store.database.write() as connection:
        since = await hold(connection, user_id)
    agreed = await store.consents.active(user_id) is not None
    return Upload(user_id=user_id, clean=await take_in(data), since=since, agreed=agreed)


async def read_upload(store: Store, user_id: str, name: str) -> CleanPhoto:
    """The picture that :func:`add_upload` kept under this id.

    Raises:
        NotFound: This person has no such upload, or it is gone.
    """
    data, media_type = await _read(store, user_id, name)
    width, height = _size(data)
    return CleanPhoto(data=data, width=width, height=height, media_type=media_type, sha256=name)


async def upload_size(store: Store, user_id: str, name: str) -> tuple[int, int]:
    """Width and height of an upload, in pixels.

    Raises:
        NotFound: This person has no such upload, or it is gone.
    """
    head, _ = await _read(store, user_id, name, _HEAD)
    return _size(head)


async def has_upload(store: Store, user_id: str, name: str) -> bool:
    """Whether a person has the upload with this id."""
    try:
        return bool(await find_upload(store, user_id, name))
    except NotFound:
        return False


async def find_upload(store: Store, user_id: str, name: str) -> str:
    """The key of the blob that :func:`add_upload` kept under this id.

    Raises:
        NotFound: This person has no such upload, or it is gone.
    """
    for key, _ in _keys(user_id, name):
        if await store.blobs.exists(key):
            return key
    raise NotFound("upload", name)


async def _read(store: Store, user_id: str, name: str, first: int | None = None) -> tuple[bytes, str]:
    for key, media_type in _keys(user_id, name):
        with suppress(NotFound):
            return await store.blobs.get(key, first), media_type
    raise NotFound("upload", name)


def _size(data: bytes) -> tuple[int, int]:
    with Image.open(BytesIO(data)) as image:
        return image.size


def _keys(user_id: str, name: str) -> list[tuple[str, str]]:
    """Where an upload can be, and its media type there; of what is no id of ours nowhere."""
    types = _TYPES if re.fullmatch("[0-9a-f]{64}", name) else ()
    return [(_key(user_id, name, media_type), media_type) for media_type in types]


def _key(user_id: str, name: str, media_type: str) -> str:
    return blob_key(user_id, "derived", f"upload-{name}.{ENDINGS[media_type]}")
