"""Where the parts of a sticker are: worked out for who draws it, and found again by who judges it."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageDraw

from coach.stickers._letters import Block, block
from coach.stickers._shape import Box
from coach.stickers.spec import SIDE, JobSpec

_GOAL = 0.8
"""Where between the least and the most height the sticker is drawn."""

_WORDS_HIGH, _SIGN_WIDE, _SIGN_HIGH = 0.3, 0.74, 0.24
"""The most that words may take of the height, and a sign's words of the width and of the height."""

_OVERLAP = {"top": 0.06, "bottom": 0.42}
"""How much of the words' height lies over the subject: little where its face may be."""

_FOOT = 0.05
"""How far a sign is above the foot of the sticker, as a part of the height."""

_PAD, _FINE = 20, 4
BOARD, EDGE, EDGE_WIDTH = "#FFF6DF", "#2A2118", 5
"""A sign's colour, and its edge's."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """What there is for everything within the outline: width and height in pixels."""

    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Words:
    """The words on a sticker.

    Attributes:
        letters: Their masks.
        board: The size in pixels of the sign they are on; ``None``: they are on no sign.
    """

    letters: Block
    board: tuple[int, int] | None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, of the sign where there is one."""
        return self.board or self.letters.size


def line_of(spec: JobSpec) -> int:
    """How wide the outline is."""
    outline = spec.constraints.outline
    return outline.width if outline else 0


def room(spec: JobSpec) -> Room:
    """The room within the outline: as high as is aimed at, and as wide as the margins leave."""
    asked = spec.constraints
    low, high = asked.subject_height
    free = SIDE - 2 * asked.margin
    goal = min(round((low + _GOAL * (high - low)) * SIDE), free)
    return Room(width=free - 2 * line_of(spec) - 2, height=goal - 2 * line_of(spec))


def words(spec: JobSpec) -> Words | None:
    """The words as they are drawn on a sticker of this spec."""
    if spec.text is None:
        return None
    given, sign = room(spec), spec.text.placement == "sign"
    width = round(given.width * _SIGN_WIDE) if sign else given.width
    letters = block(
        spec.text, width=width, height=round(given.height * (_SIGN_HIGH if sign else _WORDS_HIGH))
    )
    pad = _PAD + EDGE_WIDTH
    board = (letters.size[0] + 2 * pad, letters.size[1] + 2 * pad) if sign else None
    return Words(letters=letters, board=board)


def beside(spec: JobSpec, drawn: Words | None) -> int:
    """How much of the height the words take from the subject."""
    if drawn is None or spec.text is None or spec.text.placement == "sign":
        return 0
    return round(drawn.size[1] * (1 - _OVERLAP[spec.text.placement]))


def place(spec: JobSpec, drawn: Words, inner: Box) -> tuple[int, int]:
    """The left upper corner of the words, or of their sign, in what is within the outline."""
    (left, top, right, bottom), (width, height) = inner, drawn.size
    x = round((left + right - width) / 2)
    if spec.text is not None and spec.text.placement == "top":
        return x, top
    lift = round((bottom - top) * _FOOT) if drawn.board else 0
    return x, bottom - height - lift


def board(size: tuple[int, int]) -> Image.Image:
    """An empty sign, RGBA."""
    width, height = size[0] * _FINE, size[1] * _FINE
    out = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    ImageDraw.Draw(out).rounded_rectangle(
        (0, 0, width - 1, height - 1), 16 * _FINE, BOARD, EDGE, EDGE_WIDTH * _FINE
    )
    return out.resize(size, Image.Resampling.LANCZOS)
