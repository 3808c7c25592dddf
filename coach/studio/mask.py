"""Changing a part of a picture: what is outside the mask is put back; how much it had changed is measured.

A picture model draws the whole picture anew and takes a mask as advice (OpenAI image guide, "Edit an image
using a mask"). So nothing of its answer is used outside the mask, and only what is well inside is used whole:
the seam lies inside the mask. The answer's own bytes are to be kept beside what is made here.

A mask is a PNG of the same width and height as the picture it is for. Where it is fully transparent the
picture may change (OpenAI images reference, edits, ``mask``); half transparent is not enough.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import reduce
from io import BytesIO

from PIL import Image, ImageChops, ImageFilter, ImageStat

from coach.errors import InputRefused
from coach.store.intake import DAMAGED
from coach.studio._place import Place, best_place, small
from coach.studio.provenance import MediaType, Signer, derive

MASK_BYTES = 4 * 1024 * 1024
"""A mask is smaller than this (OpenAI images reference, edits, ``mask``)."""

MAX_PIXELS = 3840 * 2160
"""The largest picture: the largest that a model makes."""

SEAM = 0.01
"""The width of the seam, as a share of the longer side."""

CHANGED = 16
"""A pixel has changed when one of its channels did by more than this, of 255: what an eye notices beside the
same picture, and more than being drawn anew or saved as JPEG does."""

# What is neither black nor white in a painted mask is the soft edge of a brush.
_BLACK, _WHITE, _EDGES = 32, 224, 0.1
_SEEN = 256
_SOFT = ImageFilter.GaussianBlur(1)  # being drawn a little sharper or half a pixel aside is no change
_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA"})
BROKEN = (*DAMAGED, AssertionError, Warning)
"""What opening a mask or a picture raises when it is damaged."""


@dataclass(frozen=True, kw_only=True)
class PutBack:
    """A picture that is its parent outside the mask.

    Attributes:
        image: A file of the parent's size, with its marks.
        media_type: Its type. Only a PNG keeps the outside to the last bit.
        sha256: Of ``image``, in hex.
        outside: The share of the pixels outside the mask that the answer had changed, 0 to 1, seen at
            256 pixels of the longer side; by more than :data:`CHANGED`. It is not in ``image``: 0 means that
            the model kept to the mask, 1 that it drew another picture, which the inside then belongs to.
    """

    image: bytes
    media_type: MediaType
    sha256: str
    width: int
    height: int
    outside: float


def put_back(
    parent: bytes,
    answer: bytes,
    mask: bytes,
    *,
    media_type: MediaType = "image/png",
    signer: Signer | None = None,
) -> PutBack:
    """Put the parent's pixels back outside the mask.

    An answer of another size is scaled to the parent; of another shape, it is laid on it as it fits best, as
    is one that is shifted a little. Blocking: seconds for the largest pictures, and 200 MB.

    Args:
        parent: The picture that was to be changed: the first reference of the request.
        answer: What came.
        media_type: Of what is made; as JPEG, what can be seen through becomes white.
        signer: To sign a C2PA manifest with; left out: none.

    Raises:
        InputRefused: A picture cannot be used, or the mask is none for this parent.
    """
    before, after = _opened(parent, "picture to change"), _opened(answer, "answer")
    inside = check_mask(mask, before.size)
    if before.mode != after.mode:
        before, after = before.convert("RGBA"), after.convert("RGBA")
    place = best_place(before, after, inside)
    outside = _measured(before, after, inside, place)
    after = _laid(before, after, place)
    made = Image.composite(after, before, _feathered(inside))
    if media_type == "image/jpeg" and made.mode == "RGBA":
        made = Image.alpha_composite(Image.new("RGBA", made.size, "white"), made).convert("RGB")
    image = derive(answer, made, media_type=media_type, kind="masked", others=[parent], signer=signer)
    return PutBack(
        image=image,
        media_type=media_type,
        sha256=hashlib.sha256(image).hexdigest(),
        width=made.width,
        height=made.height,
        outside=outside,
    )


def _opened(data: bytes, what: str) -> Image.Image:
    try:
        with Image.open(BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as image:
            if image.width * image.height > MAX_PIXELS:
                raise InputRefused(f"The {what} has more than {MAX_PIXELS:,} pixels.")
            return image.convert("RGBA" if image.has_transparency_data else "RGB")
    except BROKEN:
        raise InputRefused(f"The {what} is no PNG, JPEG or WebP, or it is damaged.") from None


def check_mask(mask: bytes, size: tuple[int, int]) -> Image.Image:
    """See whether a mask fits a picture of a size, width and height.

    Returns:
        255 where the picture may change, else 0.

    Raises:
        InputRefused: It does not. The message says what a mask is.
    """
    if len(mask) >= MASK_BYTES:
        raise _no_mask(f"is not smaller than {MASK_BYTES // 1024 // 1024} MB.")
    try:
        with Image.open(BytesIO(mask), formats=("PNG",)) as image:
            if image.size != size:
                was, wanted = ("{} x {}".format(*each) for each in (image.size, size))
                raise _no_mask(f"has {was} pixels, the picture {wanted}.")
            if image.mode not in _MODES or not image.has_transparency_data:
                raise _no_mask("has no transparency.")
            alpha = image.convert("RGBA").getchannel("A")
    except BROKEN:
        raise _no_mask("is no PNG, or it is damaged.") from None
    inside = alpha.point(lambda value: 255 if value == 0 else 0)
    if inside.getextrema() == (0, 0):
        raise _no_mask("has no pixel that is fully transparent.")
    if inside.getextrema() == (255, 255):
        raise _no_mask("is transparent everywhere. Leave it out to change everything.")
    return inside


def _no_mask(why: str) -> InputRefused:
    rule = "A mask is a PNG with transparency where the first reference may change, and of its size"
    return InputRefused(f"{rule}; this one {why}", field="mask")


def painted(mask: bytes, size: tuple[int, int]) -> Image.Image | None:
    """What is white in a picture of black and white, as one paints a mask on a screen.

    Returns:
        As :func:`check_mask`; ``None``: it is no such picture of this size. It may be a mask as it is.
    """
    try:
        with Image.open(BytesIO(mask), formats=("PNG",)) as image:
            if len(mask) >= MASK_BYTES or image.size != size:
                return None
            alpha = image.convert("RGBA").getchannel("A")
            shades = image.convert("L")
    except BROKEN:
        return None
    counted = shades.histogram()
    between = sum(counted[_BLACK:_WHITE])
    if alpha.getextrema() != (255, 255) or between > _EDGES * size[0] * size[1]:
        return None
    white = shades.point(lambda value: 255 if value > 127 else 0)
    return white if white.getextrema() == (0, 255) else None


def _feathered(inside: Image.Image) -> Image.Image:
    """How much of the answer is used: nothing outside the mask, all of it a seam's width inside."""
    radius = max(1.0, SEAM * max(inside.size) / 2)
    wanted = ImageStat.Stat(inside).sum[0] / 2
    while radius >= 1:
        blurred = inside.filter(ImageFilter.GaussianBlur(radius))
        # At a straight edge the blurred mask is one half; the ramp begins there.
        ramp = blurred.point(lambda value: max(0, 2 * value - 255))
        soft = ImageChops.darker(ramp, inside)
        if ImageStat.Stat(soft).sum[0] >= wanted:
            return soft
        radius /= 2  # a mask of thin lines: a wide seam would leave nothing of them
    return inside


def _measured(before: Image.Image, after: Image.Image, inside: Image.Image, place: Place) -> float:
    """:attr:`PutBack.outside`."""
    before, after, inside = (small(each, _SEEN) for each in (before, after, inside))
    covered = place.on(before.size)
    # Only what is outside as a whole: at this size and softness, pixels at the edge are mixed.
    where = inside.crop(covered).point(lambda value: 0 if value else 255).filter(ImageFilter.MinFilter(5))
    soft = [each.filter(_SOFT) for each in (before.crop(covered), place.cut(after, before.size))]
    apart = ImageChops.difference(*soft)
    if not where.getbbox():
        return 0.0
    largest = reduce(ImageChops.lighter, apart.split())
    changed = largest.point(lambda value: 255 if value > CHANGED else 0)
    return round(ImageStat.Stat(changed, where).mean[0] / 255, 4)


def _laid(before: Image.Image, after: Image.Image, place: Place) -> Image.Image:
    """The answer in its place; where it does not reach, the parent."""
    laid = before.copy()
    laid.paste(place.cut(after, before.size), place.on(before.size))
    return laid
