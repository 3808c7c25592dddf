"""A grid of four pictures, as models draw one: its gutters not quite in the middle, nor all of one width."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from PIL import Image

Size = tuple[int, int]
Box = tuple[int, int, int, int]

WIDEST = 40
"""The widest gutter, in pixels."""

OFF = 0.03
"""How far from the middle a line is at most, as a part of the picture's side."""

COLOURS = ("#ffffff", "#000000", "#808080", "#f2ead8", "#1d3a6e")

_ASKED = re.compile(r"\b(?:2\s*[x×]\s*2|two[- ]by[- ]two)\s+grid\b", re.IGNORECASE)  # noqa: RUF001
_NUMBERED = re.compile(r"(?:^|\s)[1-4][.)]\s+(.*?)(?=\s[1-4][.)]\s|\n|$)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where a grid's pictures are: left, top, right and bottom in pixels, row by row."""

    size: Size
    colour: str
    boxes: tuple[Box, Box, Box, Box]

    def put(self, pictures: Sequence[Image.Image]) -> Image.Image:
        """The grid."""
        grid = Image.new("RGB", self.size, self.colour)
        for picture, box in zip(pictures, self.boxes, strict=True):
            grid.paste(picture, box[:2])
        return grid


def is_grid(prompt: str) -> bool:
    """Whether a prompt asks for one."""
    return _ASKED.search(prompt) is not None


def parts_of(prompt: str) -> list[str]:
    """What the four show, where it is numbered; else the whole prompt."""
    return _NUMBERED.findall(prompt) or [prompt]


def layout(size: Size, seed: str) -> Layout:
    """A grid of a size; the same for the same seed."""
    rng = Random(f"grid {seed}")
    gutter, (width, height) = rng.randrange(WIDEST + 1), size
    (left, right), (upper, lower) = (_line(rng, side, gutter) for side in size)
    rows, columns = ((0, upper), (lower, height)), ((0, left), (right, width))
    one, two, three, four = ((x0, y0, x1, y1) for y0, y1 in rows for x0, x1 in columns)
    return Layout(size=size, colour=rng.choice(COLOURS), boxes=(one, two, three, four))


def _line(rng: Random, side: int, gutter: int) -> tuple[int, int]:
    start = round(side * (0.5 + rng.uniform(-OFF, OFF)) - gutter / 2)
    return start, start + gutter
