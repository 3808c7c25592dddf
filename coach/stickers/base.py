"""The picture a sticker is made from: fetched, taken from a data URI, or one of the person's own."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from coach.errors import NotFound, PhotoRefused
from coach.fetch import Fetcher
from coach.stickers.request import Base, picture_in
from coach.store import SpecRow, Store
from coach.studio import Reference
from coach.studio.uploads import has_upload, take_upload

if TYPE_CHECKING:
    from coach.store.serving import BaseKind

PHOTO = "photo"
"""The person's main photo, as a reference."""


@dataclass(frozen=True, kw_only=True)
class BasePicture:
    """A picture that is kept for its person.

    Attributes:
        reference: What it is called in a request of pictures.
        url: Where it came from, when somebody gave an address.
    """

    reference: Reference
    url: str | None = None

    @property
    def key(self) -> tuple[BaseKind, str]:
        """Kind and id."""
        return cast("BaseKind", self.reference.kind), self.reference.id


async def take(store: Store, fetcher: Fetcher, user_id: str, base: Base | Reference) -> BasePicture:
    """Take a base picture in, or look it up. A picture from outside is kept as an upload, once.

    Args:
        base: What somebody gave; or one of the person's pictures, as the application knows it.

    Raises:
        ConsentMissing: The person has not agreed to pictures of theirs being used.
        FetchRefused: The address leads nowhere we go, or gives nothing.
        PhotoRefused: What came is no picture we can use.
        NotFound: The person has no such picture.
    """
    await store.consents.require(user_id)
    if isinstance(base, Reference):
        if not await _has(store, user_id, base.kind, base.id):
            raise NotFound("picture", base.id)
        return BasePicture(reference=base)
    if base.ref is not None:
        return BasePicture(reference=await _own(store, user_id, base.ref))
    data = await fetcher.get(base.url) if base.url is not None else picture_in(base.data or "")
    field = "base_image_url" if base.url is not None else "base_image"
    try:
        # Kept only with their yes, also when it was taken back while the picture was on its way.
        upload = replace(await take_upload(store, user_id, data), agreed=True)
    except PhotoRefused as refused:
        raise PhotoRefused(refused.code, str(refused), field=field) from None
    await upload.keep(store)
    return BasePicture(reference=upload.reference, url=base.url)


async def is_there(store: Store, row: SpecRow) -> bool:
    """Whether the picture of a spec is still kept: it goes with the person's agreement."""
    return await _has(store, row.user_id, row.base_kind, row.base_id)


async def _has(store: Store, user_id: str, kind: str, id: str) -> bool:
    try:
        if kind == "photo":
            await store.photos.get(user_id, id)
        elif kind == "version":
            await store.versions.find(user_id, id)
        else:
            return kind == "upload" and await has_upload(store, user_id, id)
    except NotFound:
        return False
    return True


async def _own(store: Store, user_id: str, ref: str) -> Reference:
    if ref == PHOTO:
        photo = await store.photos.primary(user_id)
        if photo is None:
            raise NotFound("photo", ref)
        return Reference(kind="photo", id=photo.id)
    kinds: tuple[BaseKind, ...] = ("upload",) if re.fullmatch("[0-9a-f]{64}", ref) else ("version", "photo")
    for kind in kinds:
        if await _has(store, user_id, kind, ref):
            return Reference(kind=kind, id=ref)
    raise NotFound("picture", ref)
