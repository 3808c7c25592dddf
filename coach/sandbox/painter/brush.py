"""What every layer of a sandbox picture is made with: gradients, noise, glows, ridges, grain.

Masks are mode ``L`` and colours are RGB. Chance comes from a :class:`random.Random`, so the same seed
paints the same picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Color = tuple[int, int, int]
Size = tuple[int, int]
Point = tuple[float, float]

_TILE = 192


def mix(a: Color, b: Color, t: float) -> Color:
    """The colour ``t`` of the way from ``a`` to ``b``."""
    return (
        round(a[0] + (b[0] - a[0]) * t),
        round(a[1] + (b[1] - a[1]) * t),
        round(a[2] + (b[2] - a[2]) * t),
    )


def gradient(size: Size, colors: Sequence[Color], *, steps: int = 64) -> Image.Image:
    """A vertical gradient through ``colors``, evenly spaced from top to bottom."""
    column = Image.new("RGB", (1, steps))
    for y in range(steps):
        at = y / (steps - 1) * (len(colors) - 1)
        index = min(int(at), len(colors) - 2)
        column.putpixel((0, y), mix(colors[index], colors[index + 1], at - index))
    return column.resize(size, Image.Resampling.BICUBIC)


def ramp(size: Size, values: Sequence[int]) -> Image.Image:
    """A vertical gradient as a mask."""
    return gradient(size, [(v, v, v) for v in values]).getchannel(0)


def clouds(
    size: Size, rng: Random, *, cell: tuple[float, float] = (0.5, 0.5), octaves: int = 4
) -> Image.Image:
    """Smooth noise as a mask. ``cell`` is the largest feature as a part of the width and of the height."""
    out = Image.new("L", size, 128)
    for octave in range(octaves):
        across, down = (max(2, round(2**octave / part) + 1) for part in cell)
        layer = Image.frombytes("L", (across, down), rng.randbytes(across * down))
        layer = layer.resize(size, Image.Resampling.BICUBIC)
        out = layer if octave == 0 else Image.blend(out, layer, 0.55 / (octave + 1))
    return out


def curve(mask: Image.Image, low: float, high: float, gain: float = 1.0) -> Image.Image:
    """Stretch a mask: ``low`` becomes 0 and ``high`` becomes ``255 * gain``; low > high inverts."""
    return mask.point([max(0, min(255, round((v - low) / (high - low) * 255 * gain))) for v in range(256)])


def scale(mask: Image.Image, factor: float) -> Image.Image:
    """Every value of a mask times ``factor``."""
    return mask.point([min(255, round(v * factor)) for v in range(256)])


def blur(image: Image.Image, radius: float) -> Image.Image:
    """A Gaussian blur, radius in pixels."""
    return image.filter(ImageFilter.GaussianBlur(radius))


def glow(size: Size, center: Point, radius: float, *, power: float = 2.0) -> Image.Image:
    """A round light as a mask: bright at ``center``, gone at ``radius`` (both in pixels)."""
    spot = Image.radial_gradient("L").resize((96, 96), Image.Resampling.BILINEAR)
    spot = spot.point([round(255 * max(0.0, 1 - v / 181) ** power) for v in range(256)])
    side = max(2, round(radius * 2))
    out = Image.new("L", size, 0)
    corner = (round(center[0] - side / 2), round(center[1] - side / 2))
    out.paste(spot.resize((side, side), Image.Resampling.BICUBIC), corner)
    return out


def polygon(size: Size, points: Sequence[Point], *, soft: float = 0.6, value: int = 255) -> Image.Image:
    """A filled polygon as a mask with a soft edge."""
    out = Image.new("L", size, 0)
    ImageDraw.Draw(out).polygon(points, fill=value)
    return blur(out, soft)


def light(image: Image.Image, mask: Image.Image, color: Color) -> None:
    """Add light of one colour where ``mask`` is bright."""
    tinted = Image.composite(Image.new("RGB", image.size, color), Image.new("RGB", image.size), mask)
    image.paste(ImageChops.screen(image, tinted))


def shade(image: Image.Image, mask: Image.Image, color: Color) -> None:
    """Cover with one colour where ``mask`` is bright."""
    image.paste(color, (0, 0), mask)


def ridge(width: int, rng: Random, *, base: float, rise: float, rough: float) -> list[Point]:
    """The outline of hills from left to right, in pixels: midpoint displacement, by ``rough``."""
    heights, step = [rng.uniform(-1, 1), rng.uniform(-1, 1)], 1.0
    while len(heights) < 120:
        step *= rough
        middles = [(a + b) / 2 + rng.uniform(-1, 1) * step for a, b in pairwise(heights)]
        heights = [h for pair in zip(heights, middles, strict=False) for h in pair] + [heights[-1]]
    return [(i / (len(heights) - 1) * width, base - rise * h) for i, h in enumerate(heights)]


def ground(image: Image.Image, outline: Sequence[Point], top: Color, bottom: Color) -> None:
    """Fill everything below an outline, shading from its highest point down."""
    width, height = image.size
    start = max(0, min(height - 2, int(min(y for _, y in outline))))
    body = Image.new("RGB", image.size, bottom)
    body.paste(gradient((width, height - start), (top, bottom)), (0, start))
    image.paste(body, (0, 0), polygon(image.size, [*outline, (width, height), (0, height)]))


def grain(image: Image.Image, rng: Random, strength: float) -> Image.Image:
    """Film grain over the whole picture; ``strength`` is its swing out of 255."""
    tile = blur(Image.frombytes("L", (_TILE, _TILE), rng.randbytes(_TILE * _TILE)), 0.5)
    tile = tile.point([round(128 + (v - 128) / 128 * strength) for v in range(256)])
    sheet = Image.new("L", image.size)
    for top in range(0, image.height, _TILE):
        for left in range(0, image.width, _TILE):
            sheet.paste(tile, (left, top))
    return ImageChops.add(image, Image.merge("RGB", (sheet, sheet, sheet)), 1, -128)


def vignette(size: Size, amount: float) -> Image.Image:
    """A mask: 0 in the middle, ``255 * amount`` in the corners."""
    spread = Image.radial_gradient("L").resize(size, Image.Resampling.BICUBIC)
    return spread.point([round(255 * amount * (v / 255) ** 2.2) for v in range(256)])
