"""Whether a file is the sticker that was asked for: what can be measured, each violation named. Blocking.

It looks at the file alone and trusts nothing about how it was made. Whether a sticker is beautiful, or shows
the right character, it does not know.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image, ImageChops, ImageColor, ImageOps

from coach.errors import InputRefused
from coach.stickers._layout import line_of, place, words
from coach.stickers._shape import Box, shrink, solid
from coach.stickers.spec import SIDE, JobSpec, Outline
from coach.studio.mask import BROKEN

Rule = Literal[
    "unreadable",
    "size",
    "mode",
    "file_size",
    "empty",
    "corners",
    "rectangle",
    "subject_height",
    "centered",
    "margin",
    "outline",
    "text",
]

_CORNER = 12
"""The pixels from each corner, along both sides, where nothing may be."""

_FAINT = 8
"""Alpha that nobody sees."""

_LEAST, _FULL = 0.02, 0.94
"""Of the canvas that a subject covers at least; and of its own box that it covers at most."""

_ROUNDING = 2
_OFF_CENTRE = 12
"""Pixels by which drawing may miss a height or a margin, and by which the middle may be off."""

_ALIKE = 48
"""How far a channel may be off a colour, of 255: smooth edges and fewer colours move it."""

_MOST_OUTLINE, _MOST_TEXT = 0.92, 0.93
_SHAKE = 3
"""How many pixels words may be off their place."""

_WIDE = 5
"""The outline from which two pixels of its soft edges are not looked at, and below it one."""


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One rule a file does not keep, with a sentence for people."""

    rule: Rule
    say: str


def check(sticker: Path, spec: JobSpec) -> tuple[Violation, ...]:
    """What is wrong with a sticker; nothing: it is what the spec asks for.

    Where it has another size than the canvas, or nothing on it, what is measured on the canvas is left out.

    Args:
        sticker: A file, of anybody.
        spec: What was asked for.

    Raises:
        OSError: The file cannot be read.
    """
    try:
        image, found = _opened(sticker)
    except InputRefused as error:
        return (Violation(rule="unreadable", say=str(error)),)
    wrong = list(found)
    if sticker.stat().st_size > spec.constraints.max_bytes:
        most = spec.constraints.max_bytes // 1024
        wrong.append(Violation(rule="file_size", say=f"The file is larger than {most} KB."))
    if image is not None:
        wrong += _on_canvas(image, spec)
    return tuple(wrong)


def _opened(sticker: Path) -> tuple[Image.Image | None, list[Violation]]:
    """The picture as RGBA when it has the canvas's size, and what is wrong with its form."""
    wrong = []
    try:
        with Image.open(sticker, formats=("PNG", "WEBP", "JPEG")) as image:
            if image.mode != "RGBA":
                wrong.append(Violation(rule="mode", say="The picture is no RGBA: it has no alpha channel."))
            if image.size != (SIDE, SIDE) or getattr(image, "n_frames", 1) > 1:
                what = f"{image.width} x {image.height} pixels"
                say = f"The picture is not one of {SIDE} x {SIDE} pixels; it has {what}."
                return None, [*wrong, Violation(rule="size", say=say)]
            return image.convert("RGBA"), wrong
    except BROKEN:
        if not sticker.is_file():
            raise
        raise InputRefused("The file is no PNG, WebP or JPEG, or is damaged.") from None


def _on_canvas(image: Image.Image, spec: JobSpec) -> Iterator[Violation]:
    """What is wrong with what is drawn."""
    alpha = image.getchannel("A")
    shape = solid(alpha)
    if _haunted(alpha):
        yield Violation(rule="corners", say="The corners are not transparent: some background is left.")
    covered = shape.histogram()[255]
    box = shape.getbbox()
    if box is None or covered < _LEAST * SIDE * SIDE:
        yield Violation(rule="empty", say="There is next to nothing on the sticker.")
        return
    if covered > _FULL * (box[2] - box[0]) * (box[3] - box[1]):
        yield Violation(rule="rectangle", say="It is a full rectangle, not cut out around a subject.")
    yield from _measured(box, spec)
    if spec.constraints.outline is not None and not _outlined(image, shape, spec.constraints.outline):
        yield Violation(rule="outline", say="The outline is missing, of another colour or too thin.")
    if spec.text is not None and not _reads(image, box, spec):
        yield Violation(rule="text", say="The words are not where and as they were asked for.")


def _haunted(alpha: Image.Image) -> bool:
    """Whether something can be seen in a corner."""
    near, far = _CORNER, SIDE - _CORNER
    corners = ((0, 0), (far, 0), (0, far), (far, far))
    return any(_most(alpha.crop((x, y, x + near, y + near))) > _FAINT for x, y in corners)


def _most(channel: Image.Image) -> int:
    return max(value for value, count in enumerate(channel.histogram()) if count)


def _measured(box: Box, spec: JobSpec) -> Iterator[Violation]:
    """Whether it is as high as asked for, in the middle, and away from the edges."""
    left, top, right, bottom = box
    asked = spec.constraints
    low, high = (part * SIDE for part in asked.subject_height)
    height = bottom - top
    if not low - _ROUNDING <= height <= high + _ROUNDING:
        say = f"It takes {height / SIDE:.0%} of the height, not {low / SIDE:.0%} to {high / SIDE:.0%}."
        yield Violation(rule="subject_height", say=say)
    off = max(abs(left + right - SIDE), abs(top + bottom - SIDE)) / 2
    if asked.centered and off > _OFF_CENTRE:
        yield Violation(rule="centered", say=f"It is {off:.0f} pixels off the middle.")
    free = min(left, top, SIDE - right, SIDE - bottom)
    if free < asked.margin - _ROUNDING:
        yield Violation(rule="margin", say=f"It is {free} pixels from an edge, not {asked.margin}.")


def _outlined(image: Image.Image, shape: Image.Image, asked: Outline) -> bool:
    """Whether the shape's edge has the outline's colour, all around and nearly as deep as was asked for."""
    # What reaches the edge of the canvas has its own edge there.
    framed = ImageOps.expand(shape, 1)
    first, last = (2 if asked.width > _WIDE else 1), asked.width - 2
    ring = ImageChops.subtract(shrink(framed, first), shrink(framed, last))
    return _share(image, ring.crop((1, 1, SIDE + 1, SIDE + 1)), asked.color) >= _MOST_OUTLINE


def _reads(image: Image.Image, box: Box, spec: JobSpec) -> bool:
    """Whether the very words are there, letters and line around them, a few pixels more or less to a side."""
    drawn, line = words(spec), line_of(spec)
    if drawn is None or spec.text is None:
        return True
    inner = (box[0] + line, box[1] + line, box[2] - line, box[3] - line)
    x, y = place(spec, drawn, inner)
    x += (drawn.size[0] - drawn.letters.size[0]) // 2
    y += (drawn.size[1] - drawn.letters.size[1]) // 2
    style, (width, height) = spec.text.style, drawn.letters.size
    fill = solid(shrink(drawn.letters.fill, 1))
    edge = solid(shrink(ImageChops.subtract(drawn.letters.whole, drawn.letters.fill), 1))
    for dx, dy in _steps():
        part = image.crop((x + dx, y + dy, x + dx + width, y + dy + height))
        if min(_share(part, fill, style.fill), _share(part, edge, style.stroke)) >= _MOST_TEXT:
            return True
    return False


def _steps() -> list[tuple[int, int]]:
    """How far words may be from their place, the nearest first."""
    around = range(-_SHAKE, _SHAKE + 1)
    return sorted(((dx, dy) for dx in around for dy in around), key=lambda step: abs(step[0]) + abs(step[1]))


def _share(image: Image.Image, where: Image.Image, colour: str) -> float:
    """How much of a mask (black and white) has this colour; all, where the mask is empty."""
    count = where.histogram()[255]
    plain = Image.new("RGB", image.size, ImageColor.getrgb(colour)[:3])
    apart = ImageChops.difference(image.convert("RGB"), plain)
    far = ImageChops.lighter(ImageChops.lighter(*apart.split()[:2]), apart.getchannel(2))
    far = ImageChops.lighter(far, ImageChops.invert(image.getchannel("A")))
    near = ImageChops.darker(far.point([255] * _ALIKE + [0] * (256 - _ALIKE)), where)
    return near.histogram()[255] / count if count else 1.0
