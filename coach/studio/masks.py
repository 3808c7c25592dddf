"""A person's mask, kept from when they drew it until its pictures are put away: a restart loses none."""

from __future__ import annotations

import asyncio
import hashlib
import re
import threading
from io import BytesIO

from PIL import Image

from coach.errors import NotFound
from coach.store import Store, blob_key, owner_of
from coach.store.intake import MAX_PIXELS, kept_size
from coach.studio._derived import here_since, keep
from coach.studio.mask import BROKEN, check_mask, painted
from coach.studio.request import Reference
from coach.studio.uploads import upload_size

# One as large as the largest upload takes 200 MB.
_one_at_a_time = threading.Lock()

_KEY = re.compile(r"/mask-([0-9a-f]{64})\.png$", flags=re.ASCII)
_DIGITS = 8


async def add_mask(store: Store, user_id: str, picture: Reference, mask: bytes) -> Reference:
    """Keep where a picture may change. The same mask is kept once.

    Give the result as a request's ``mask`` and the picture as its first reference.

    Args:
        picture: The photo, version or upload it is for.
        mask: A PNG of the picture's width and height, fully transparent where it may change, else opaque; or
            without transparency, white where it may change, else black. Of a photo or an upload that was made
            smaller, it may be as large as that was before.

    Raises:
        NotFound: This person has no such photo, version or upload.
        InputRefused: It is no mask for this picture. The message says what one is.
        Erasing: The person is being erased, or was erased meanwhile.
    """
    size = await picture_size(store, user_id, picture)
    since = await here_since(store, user_id)
    hole, kept = await asyncio.to_thread(plain_mask, mask, size)

    async def still_there() -> None:
        await picture_size(store, user_id, picture)

    await keep(store, user_id, _key(user_id, hole.id), kept, "image/png", since=since, still=still_there)
    return hole


async def picture_size(store: Store, user_id: str, picture: Reference) -> tuple[int, int]:
    """Width and height of a photo, a version or an upload, in pixels.

    Raises:
        NotFound: This person has no such picture.
    """
    if picture.kind == "upload":
        return await upload_size(store, user_id, picture.id)
    find = store.photos.get if picture.kind == "photo" else store.versions.find
    row = await find(user_id, picture.id)
    return row.width, row.height


def handle_of(mask: Reference) -> str:
    """What the model and the person call a mask: ``m-`` and 8 hex digits."""
    return f"m-{mask.id[:_DIGITS]}"


async def find_mask(store: Store, user_id: str, handle: str) -> Reference:
    """The mask with a handle, among the person's own.

    Raises:
        NotFound: This person has no such mask, or it is gone; or, once in a long while, two.
    """
    keys = await store.blobs.list(f"{owner_of(user_id)}/derived/")
    masks = [Reference(kind="mask", id=found[1]) for key in keys if (found := _KEY.search(key))]
    named = [mask for mask in masks if handle_of(mask) == handle]
    if len(named) != 1:
        raise NotFound("mask", handle)
    return named[0]


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


def plain_mask(mask: bytes, size: tuple[int, int]) -> tuple[Reference, bytes]:
    """What a mask is called, and the mask with nothing else that was in the file: black where it was opaque.

    Blocking.

    Args:
        size: Width and height of the picture it is for.

    Raises:
        InputRefused: As :func:`add_mask`.
    """
    with _one_at_a_time:
        drawn_on = _drawn_on(mask, size)
        white = painted(mask, drawn_on)
        inside = check_mask(mask, drawn_on) if white is None else white
        inside = inside.resize(size, Image.Resampling.NEAREST)
    plain = Image.new("LA", size, (0, 255))
    plain.paste((0, 0), mask=inside)
    file = BytesIO()
    plain.save(file, "PNG")
    kept = file.getvalue()
    return Reference(kind="mask", id=hashlib.sha256(kept).hexdigest()), kept


def _drawn_on(mask: bytes, size: tuple[int, int]) -> tuple[int, int]:
    """The size a mask must have: the picture's, or its own when the picture was made smaller from that."""
    try:
        with Image.open(BytesIO(mask), formats=("PNG",)) as image:
            own = image.size
    except BROKEN:
        return size  # what is wrong with it is said when it is looked at
    return own if kept_size(*own) == size and own[0] * own[1] <= MAX_PIXELS["PNG"] else size
