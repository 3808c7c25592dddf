"""Where one picture ends and the next begins, in a strip across the place where that should be.

A strip is turned so that the line stands upright in it. Everything is measured by Pillow, column by column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image, ImageChops

Colour = tuple[int, int, int]
Span = tuple[int, int]

NOISE = 12
"""How far from its colour a gutter is on the average, out of 255: what JPEG leaves, and a tint."""

_CLEAR = 40
"""A pixel so far from the gutter's colour is no noise."""

_ACROSS = 0.02
"""The share of a gutter that may be something else before a picture goes across it."""

_ROWS = 256
"""So many rows of a strip are looked at: fewer are quicker, and have less noise."""

_PARTS = 15
"""In so many parts a column's colour is looked at: what is in fewer than half of them does not count."""

_NOISES = (3, 6, NOISE)
"""A calm picture beside a gutter is told from it by the least of these that it does not keep to."""

_LOOKED_AT = 3
"""Of so many flat bands, the widest, one is the gutter."""

_BLUR = 10
"""So many pixels to each side of an edge JPEG's blocks blur it."""

_CLEARLY = 3
"""A gutter's edges are so many times stronger than what is in it; else it is a calm part of a picture."""

_LOW = 6
"""What JPEG leaves at a gutter's edges."""

_CALMED = 4
"""Rows that are taken together to tell a seam from grain."""

_STEP = 10
"""By so much pixels differ on the two sides of a seam."""

_SEAM = 0.4
"""The share of a seam's length where that is to be seen."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """What is between two rows or columns of pictures.

    Attributes:
        start: Where the one before ends, in pixels from where the strip begins.
        end: Where the one after begins; the same where there is no gutter.
        colour: Of the gutter; ``None``: there is none.
        merged: Between which pairs there is no such line, counted along it.
    """

    start: int
    end: int
    colour: Colour | None
    merged: tuple[int, ...]

    def moved(self, by: int) -> Line:
        """The same so many pixels further."""
        return replace(self, start=self.start + by, end=self.end + by)


class Strip:
    """The surroundings of a line, turned so that it stands upright, with what its columns are like.

    Args:
        image: RGB.
        start: Where it begins, in pixels.
        end: Where it ends; the line is expected in the middle.
        upright: Whether the line stands in the picture as it is here.
        pairs: How many pairs of pictures it is between.
    """

    def __init__(self, image: Image.Image, start: int, end: int, *, upright: bool, pairs: int = 1) -> None:
        length = image.height if upright else image.width
        factor = max(1, length // _ROWS)
        if upright:
            self.image = image.reduce((1, factor), box=(start, 0, end, image.height))
        else:
            strip = image.reduce((factor, 1), box=(0, start, image.width, end))
            self.image = strip.transpose(Image.Transpose.TRANSPOSE)
        self.width = end - start
        self._spans = [_span(index, pairs, self.image.height) for index in range(pairs)]

    def line(self) -> Line | None:
        """The line; ``None``: there is none at all."""
        gutter = self._gutter()
        if gutter is not None and len(gutter.merged) < len(self._spans):
            return gutter
        return self._seam() or gutter

    def is_of(self, colour: Colour) -> bool:
        """Whether all of its columns are of a gutter's colour."""
        return max(_means(_apart(self.image, colour))) <= NOISE

    def margin(self, colour: Colour, *, last: bool) -> int:
        """How many columns at the left, or at the right, are of a gutter's colour."""
        away = _means(_apart(self.image, colour))
        away = away[::-1] if last else away
        flat = next((x for x, value in enumerate(away) if value > NOISE), len(away))
        return _crossing(away, flat) if 0 < flat < len(away) else 0

    def _gutter(self) -> Line | None:
        """A band of one colour along the whole strip, as wide as there is one."""
        usual = _medians(self.image)
        alike = usual.resize(self.image.size, Image.Resampling.NEAREST)
        spread = _means(_clipped(_differ(self.image, alike)))
        flats = [[value <= most for value in spread] for most in _NOISES]
        # A calm part of a picture, a dark floor, is as flat as the gutter it ends at: colours part them.
        steps = _jumps(usual)
        parted = [[calm and not jump for calm, jump in zip(flat, steps, strict=True)] for flat in flats]
        runs = {run for flat in flats + parted for run in _longest(flat)}
        found = [edged for run in runs if (edged := self._edged(run, usual, spread))]
        found = [each for each in found if each[0] >= _CLEARLY]
        return max(found, key=lambda each: self._rank(*each), default=(0, None))[1]

    def _rank(self, clear: float, line: Line) -> tuple[bool, float]:
        return len(line.merged) < len(self._spans), clear

    def _edged(self, run: Span, usual: Image.Image, spread: Sequence[int]) -> tuple[float, Line] | None:
        """A flat band with its edges, and how clear it is; ``None``: it has none on one of its sides."""
        colour = _colour(usual, *run)
        away = _means(_apart(self.image, colour))
        start, end = self.width - _crossing(away[::-1], self.width - run[0]), _crossing(away, run[1])
        if end - start < 2 or start <= 0 or end >= self.width:
            return None
        contrast = min(_middle(away[max(0, start - _BLUR) : start]), _middle(away[end : end + _BLUR]))
        clear = contrast / (2 + _middle(spread[start:end]))
        return clear, Line(start=start, end=end, colour=colour, merged=self._bridged(colour, start, end))

    def _bridged(self, colour: Colour, start: int, end: int) -> tuple[int, ...]:
        """The pairs where something goes across the gutter, through all of its columns."""
        other = _apart(self.image, colour).point([0] * _CLEAR + [255] * (256 - _CLEAR))
        inner = other.crop((start, 0, end, other.height))
        shares = [min(_means(inner.crop((0, top, inner.width, low)))) for top, low in self._spans]
        return tuple(index for index, share in enumerate(shares) if share > 255 * _ACROSS)

    def _seam(self) -> Line | None:
        """Where pictures touch, or nearly: their pixels do not go on across it."""
        calm = self.image.reduce((1, _CALMED))
        steps = _differ(calm.crop((1, 0, self.width, calm.height)), calm)
        edges = _means(steps)
        typical = _middle(edges)
        top = max(edges)
        if top < 1.5 * typical + 2:
            return None
        best = edges.index(top)
        near = [x for x in range(max(0, best - 3), min(len(edges), best + 4)) if edges[x] > 0.6 * top]
        limit = max(_STEP, 2 * typical)
        spans = [(top // _CALMED, low // _CALMED) for top, low in self._spans]
        seen = steps.point([0] * limit + [255] * (256 - limit))
        broad = seen.crop((near[0], 0, near[-1] + 1, seen.height))
        found = [max(_means(broad.crop((0, top, broad.width, low)))) for top, low in spans]
        merged = tuple(index for index, share in enumerate(found) if share < 255 * _SEAM)
        return Line(start=near[0] + 1, end=near[-1] + 1, colour=None, merged=merged)


def _middle(values: Sequence[int]) -> int:
    """The median; of nothing 0."""
    return sorted(values)[len(values) // 2] if values else 0


def _span(index: int, pairs: int, height: int) -> Span:
    """The rows of a pair, without those where the lines cross."""
    each = height / pairs
    return round((index + 0.12) * each), round((index + 0.88) * each)


def _differ(one: Image.Image, other: Image.Image) -> Image.Image:
    """By how much pixels differ, in the channel where they do most; as large as the smaller one."""
    red, green, blue = ImageChops.difference(one, other).split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _apart(image: Image.Image, colour: Colour) -> Image.Image:
    return _differ(image, Image.new("RGB", image.size, colour))


def _clipped(image: Image.Image) -> Image.Image:
    """So that little that is very different does not make a band something else."""
    return image.point([min(value, 48) for value in range(256)])


def _means(image: Image.Image) -> list[int]:
    """The mean of each column."""
    return list(image.resize((image.width, 1), Image.Resampling.BOX).tobytes())


def _medians(image: Image.Image) -> Image.Image:
    """The colour of most of each column, as one row: what goes across a gutter does not change it."""
    parts = image.resize((image.width, _PARTS), Image.Resampling.BOX).transpose(Image.Transpose.TRANSPOSE)
    bands = [band.tobytes() for band in parts.split()]
    each = range(0, image.width * _PARTS, _PARTS)
    middles = [[sorted(band[x : x + _PARTS])[_PARTS // 2] for x in each] for band in bands]
    row = Image.new("RGB", (image.width, 1))
    row.putdata(list(zip(*middles, strict=True)))
    return row


def _jumps(usual: Image.Image) -> list[bool]:
    """Whether a column has another colour than the one before it."""
    before = usual.transform(usual.size, Image.Transform.AFFINE, (1, 0, -1, 0, 1, 0))
    return [False, *(value > NOISE for value in _differ(usual, before).tobytes()[1:])]


def _colour(usual: Image.Image, start: int, end: int) -> Colour:
    """The mean colour of columns."""
    colour = usual.crop((start, 0, end, 1)).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert isinstance(colour, tuple)
    red, green, blue = colour
    return round(red), round(green), round(blue)


def _longest(flat: Sequence[bool]) -> list[Span]:
    """Where most columns beside each other are flat: first and one past the last."""
    found: list[Span] = []
    for x, value in enumerate(flat):
        if value and found and found[-1][1] == x:
            found[-1] = (found[-1][0], x + 1)
        elif value:
            found.append((x, x + 1))
    return sorted(found, key=lambda run: run[1] - run[0])[-_LOOKED_AT:]


def _crossing(away: Sequence[int], flat: int) -> int:
    """Where a picture begins behind a gutter: a third of the way to how different it is from it.

    Args:
        away: How far each column is from the gutter's colour.
        flat: The first column that is not certainly the gutter's.
    """
    # Not the median: a run may end well before the edge, where JPEG's noise begins.
    beyond = sorted(away[flat + 2 : flat + 6 + _BLUR] or [0])[-_BLUR // 3 :][0]
    part = max(beyond / 3, min(beyond / 2, _LOW))
    for x in range(max(0, flat - 2), min(len(away), flat + _BLUR)):
        if away[x] > max(part, 3):
            return x
    return flat
