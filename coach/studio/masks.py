"""A person's mask, kept from when they drew it until its pictures are put away: a restart loses none."""

from __future__ import annotations

import asyncio
import hashlib
import re
from io import BytesIO

from PIL import Image

from coach.errors import NotFound
from coach.store import Store, blob_key
from coach.studio._derived import here_since, keep
from coach.studio.mask import check_mask
from coach.studio.request import Reference


async def add_mask(store: Store, user_id: str, picture: Reference, mask: bytes) -> Reference:
    """Keep where a picture may change. The same mask is kept once.

    Give the result as a request's ``mask`` and the picture as its first reference.

    Args:
        picture: The photo or version it is for.
        mask: A PNG of the picture's width and height, fully transparent where it may change, else opaque.

    Raises:
        NotFound: This person has no such photo or version.
        InputRefused: It is no mask for this picture. The message says what one is.
        Erasing: The person is being erased, or was erased meanwhile.
    """
    find = store.photos.get if picture.kind == "photo" else store.versions.find
    of = await find(user_id, picture.id)
    since = await here_since(store, user_id)
    kept = await asyncio.to_thread(_plain, mask, (of.width, of.height))
    name = hashlib.sha256(kept).hexdigest()
    key = _key(user_id, name)
    await keep(store, user_id, key, kept, "image/png", since=since, still=lambda: find(user_id, picture.id))
    return Reference(kind="mask", id=name)


async def read_mask(store: Store, user_id: str, name: str) -> bytes:
    """The mask that :func:`add_mask` kept under this id.

    Raises:
        NotFound: This person has no such mask, or it is gone.
    """
    if not re.fullmatch("[0-9a-f]{64}", name):
        raise NotFound("mask", name)
    try:
        return await store.blobs.get(_key(user_id, name))
    except NotFound:
        raise NotFound("mask", name) from None


def _key(user_id: str, name: str) -> str:
    return blob_key(user_id, "derived", f"mask-{name}.png")


def _plain(mask: bytes, size: tuple[int, int]) -> bytes:
    """The mask and nothing else that was in the file: black, and seen through where it was."""
    inside = check_mask(mask, size)
    plain = Image.new("LA", size, (0, 255))
    plain.paste((0, 0), mask=inside)
    file = BytesIO()
    plain.save(file, "PNG")
    return file.getvalue()
