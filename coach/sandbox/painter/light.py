"""The times of day a sandbox picture knows, each with its colours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from coach.sandbox.painter.brush import Color


@dataclass(frozen=True, kw_only=True)
class Light:
    """The colours of one time of day.

    Attributes:
        sky: From the zenith to the horizon.
        key: The light's own colour.
        haze: What distance fades to.
        dark: The nearest silhouettes.
        ambient: What the person is tinted with.
        stars: How many there are, 0 to 1.
        orb: Sun or moon: x, y and radius, as parts of the width, the height and the width.
        disc: Whether the orb itself is seen.
    """

    sky: tuple[Color, ...]
    key: Color
    haze: Color
    dark: Color
    ambient: Color
    orb: tuple[float, float, float]
    stars: float = 0.0
    disc: bool = True


LIGHTS = {
    "night": Light(
        sky=((6, 10, 32), (14, 26, 66), (34, 58, 108), (86, 104, 138)),
        key=(196, 214, 255),
        haze=(62, 84, 132),
        dark=(10, 15, 30),
        ambient=(166, 182, 222),
        orb=(0.78, 0.15, 0.036),
        stars=1.0,
    ),
    "dusk": Light(
        sky=((26, 22, 66), (78, 48, 106), (190, 92, 104), (250, 168, 104)),
        key=(255, 176, 120),
        haze=(190, 112, 116),
        dark=(34, 22, 44),
        ambient=(232, 200, 200),
        orb=(0.76, 0.45, 0.06),
        stars=0.25,
    ),
    "dawn": Light(
        sky=((64, 100, 164), (140, 156, 196), (242, 190, 176), (255, 226, 178)),
        key=(255, 222, 170),
        haze=(224, 190, 186),
        dark=(56, 54, 78),
        ambient=(250, 232, 220),
        orb=(0.22, 0.43, 0.055),
    ),
    "golden": Light(
        sky=((70, 112, 160), (148, 168, 176), (246, 206, 142), (255, 226, 160)),
        key=(255, 214, 140),
        haze=(234, 196, 148),
        dark=(70, 58, 36),
        ambient=(255, 234, 208),
        orb=(0.8, 0.36, 0.06),
    ),
    "day": Light(
        sky=((44, 104, 182), (94, 156, 214), (164, 206, 232), (222, 236, 240)),
        key=(255, 250, 232),
        haze=(178, 206, 216),
        dark=(46, 76, 50),
        ambient=(248, 250, 250),
        orb=(0.82, 0.13, 0.04),
        disc=False,
    ),
    "indoors": Light(
        sky=((54, 36, 28), (92, 62, 44), (126, 88, 60), (84, 58, 44)),
        key=(255, 206, 140),
        haze=(150, 108, 76),
        dark=(30, 21, 18),
        ambient=(255, 232, 206),
        orb=(0.2, 0.2, 0.1),
        disc=False,
    ),
}


def varied(light: Light, rng: Random) -> Light:
    """The same time of day as another day would have it: other shades, the orb a little elsewhere."""
    shift = [rng.randint(-12, 12) for _ in range(3)]
    x, y, radius = light.orb
    return replace(
        light,
        sky=tuple(_shifted(color, shift) for color in light.sky),
        haze=_shifted(light.haze, shift),
        orb=(x + rng.uniform(-0.06, 0.06), y + rng.uniform(-0.03, 0.03), radius),
    )


def _shifted(color: Color, shift: list[int]) -> Color:
    red, green, blue = (max(0, min(255, c + s)) for c, s in zip(color, shift, strict=True))
    return (red, green, blue)
