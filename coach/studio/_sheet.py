"""Drawing sheets: pictures beside each other with what they are called. Blocking, and nothing but Pillow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

PAPER, CARD, INK, FAINT, LINE = "#f6f3ee", "#ffffff", "#2b2926", "#807a72", "#c9c2b8"
ACCEPTED = "#2f6fb0"
BANDS: Mapping[str, tuple[str, str]] = {
    "strong": ("#3a8a5f", "strong likeness"),
    "fair": ("#c58b1f", "fair likeness"),
    "no": ("#b8443c", "not alike"),
    "cannot judge": (FAINT, "likeness unclear"),
    "not measured": (FAINT, "likeness not measured"),
}
"""The colour and the words of each band of likeness."""

MARGIN, GAP, PAD = 40, 28, 12
_FINE = 4


Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """A picture and what stands below it.

    Attributes:
        picture: RGB, of the size it is shown at.
        title: What it is called.
        band: How like the person it is; ``None``: it is not about that.
        skin: How the skin came out, ``lighter`` or ``darker``; ``None``: not otherwise.
        accepted: Whether the person accepted it.
    """

    picture: Image.Image
    title: str
    band: str | None = None
    skin: str | None = None
    accepted: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the card."""
        size = _text_size(self.picture.width)
        return self.picture.width + 2 * PAD, self.picture.height + 2 * PAD + size * 3

    def box(self, left: int, top: int) -> Box:
        """Where its picture is when the card stands at a corner."""
        return left + PAD, top + PAD, self.picture.width, self.picture.height

    def draw(self, sheet: Image.Image, left: int, top: int) -> None:
        """Put it on a sheet."""
        width, height = self.size
        _round(sheet, (left, top, width, height), ACCEPTED if self.accepted else LINE, radius=14)
        _round(sheet, (left + 2, top + 2, width - 4, height - 4), CARD, radius=12)
        sheet.paste(self.picture, (left + PAD, top + PAD), _mask(self.picture.size, radius=8))
        size = _text_size(self.picture.width)
        pen, at = ImageDraw.Draw(sheet), top + PAD + self.picture.height + size // 2
        said = f"{self.title} · accepted" if self.accepted else self.title
        pen.text((left + PAD + 2, at), said, INK, _font(size))
        if self.band is not None:
            colour, words = _judged(self.band, self.skin)
            dot = size * 3 // 5
            at += size * 4 // 3
            _round(sheet, (left + PAD + 2, at + size // 5, dot, dot), colour, radius=dot // 2)
            pen.text((left + PAD + 2 + dot * 3 // 2, at), words, FAINT, _font(size * 4 // 5))


def _judged(band: str, skin: str | None) -> tuple[str, str]:
    """The colour and the words: with another skin it is no more the person than with another face."""
    colour, words = BANDS.get(band, (FAINT, band))
    if skin is None:
        return colour, words
    return BANDS["no"][0], f"{words.removesuffix(' likeness')}, skin {skin}"


def side_by_side(cards: Sequence[Card], *, columns: int | None = None) -> tuple[Image.Image, tuple[Box, ...]]:
    """Cards in one row, or in rows of so many, and where the picture of each is."""
    across = columns or len(cards)
    rows = [cards[start : start + across] for start in range(0, len(cards), across)]
    wide = [sum(card.size[0] for card in row) + GAP * (len(row) - 1) for row in rows]
    high = [max(card.size[1] for card in row) for row in rows]
    size = 2 * MARGIN + max(wide), 2 * MARGIN + sum(high) + GAP * (len(rows) - 1)
    sheet, top, boxes = Image.new("RGB", size, PAPER), MARGIN, []
    for row, height in zip(rows, high, strict=True):
        left = MARGIN
        for card in row:
            card.draw(sheet, left, top)
            boxes.append(card.box(left, top))
            left += card.size[0] + GAP
        top += height + GAP
    return sheet, tuple(boxes)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where in a tree a card stands: its column and row, and those of what it was made from."""

    column: int
    row: int
    made_from: tuple[int, int] | None = None


def places(parents: Mapping[str, str | None]) -> dict[str, Place]:
    """Lay out a tree from left to right; the first child goes on in the row of its parent.

    Args:
        parents: The parent of each handle, in the order they were made.
    """
    children: dict[str | None, list[str]] = {}
    for handle, parent in parents.items():
        children.setdefault(parent, []).append(handle)
    found: dict[str, Place] = {}
    rows = 0
    waiting = list(reversed(children.get(None, [])))
    while waiting:
        here: str | None = waiting.pop()
        row, rows = rows, rows + 1
        while here is not None:
            start = found.get(parents[here] or "")
            column = start.column + 1 if start else 0
            found[here] = Place(
                column=column, row=row, made_from=(start.column, start.row) if start else None
            )
            further = children.get(here, [])
            waiting += reversed(further[1:])
            here = further[0] if further else None
    return found


def tree(cards: Mapping[str, Card], parents: Mapping[str, str | None]) -> Image.Image:
    """Cards of one size as a tree, each joined with what it was made from."""
    at = places(parents)
    width, height = next(iter(cards.values())).size
    columns, rows = (1 + max(getattr(place, name) for place in at.values()) for name in ("column", "row"))
    gap = 2 * GAP
    size = (2 * MARGIN + columns * (width + gap) - gap, 2 * MARGIN + rows * (height + GAP) - GAP)
    sheet = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(sheet)

    def corner(column: int, row: int) -> tuple[int, int]:
        return MARGIN + column * (width + gap), MARGIN + row * (height + GAP)

    for place in at.values():
        if place.made_from is not None:
            (x0, y0), (x1, y1) = corner(*place.made_from), corner(place.column, place.row)
            bend, down = x1 - gap // 2, height // 2
            joint = [(x0 + width, y0 + down), (bend, y0 + down), (bend, y1 + down), (x1, y1 + down)]
            pen.line(joint, LINE, width=4, joint="curve")
    for handle, card in cards.items():
        card.draw(sheet, *corner(at[handle].column, at[handle].row))
    return sheet


def _text_size(width: int) -> int:
    return max(15, min(26, width // 11))


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def _round(sheet: Image.Image, box: tuple[int, int, int, int], colour: str, *, radius: int) -> None:
    left, top, width, height = box
    sheet.paste(colour, (left, top, left + width, top + height), _mask((width, height), radius=radius))


def _mask(size: tuple[int, int], *, radius: int) -> Image.Image:
    """A box with smooth round corners: only the corners are drawn larger and made small again."""
    mask = Image.new("L", size, 255)
    fine = Image.new("L", (radius * 2 * _FINE,) * 2, 0)
    ImageDraw.Draw(fine).ellipse((0, 0, fine.width - 1, fine.height - 1), fill=255)
    disc = fine.resize((radius * 2, radius * 2), Image.Resampling.BOX)
    right, bottom = size[0] - radius, size[1] - radius
    for x, y, part in (
        (0, 0, (0, 0)),
        (right, 0, (radius, 0)),
        (0, bottom, (0, radius)),
        (right, bottom, (radius, radius)),
    ):
        mask.paste(disc.crop((*part, part[0] + radius, part[1] + radius)), (x, y))
    return mask
