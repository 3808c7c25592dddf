"""The shape of what is drawn on a sticker, as masks of mode ``L``: for who makes it and who judges it."""

from __future__ import annotations

import math

from PIL import Image, ImageChops, ImageFilter, ImageOps

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""

SOLID = 128
"""The alpha from which a pixel belongs to the shape: a shadow is never so dark."""

_REACH, _SPARE = 3, 4
_SMALL = 256
"""How long a mask is made to look for specks: the filters take long on a large one."""


def solid(alpha: Image.Image) -> Image.Image:
    """White where a pixel belongs to the shape, black elsewhere."""
    return alpha.point([0] * SOLID + [255] * (256 - SOLID))


def grow(mask: Image.Image, reach: int) -> Image.Image:
    """The mask made wider by so many pixels to all sides, round at corners. What leaves an edge returns."""
    if reach > _REACH:  # wider in two steps is as round as in one, and quicker
        return grow(grow(mask, reach // 2), reach - reach // 2)
    out = mask
    for radius in range(1, reach + 1):
        steps = 8 * radius
        for step in range(steps):
            angle = 2 * math.pi * step / steps
            x, y = round(radius * math.cos(angle)), round(radius * math.sin(angle))
            out = ImageChops.lighter(out, ImageChops.offset(mask, x, y))
    return out


def shrink(mask: Image.Image, reach: int) -> Image.Image:
    """The mask made smaller by so many pixels from all sides."""
    return ImageChops.invert(grow(ImageChops.invert(mask), reach)) if reach else mask


def closed(mask: Image.Image, reach: int) -> Image.Image:
    """The mask without gaps and holes narrower than twice this."""
    return shrink(grow(mask, reach), reach)


def without_specks(mask: Image.Image) -> Image.Image:
    """The mask without what is narrower than about a hundredth of it, when it stands alone."""
    factor = max(1, max(mask.size) // _SMALL)
    # Beyond an edge there is nothing; the filters would think that it goes on.
    small = ImageOps.expand(mask.reduce(factor), _SPARE)
    kept = small.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.MaxFilter(7)).point([0] + [255] * 255)
    kept = ImageOps.crop(kept, _SPARE)
    whole = kept.resize((kept.width * factor, kept.height * factor), Image.Resampling.NEAREST)
    return ImageChops.darker(mask, whole.crop((0, 0, *mask.size)))


def tinted(mask: Image.Image, colour: str) -> Image.Image:
    """One colour, as much of it as the mask says: RGBA."""
    out = Image.new("RGBA", mask.size, colour)
    out.putalpha(mask)
    return out
