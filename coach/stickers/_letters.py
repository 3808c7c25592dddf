"""The words on a sticker: how large they fit, and their masks.

The font is Fredoka One (SIL Open Font License 1.1), from the package `font-fredoka-one`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from coach.stickers._shape import Box, closed
from coach.stickers.spec import Style, Text

_LEAST = 12
"""The smallest letters, in pixels: the longest words there may be still fit."""

_STROKE = 0.085
"""The widest line around letters, as a part of their size."""

_SPECK = 4
_LEADING = 0.95
_ONE_LINE = 0.72
"""One line is kept when its letters are at least so large a part of those on two."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """Drawn words.

    Attributes:
        fill: The mask of the letters (``L``).
        whole: The mask of the letters with the line around them, of the same size.
        font_size: How large they came out, in pixels.
    """

    fill: Image.Image
    whole: Image.Image
    font_size: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.fill.size


def block(text: Text, *, width: int, height: int) -> Block:
    """The words as large as they fit into a box and as their style allows, on one line or two."""
    style = text.style
    tries = [(_fitting(lines, style, width, height), lines) for lines in _broken(text.value)]
    one, best = tries[0], max(tries, key=lambda found: found[0])
    size, lines = one if one[0] >= _ONE_LINE * best[0] else best
    stroke = _stroke(style, size)
    extent = _extent(lines, size, stroke)
    return Block(
        fill=_drawn(lines, size, 0, extent),
        whole=_filled(_drawn(lines, size, stroke, extent)) if stroke else _drawn(lines, size, 0, extent),
        font_size=size,
    )


def _broken(value: str) -> Iterator[tuple[str, ...]]:
    """The ways to write it: on one line, and on two, broken at a space or, without one, in the middle."""
    yield (value,)
    spaces = [at for at, sign in enumerate(value) if sign == " "]
    for at in spaces:
        yield value[:at], value[at + 1 :]
    if not spaces and len(value) > 1:
        yield value[: len(value) // 2], value[len(value) // 2 :]


def _fitting(lines: tuple[str, ...], style: Style, width: int, height: int) -> int:
    """The largest size at which the lines fit."""
    size = style.font_size
    while size > _LEAST:
        left, top, right, bottom = _extent(lines, size, _stroke(style, size))
        wide, high = right - left, bottom - top
        if wide <= width and high <= height:
            return size
        # Lengths are nearly in proportion to the size.
        size = min(size - 1, max(_LEAST, int(size * min(width / wide, height / high))))
    return _LEAST


def _stroke(style: Style, size: int) -> int:
    """How wide the line around the letters is: on small ones it would close their eyes."""
    return min(style.stroke_width, round(size * _STROKE))


def _extent(lines: tuple[str, ...], size: int, stroke: int) -> Box:
    """What the lines cover, when the first is centred on the origin: left, top, right, bottom."""
    boxes = [_font(size).getbbox(line, anchor="ms", stroke_width=stroke) for line in lines]
    downs = [round(size * _LEADING * number) for number in range(len(lines))]
    return (
        math.floor(min(box[0] for box in boxes)),
        math.floor(min(box[1] + down for box, down in zip(boxes, downs, strict=True))),
        math.ceil(max(box[2] for box in boxes)),
        math.ceil(max(box[3] + down for box, down in zip(boxes, downs, strict=True))),
    )


def _drawn(lines: tuple[str, ...], size: int, stroke: int, extent: Box) -> Image.Image:
    """The lines as a mask of what the extent covers."""
    left, top, right, bottom = extent
    mask = Image.new("L", (right - left, bottom - top), 0)
    pen = ImageDraw.Draw(mask)
    for number, line in enumerate(lines):
        at = (-left, round(size * _LEADING * number) - top)
        pen.text(at, line, 255, _font(size), anchor="ms", stroke_width=stroke)
    return mask


def _filled(mask: Image.Image) -> Image.Image:
    """The mask without the specks that are left of the eyes of letters inside their line."""
    pad = _SPECK + 1
    wide = Image.new("L", (mask.width + 2 * pad, mask.height + 2 * pad), 0)
    wide.paste(mask, (pad, pad))
    return closed(wide, _SPECK).crop((pad, pad, pad + mask.width, pad + mask.height))


@lru_cache(maxsize=1)
def _file() -> bytes:
    return files("font_fredoka_one").joinpath("files/FredokaOne-Regular.ttf").read_bytes()


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    # The other layout engine depends on what the machine has, and fails on some signs.
    return ImageFont.truetype(BytesIO(_file()), size, layout_engine=ImageFont.Layout.BASIC)
