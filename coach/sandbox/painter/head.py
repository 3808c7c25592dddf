"""The head of a cut-out: the photo's own, or one drawn with an expression."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageStat

from coach.sandbox.painter.brush import Color, blur, curve, mix
from coach.sandbox.painter.figure import Box, Figure

INK: Color = (38, 32, 40)
_HAIR, _SKIN, _WHITE, _MOUTH = (72, 48, 36), (238, 190, 150), (255, 255, 255), (126, 40, 48)
_ABOVE, _BELOW, _BESIDE = 0.62, 0.1, 0.36
"""How much more than the face a head is, as parts of the face's height and width."""

_UNIT = 100
"""A drawn head is so many units from its middle to its edge."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """A head (RGBA), where its face is, as parts of it, and the colour of its skin."""

    image: Image.Image
    face: Box
    skin: Color


def head_of(figure: Figure, high: int) -> Head:
    """The head of a photo, so many pixels high."""
    width, height = figure.photo.size
    x0, x1, y1 = figure.face[0] * width, figure.face[2] * width, figure.face[3] * height
    # A found face may begin at the hair or at the brow: how wide it is tells how high.
    y0 = max(figure.face[1] * height, y1 - 1.45 * (x1 - x0))
    left, top = round(x0 - _BESIDE * (x1 - x0)), round(y0 - _ABOVE * (y1 - y0))
    wide = max(1, round(x1 + _BESIDE * (x1 - x0)) - left)
    tall = max(1, round(y1 + _BELOW * (y1 - y0)) - top)
    box = left, top, left + wide, top + tall
    size = (max(1, round(wide / tall * high)), high)
    image = figure.photo.crop(box).resize(size, Image.Resampling.LANCZOS).convert("RGBA")
    oval = Image.new("L", size, 0)
    ImageDraw.Draw(oval).ellipse((0, 0, size[0] - 1, size[1] - 1), fill=255)
    mask = ImageChops.darker(oval, figure.mask.crop(box).resize(size, Image.Resampling.BICUBIC))
    image.putalpha(curve(blur(mask, high / 160), 96, 160))
    face = (x0 - left) / wide, (y0 - top) / tall, (x1 - left) / wide, (y1 - top) / tall
    across, down = x1 - x0, y1 - y0
    left, top = round(x0 + 0.3 * across), round(y0 + 0.5 * down)
    cheeks = figure.photo.crop((left, top, round(left + 0.4 * across), round(top + 0.25 * down)))
    return Head(image=image, face=face, skin=average(cheeks) or _SKIN)


def average(image: Image.Image, mask: Image.Image | None = None) -> Color | None:
    """The mean colour of a picture (RGB), or of what a mask leaves of it; ``None``: nothing is left."""
    if not image.width or not image.height or (mask is not None and not mask.getbbox()):
        return None
    red, green, blue = (round(value) for value in ImageStat.Stat(image.convert("RGB"), mask).mean)
    return red, green, blue


def drawn_head(high: int, eyes: str, mouth: str) -> Head:
    """A head that is nobody's, so many pixels high."""
    pen = _Pen(high)
    pen.round(-78, -94, 78, 96, INK, _HAIR)
    for side in (-1, 1):
        pen.round(side * 84 - 16, -8, side * 84 + 16, 34, INK, _SKIN)
    pen.round(-82, -84, 82, 98, INK, _SKIN)
    pen.draw.chord(pen.box(-82, -90, 82, 60), 196, 344, fill=_HAIR, outline=INK, width=pen.line)
    for side in (-1, 1):
        _eye(pen, eyes, side)
        pen.blot(side * 52, 44, 13, mix(_SKIN, (230, 90, 90), 0.45))
    _mouth(pen, mouth)
    return Head(image=pen.image, face=(0.12, 0.3, 0.88, 0.98), skin=_SKIN)


class _Pen:
    """Draws in units from the middle of a head."""

    def __init__(self, high: int) -> None:
        self.scale = high / 2 / _UNIT
        self.line = max(1, round(5 * self.scale))
        self.image = Image.new("RGBA", (high, high), (0, 0, 0, 0))
        self.draw = ImageDraw.Draw(self.image)

    def box(self, left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        """A box in pixels."""
        return (
            (left + _UNIT) * self.scale,
            (top + _UNIT) * self.scale,
            (right + _UNIT) * self.scale,
            (bottom + _UNIT) * self.scale,
        )

    def round(self, left: float, top: float, right: float, bottom: float, edge: Color, fill: Color) -> None:
        """An ellipse with an edge."""
        self.draw.ellipse(self.box(left, top, right, bottom), fill=fill, outline=edge, width=self.line)

    def blot(self, x: float, y: float, radius: float, fill: Color) -> None:
        """A disc."""
        self.draw.ellipse(self.box(x - radius, y - radius, x + radius, y + radius), fill=fill)

    def arc(self, x: float, y: float, radius: float, start: int, end: int) -> None:
        """A bent line, from one angle to another."""
        width = round(self.line * 1.5)
        self.draw.arc(self.box(x - radius, y - radius, x + radius, y + radius), start, end, INK, width)

    def stroke(self, *points: tuple[float, float]) -> None:
        """A line."""
        at = [((x + _UNIT) * self.scale, (y + _UNIT) * self.scale) for x, y in points]
        self.draw.line(at, INK, round(self.line * 1.5), joint="curve")


_PUPILS = {"open": (0, 2, 13), "wide": (0, 0, 15), "up": (5, -9, 12), "sly": (8, 4, 11), "wink": (0, 2, 13)}
"""Where a pupil is in its eye, and its radius."""


def _eye(pen: _Pen, eyes: str, side: int) -> None:
    x, y = side * 34, 8
    if eyes == "closed" or (eyes == "wink" and side > 0):
        pen.arc(x, y - 8, 19, 25, 155)
    elif eyes == "cross":
        pen.stroke((x - 16, y - 16), (x + 16, y + 16))
        pen.stroke((x - 16, y + 16), (x + 16, y - 16))
    else:
        dx, dy, radius = _PUPILS[eyes]
        pen.round(x - 21, y - 24, x + 21, y + 24, INK, _WHITE)
        pen.blot(x + dx, y + dy, radius, INK)
        pen.blot(x + dx - 4, y + dy - 5, 4, _WHITE)
    if eyes == "sly":
        pen.draw.chord(pen.box(x - 24, y - 27, x + 24, y + 21), 180, 360, fill=_SKIN)
        pen.stroke((x - 23, y - 4), (x + 23, y - 4))
    if eyes == "wide":
        pen.stroke((x - 18 + side * 4, y - 38), (x + 18 + side * 4, y - 38))


def _mouth(pen: _Pen, mouth: str) -> None:
    if mouth in ("laugh", "open"):
        box = pen.box(-32, 34, 32, 88) if mouth == "laugh" else pen.box(-18, 46, 18, 88)
        start, end = (0, 180) if mouth == "laugh" else (0, 360)
        pen.draw.chord(box, start, end, fill=_MOUTH, outline=INK, width=pen.line)
    elif mouth == "flat":
        pen.stroke((-22, 66), (22, 66))
    elif mouth == "frown":
        pen.arc(0, 92, 28, 220, 320)
    elif mouth == "smirk":
        pen.stroke((-22, 66), *((22 * math.sin(t / 6), 66 - 12 * (t / 9) ** 2) for t in range(10)))
    else:
        pen.arc(0, 42, 32, 30, 150)
