"""A picture that is a grid of pictures: its gutters are found, it is split and trimmed. Blocking.

Gutters need not be in the middle nor of any certain colour, and there may be none. What is no such grid is
refused, with the tiles that are wrong: a paid picture is kept as it is, and nobody gets half a face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import product

from PIL import Image

from coach.errors import GridRefused
from coach.studio._lines import Colour, Line, Strip
from coach.studio.mask import BROKEN
from coach.studio.provenance import MediaType, Signer, derive, ingredient

Box = tuple[int, int, int, int]

MAX_PIXELS = 4096 * 4096
"""The largest grid that is taken."""

MOST = 5
"""The most rows, and columns."""

TILE: MediaType = "image/jpeg"
"""What tiles are: written in a tenth of the time of PNG. The grid keeps every pixel as it came."""

_OFF = 0.05
"""How far from its place a line is looked for, as a part of the picture's side."""

_FAR = 0.15
"""And where it is looked for when it is not there, to know what is cut from what is merged."""

_WIDEST = 0.09
"""The widest gutter or margin, as a part of the picture's side."""

_SHORT = 0.8
"""A tile that is shorter than so much of the longest is cut."""

_ROOM = 16
"""Pixels of the pictures that are looked at beside a gutter."""

_SMALLEST = 32
_FLAT = 10
"""A tile whose channels differ by no more, once it is small, is empty."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Where the pictures of a grid are.

    Attributes:
        boxes: Left, top, right and bottom of each in pixels, row by row from the top.
        colours: Of the gutters that there are.
    """

    boxes: tuple[Box, ...]
    colours: tuple[Colour, ...]


def split_grid(
    data: bytes, *, rows: int = 2, columns: int = 2, signer: Signer | None = None
) -> tuple[bytes, ...]:
    """The pictures of a grid, row by row: JPEG with the AI mark and the hash of the grid.

    Args:
        data: The service's file: PNG, JPEG or WebP. What is transparent in it becomes white.
        signer: Signs a C2PA manifest into each; ``None``: they carry the IPTC mark alone.

    Raises:
        GridRefused: It is no grid of so many pictures, or is damaged or too large.
    """
    image = _opened(data)
    parent = ingredient(data, whole=signer is not None)
    return tuple(
        derive(parent, image.crop(box), media_type=TILE, kind="tile", signer=signer)
        for box in find_grid(image, rows=rows, columns=columns).boxes
    )


def find_grid(image: Image.Image, *, rows: int = 2, columns: int = 2) -> Grid:
    """Find the pictures of a grid.

    Args:
        image: RGB.
        rows: 1 to :data:`MOST`.
        columns: The same.

    Raises:
        GridRefused: It is no such grid; ``tiles`` says which are merged, cut or empty.
        ValueError: Too many rows or columns.
    """
    if not (1 <= rows <= MOST and 1 <= columns <= MOST):
        raise ValueError(f"a grid has 1 to {MOST} rows and columns")
    if min(image.width // columns, image.height // rows) < _SMALLEST:
        raise GridRefused("too_small")
    upright = _lines(image, columns, rows, upright=True)
    level = _lines(image, rows, columns, upright=False)
    _check_merged(upright, level, rows, columns)
    found = [*filter(None, upright), *filter(None, level)]
    colours = tuple(line.colour for line in found if line.colour is not None)
    across = _intervals(upright, *_margins(image, colours, upright=True))
    down = _intervals(level, *_margins(image, colours, upright=False))
    _check_cut(across, down)
    boxes = tuple((x0, y0, x1, y1) for y0, y1 in down for x0, x1 in across)
    _check_empty(image, boxes)
    return Grid(boxes=boxes, colours=colours)


def _opened(data: bytes) -> Image.Image:
    try:
        with Image.open(BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as image:
            if image.width * image.height > MAX_PIXELS:
                raise GridRefused("too_large")
            if not image.has_transparency_data:
                return image.convert("RGB")
            ground = Image.new("RGBA", image.size, "white")
            ground.alpha_composite(image.convert("RGBA"))
            return ground.convert("RGB")
    except BROKEN:
        raise GridRefused("damaged") from None


def _lines(image: Image.Image, count: int, pairs: int, *, upright: bool) -> list[Line | None]:
    """The lines between so many columns, or rows, in pixels of the picture; ``None``: one is not there."""
    side = image.width if upright else image.height
    found: list[Line | None] = []
    for index in range(1, count):
        line = _line(image, side * index // count, side * 2 // (5 * count), pairs, upright=upright)
        found.append(line)
    return found


def _line(image: Image.Image, middle: int, most: int, pairs: int, *, upright: bool) -> Line | None:
    """The line next to a place. One that is not whole, or no gutter, is looked for further away too."""
    found: list[Line] = []
    for off in (_OFF, _FAR):
        reach = min(round((image.width if upright else image.height) * (off + _WIDEST / 2)) + _ROOM, most)
        line = Strip(image, middle - reach, middle + reach, upright=upright, pairs=pairs).line()
        if line is not None:
            found.append(line.moved(middle - reach))
        if line is not None and not line.merged and line.colour is not None:
            break
    return min(found, key=lambda each: (bool(each.merged), each.colour is None), default=None)


def _check_merged(
    upright: Sequence[Line | None], level: Sequence[Line | None], rows: int, columns: int
) -> None:
    merged = set[int]()
    for index, line in enumerate(upright, 1):
        for row in range(rows) if line is None else line.merged:
            merged |= {row * columns + index, row * columns + index + 1}
    for index, line in enumerate(level, 1):
        for column in range(columns) if line is None else line.merged:
            merged |= {(index - 1) * columns + column + 1, index * columns + column + 1}
    if merged:
        raise GridRefused("merged", sorted(merged))


def _margins(image: Image.Image, colours: Sequence[Colour], *, upright: bool) -> tuple[int, int]:
    """Where what is of a gutter's colour ends at the left, or the top, and begins again, in pixels."""
    side = image.width if upright else image.height
    wide = min(round(side * _WIDEST) + _ROOM, side)
    found = []
    for last, start, edge in ((False, 0, 0), (True, side - wide, side - 1)):
        outermost = Strip(image, edge, edge + 1, upright=upright)  # most grids have no margin: a quick look
        seen = [colour for colour in colours if outermost.is_of(colour)]
        strip = Strip(image, start, start + wide, upright=upright) if seen else outermost
        found.append(max((strip.margin(colour, last=last) for colour in seen), default=0))
    return found[0], side - found[1]


def _intervals(lines: Sequence[Line | None], start: int, end: int) -> list[tuple[int, int]]:
    known = [line for line in lines if line is not None]
    starts = [start, *(line.end for line in known)]
    return list(zip(starts, [*(line.start for line in known), end], strict=True))


def _check_cut(across: Sequence[tuple[int, int]], down: Sequence[tuple[int, int]]) -> None:
    wide, high = ([end - start for start, end in each] for each in (across, down))
    cut = [
        number
        for number, (height, width) in enumerate(product(high, wide), 1)
        if width < _SHORT * max(wide) or height < _SHORT * max(high)
    ]
    if cut:
        raise GridRefused("cut", cut)


def _check_empty(image: Image.Image, boxes: Sequence[Box]) -> None:
    small = [image.resize((64, 64), Image.Resampling.NEAREST, box=box).reduce(4).tobytes() for box in boxes]
    spans = [max(max(each[c::3]) - min(each[c::3]) for c in range(3)) for each in small]
    empty = [number for number, span in enumerate(spans, 1) if span <= _FLAT]
    if empty:
        raise GridRefused("empty", empty)
