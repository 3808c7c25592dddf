"""The pictures that are given for an edit: taken in first, and kept only when they are going to be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from coach.errors import PhotoRefused
from coach.store import Store
from coach.studio._values import one_of
from coach.studio.masks import add_mask, picture_size, plain_mask
from coach.studio.request import PictureRequest, Reference, Shape
from coach.studio.uploads import Upload, take_upload

_BETWEEN = 1.5**0.5
"""The ratio of the sides that is as far from a square as from the sides of what is not one, 3 to 2."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """The pictures of a request.

    Attributes:
        references: What they are called in it, in their order.
        mask: What the mask is called.
        size: Width and height of the first one in pixels; ``None``: there is none.
        uploads: Those that are not kept yet.
        drawn: The mask as it was drawn; not kept yet either.
    """

    references: tuple[Reference, ...]
    mask: Reference | None
    size: tuple[int, int] | None
    uploads: tuple[Upload, ...]
    drawn: bytes | None

    @property
    def shape(self) -> Shape:
        """The shape that comes nearest to the first one's; without one, a square."""
        width, height = self.size or (1, 1)
        if width / height > _BETWEEN:
            return "landscape"
        return "portrait" if height / width > _BETWEEN else "square"

    @property
    def parent(self) -> str | None:
        """The version that is to be changed, if the first one is a version."""
        return next((each.id for each in self.references[:1] if each.kind == "version"), None)

    def put_into(self, request: PictureRequest) -> PictureRequest:
        """The request with these pictures, and with their shape."""
        changed = {"references": self.references, "mask": self.mask, "shape": self.shape}
        return request.model_copy(update=changed)

    async def keep(self, store: Store, user_id: str) -> None:
        """Keep what is not kept yet. Safe to repeat.

        Raises: as :func:`coach.studio.uploads.add_upload` and :func:`coach.studio.masks.add_mask`.
        """
        for upload in self.uploads:
            await upload.keep(store)
        if self.drawn is not None:
            await add_mask(store, user_id, self.references[0], self.drawn)


async def given(store: Store, user_id: str, images: Sequence[bytes | Reference], mask: bytes | None) -> Given:
    """Take pictures in, and look up those that are kept already.

    Args:
        mask: Drawn for the first of them, so there is one.

    Raises:
        InputRefused: The mask is none for the first picture; or one of the pictures is a mask itself.
        PhotoRefused: A file cannot be used; ``field`` says which.
        NotFound: This person has no such first picture.
    """
    taken = [await _taken(store, user_id, image, _field(at, images)) for at, image in enumerate(images)]
    size = await _size(store, user_id, taken[0]) if taken else None
    hole = None
    if mask is not None and size is not None:
        hole, _ = await asyncio.to_thread(plain_mask, mask, size)
    return Given(
        references=tuple(each.reference if isinstance(each, Upload) else each for each in taken),
        mask=hole,
        size=size,
        uploads=tuple(each for each in taken if isinstance(each, Upload)),
        drawn=mask,
    )


async def _taken(store: Store, user_id: str, image: bytes | Reference, field: str) -> Upload | Reference:
    if isinstance(image, Reference):
        one_of(field, image.kind, ("photo", "version", "upload"))
        return image
    try:
        return await take_upload(store, user_id, image)
    except PhotoRefused as refused:
        raise PhotoRefused(refused.code, str(refused), field=field) from None


async def _size(store: Store, user_id: str, image: Upload | Reference) -> tuple[int, int]:
    if isinstance(image, Upload):
        return image.clean.width, image.clean.height
    return await picture_size(store, user_id, image)


def _field(at: int, images: Sequence[bytes | Reference]) -> str:
    """What the picture service calls one of several pictures."""
    return "image" if len(images) == 1 else f"image[{at}]"
