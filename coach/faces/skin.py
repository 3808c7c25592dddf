"""Whether the skin has become lighter or darker than in the photo, as far as that can be told.

The colour of skin in a picture is skin and light together, and the light of a picture is not known. There
are two cues: how light the skin is, and how light it is beside the whites of the eyes, which are in the same
light. Only what both say is taken: a brighter picture changes the first alone, half-closed eyes the second.
What it can tell and what it cannot is measured in docs/likeness.md.

Sources: IEC 61966-2-1 (sRGB); CIE 15 (Lab, D65); ISO/CIE 11664-6 (CIEDE2000), after Sharma, Wu, Dalal 2005.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageStat

from coach.faces._face import Point, level, middle, reach
from coach.faces.model import Face

Skin = Literal["kept", "lighter", "darker", "other"]

LIGHTNESS = 7.0
"""A change of so many L* is said. Of honest pairs of photos of one person 1 in 20 does, to either side."""

COLOUR = 16.0
"""A CIEDE2000 difference from which the skin has another colour, or the light has."""

_SMALLEST = 20.0
"""Pixels between the eyes; with fewer the whites of the eyes are not to be seen."""

_WHITE = 0.9
"""The part of the eye's surroundings that is no lighter than its white: above are only reflections."""

Lab = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Complexion:
    """The skin of one face.

    Attributes:
        red: Linear light, 0 to 1, as `green` and `blue`; the median over the forehead and both cheeks.
        eyes: The whites of the eyes, as linear light.
    """

    red: float
    green: float
    blue: float
    eyes: float

    @property
    def luminance(self) -> float:
        """Linear light, above 0 to 1."""
        return max(1e-4, 0.2126 * self.red + 0.7152 * self.green + 0.0722 * self.blue)

    @property
    def beside_eyes(self) -> float:
        """The luminance for one of the whites of the eyes."""
        return self.luminance / max(1e-4, self.eyes)

    def lab(self, factor: float = 1.0) -> Lab:
        """The colour in Lab (D65) in ``factor`` times the light."""
        return _lab(*(min(1.0, channel * factor) for channel in (self.red, self.green, self.blue)))


def complexion(image: Image.Image, face: Face) -> Complexion | None:
    """Measure the skin of a face; ``None`` when the face is too small for it."""
    if reach(face) < _SMALLEST:
        return None
    red, green, blue = (_linear(value) for value in _median(image, face))
    return Complexion(red=red, green=green, blue=blue, eyes=_linear(whites(image, face)))


def whites(image: Image.Image, face: Face) -> float:
    """How light the whites of the eyes are, 0 to 255; the mean of both eyes."""
    across, down = 0.2 * reach(face), 0.05 * reach(face)
    eyes = [_patch(image, eye, across, down).convert("L") for eye in face.landmarks[:2]]
    return sum(level(eye, _WHITE) for eye in eyes) / len(eyes)


def compare(photo: Complexion, candidate: Complexion) -> tuple[float, Skin]:
    """How far the skin is from the photo's, and which way.

    Returns:
        The CIEDE2000 difference that the light does not explain, and what to call it.
    """
    agreed = _agreed(
        math.log(candidate.luminance / photo.luminance), math.log(candidate.beside_eyes / photo.beside_eyes)
    )
    before = photo.lab()
    after = candidate.lab(photo.luminance / candidate.luminance * math.exp(agreed))
    shift, lighter = ciede2000(before, after), after[0] - before[0]
    if abs(lighter) >= LIGHTNESS:
        return shift, "lighter" if lighter > 0 else "darker"
    return shift, "other" if shift >= COLOUR else "kept"


def _agreed(one: float, other: float) -> float:
    """What both say: nothing when they contradict each other, else the smaller."""
    return 0.0 if one * other <= 0 else math.copysign(min(abs(one), abs(other)), one)


def _median(image: Image.Image, face: Face) -> list[int]:
    """The middle colour of the forehead and the cheeks, 0 to 255; hair and shine are outvoted."""
    eyes, mouth = middle(face)
    right, left, _, mouth_right, mouth_left = face.landmarks
    out = 0.12 * (left[0] - right[0]), 0.12 * (left[1] - right[1])
    places = (
        ((right[0] + mouth_right[0]) / 2 - out[0], (right[1] + mouth_right[1]) / 2 - out[1]),
        ((left[0] + mouth_left[0]) / 2 + out[0], (left[1] + mouth_left[1]) / 2 + out[1]),
        (eyes[0] - 0.55 * (mouth[0] - eyes[0]), eyes[1] - 0.55 * (mouth[1] - eyes[1])),
    )
    radius = 0.14 * reach(face)
    side = 2 * max(1, round(radius))
    strip = Image.new("RGB", (side * len(places), side))
    for number, place in enumerate(places):
        strip.paste(_patch(image, place, radius, radius).resize((side, side)), (number * side, 0))
    return ImageStat.Stat(strip).median


def _patch(image: Image.Image, centre: Point, across: float, down: float) -> Image.Image:
    left, top = round(centre[0] - across), round(centre[1] - down)
    return image.crop(
        (left, top, max(left + 1, round(centre[0] + across)), max(top + 1, round(centre[1] + down)))
    )


def _linear(value: float) -> float:
    value /= 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _lab(red: float, green: float, blue: float) -> Lab:
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883
    fx, fy, fz = (t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def ciede2000(one: Lab, other: Lab) -> float:
    """The difference of two colours as people see it; 1 is just visible side by side."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean = ((math.hypot(a1, b1) + math.hypot(a2, b2)) / 2) ** 7
    stretch = 1.5 - 0.5 * math.sqrt(mean / (mean + 25**7))
    c1, c2 = math.hypot(a1 * stretch, b1), math.hypot(a2 * stretch, b2)
    h1, h2 = (math.degrees(math.atan2(b, a * stretch)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    hue = (h1 + turn / 2) % 360 if c1 * c2 else h1 + h2
    chroma, light = (c1 + c2) / 2, ((l1 + l2) / 2 - 50) ** 2
    t = 1 - 0.17 * _cos(hue - 30) + 0.24 * _cos(2 * hue) + 0.32 * _cos(3 * hue + 6) - 0.2 * _cos(4 * hue - 63)
    dl = (l2 - l1) / (1 + 0.015 * light / math.sqrt(20 + light))
    dc = (c2 - c1) / (1 + 0.045 * chroma)
    dh = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2)) / (1 + 0.015 * chroma * t)
    bend = 2 * math.sqrt(chroma**7 / (chroma**7 + 25**7))
    bent = -math.sin(math.radians(60 * math.exp(-(((hue - 275) / 25) ** 2)))) * bend
    return math.sqrt(max(0.0, dl**2 + dc**2 + dh**2 + bent * dc * dh))


def _cos(degrees: float) -> float:
    return math.cos(math.radians(degrees))
