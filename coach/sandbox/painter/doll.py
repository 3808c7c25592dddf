"""The body of a cut-out: legs, trunk, arms and what is held, in units from the middle of the chest."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PIL import Image, ImageDraw

from coach.sandbox.painter.brush import Color, Point
from coach.sandbox.painter.head import INK

_EDGE = 5
_SLEEVE, _LEG, _HAND = 46, 54, 28
_TROUSERS, _SHOE, _MUG, _COFFEE, _PILLOW = (
    *((52, 58, 84), (240, 240, 244), (250, 246, 238)),
    *((92, 58, 36), (222, 230, 250)),
)


class Doll:
    """A picture (RGBA, on nothing) that a body is drawn on.

    Args:
        side: Its width and height in pixels.
        scale: Pixels of a unit.
        middle: Where the middle of the chest is, in pixels.
    """

    def __init__(self, side: int, *, scale: float, middle: Point) -> None:
        self.image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
        self.scale, self.middle = scale, middle
        self._draw = ImageDraw.Draw(self.image)

    def at(self, x: float, y: float) -> Point:
        """A point in pixels."""
        return self.middle[0] + x * self.scale, self.middle[1] + y * self.scale

    def box(self, left: float, top: float, right: float, bottom: float) -> tuple[int, int, int, int]:
        """A box in pixels."""
        (x0, y0), (x1, y1) = self.at(left, top), self.at(right, bottom)
        return round(x0), round(y0), round(x1), round(y1)

    def legs(self, *, knees: float, feet: Point) -> None:
        """Two legs: how far the knees are turned out, and how far out and up the feet are."""
        for side in (-1, 1):
            hip, knee = (side * 38, 150), (side * (38 + knees), 205 - feet[1] / 2)
            foot = (side * feet[0], 258 - feet[1])
            self.limb((hip, knee, foot), _LEG, _TROUSERS)
            self._round(foot[0] - 36 + side * 10, foot[1] - 6, foot[0] + 36 + side * 10, foot[1] + 26, _SHOE)

    def trunk(self, shirt: Color) -> None:
        """The trunk."""
        width = round(_EDGE * self.scale)
        box, radius = self.box(-84, -24, 84, 172), round(52 * self.scale)
        self._draw.rounded_rectangle(box, radius, fill=shirt, outline=INK, width=width)

    def arm(self, shoulder: Point, elbow: Point, hand: Point, *, shirt: Color, skin: Color) -> None:
        """An arm, and the hand at its end."""
        self.limb((shoulder, elbow, hand), _SLEEVE, shirt)
        self._round(hand[0] - _HAND, hand[1] - _HAND, hand[0] + _HAND, hand[1] + _HAND, skin)

    def limb(self, points: Sequence[Point], width: float, fill: Color) -> None:
        """A bent tube with round ends and an edge."""
        for wide, colour in ((width + 2 * _EDGE, INK), (width, fill)):
            for start, end in pairwise(points):
                line = (self.at(*start), self.at(*end))
                self._draw.line(line, colour, round(wide * self.scale))
            for x, y in points:
                self._draw.ellipse(
                    self.box(x - wide / 2, y - wide / 2, x + wide / 2, y + wide / 2), fill=colour
                )

    def mug(self, hand: Point) -> None:
        """A mug of coffee in a hand."""
        x, y = hand[0] - 16, hand[1] - 16
        width = round(_EDGE * self.scale)
        self._draw.ellipse(self.box(x - 62, y - 24, x - 14, y + 24), outline=INK, width=2 * width)
        self._draw.rounded_rectangle(
            self.box(x - 40, y - 44, x + 40, y + 44), round(12 * self.scale), _MUG, INK, width
        )
        self._round(x - 40, y - 58, x + 40, y - 30, _COFFEE)

    def pillow(self) -> None:
        """A pillow in front of the chest."""
        box, radius = self.box(-128, 4, 128, 150), round(40 * self.scale)
        self._draw.rounded_rectangle(box, radius, _PILLOW, INK, round(_EDGE * self.scale))

    def finger(self, hand: Point, skin: Color) -> None:
        """A finger that points up from a hand."""
        self.limb((hand, (hand[0], hand[1] - 48)), 20, skin)
        self._round(hand[0] - _HAND, hand[1] - _HAND, hand[0] + _HAND, hand[1] + _HAND, skin)

    def _round(self, left: float, top: float, right: float, bottom: float, fill: Color) -> None:
        self._draw.ellipse(
            self.box(left, top, right, bottom), fill=fill, outline=INK, width=round(_EDGE * self.scale)
        )
