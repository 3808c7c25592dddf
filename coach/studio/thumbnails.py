"""Pictures made smaller for a screen: with their AI mark, naming the one they were made from.

Like a sheet a thumbnail can be made again: a blob of the kind ``derived``, without a row.
"""

from __future__ import annotations

import asyncio
from io import BytesIO

from PIL import Image

from coach.errors import InputRefused, NotFound
from coach.store import Store, Version, blob_key
from coach.store.intake import DAMAGED
from coach.studio._derived import here_since, keep
from coach.studio.provenance import MediaType, Signer, derive

NARROWEST, WIDEST = 64, 1024
"""The widths in pixels that are made."""

STEP = 64
"""Widths are rounded up to a multiple of this, so that few sizes of a picture are kept."""

AT_ONCE = 2
"""How many are made at the same time: each decodes a whole picture."""

_TYPE: MediaType = "image/webp"  # it has transparency and is small


class Thumbnails:
    """Makes people's pictures smaller, off the event loop.

    Args:
        store: Where the pictures are.
        signer: Signs a C2PA manifest into each; ``None``: they carry the IPTC mark alone.
    """

    def __init__(self, store: Store, *, signer: Signer | None = None) -> None:
        self._store, self._signer = store, signer
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def of(self, version: Version, width: int) -> tuple[bytes, str]:
        """A version at least so wide, and its media type: the picture itself where that is no wider.

        Args:
            width: :data:`NARROWEST` to :data:`WIDEST` pixels.

        Raises:
            NotFound: The picture is gone.
            InputRefused: It is damaged.
            Erasing: The person is being erased, or was erased meanwhile.
        """
        width = -(-width // STEP) * STEP
        if width >= version.width:
            return await self._store.blobs.get(version.blob), version.media_type
        key = blob_key(version.user_id, "derived", f"thumbnail-{version.id}-{width}.webp")
        try:
            return await self._store.blobs.get(key), _TYPE
        except NotFound:
            return await self._make(version, width, key), _TYPE

    async def within(self, data: bytes, media_type: str, most: int) -> tuple[bytes, str]:
        """A picture in so many bytes at most, and its media type: itself where it is no larger.

        Nothing is kept.

        Raises:
            InputRefused: It is damaged, or cannot be made so small.
        """
        width = WIDEST
        while len(data) > most:
            if width < NARROWEST:
                raise InputRefused("This picture cannot be made small enough.")
            async with self._turn:
                data, media_type = await asyncio.to_thread(_smaller, data, width, self._signer), _TYPE
            width //= 2
        return data, media_type

    async def _make(self, version: Version, width: int, key: str) -> bytes:
        store, user_id = self._store, version.user_id
        since = await here_since(store, user_id)
        async with self._turn:
            data = await store.blobs.get(version.blob)
            made = await asyncio.to_thread(_smaller, data, width, self._signer)

        async def is_there() -> None:
            await store.versions.find(user_id, version.id)

        await keep(store, user_id, key, made, _TYPE, since=since, still=is_there)
        return made


def _smaller(data: bytes, width: int, signer: Signer | None) -> bytes:
    try:
        with Image.open(BytesIO(data)) as image:
            image.load()  # where it is no wider, nothing else would
            image.thumbnail((width, image.height), Image.Resampling.LANCZOS)
    except DAMAGED:
        raise InputRefused("This picture is damaged or incomplete.") from None
    return derive(data, image, media_type=_TYPE, kind="thumbnail", signer=signer)
