"""Grids of pictures that are known to the pixel: with gutters, off the middle, as JPEG; and bad ones."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from random import Random
from typing import Literal, get_args

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Box = tuple[int, int, int, int]
Bad = Literal["bridged", "wall", "cut", "empty", "one", "nine"]

BAD: tuple[Bad, ...] = get_args(Bad)
COLOURS = ("#ffffff", "#000000", "#808080", "#f2ead8", "#1d3a6e")


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A grid and what is true of it.

    Attributes:
        tiles: Those that a bad one is refused for, from 1; none: it is no such grid at all.
    """

    data: bytes
    boxes: tuple[Box, ...]
    said: str
    tiles: tuple[int, ...] = ()


def tile(rng: Random, size: tuple[int, int], ground: tuple[int, int, int] | None = None) -> Image.Image:
    """A picture like a portrait: a backdrop that is lit from a side, somebody in front of it, some grain."""
    colour = ground or tuple(rng.randrange(30, 235) for _ in range(3))
    image = Image.new("RGB", size, colour)
    light = Image.linear_gradient("L").rotate(rng.choice((0, 90, 180, 270))).resize(size)
    depth = rng.uniform(0.25, 0.5)
    light = light.point([round(v * depth) for v in range(256)])
    image = ImageChops.subtract(image, Image.merge("RGB", (light, light, light)))
    pen = ImageDraw.Draw(image)
    w, h = size
    for _ in range(rng.randrange(4, 14)):  # a room, or a park
        x, y, r = rng.randrange(w), rng.randrange(h), rng.randrange(w // 16, w // 4)
        shade = tuple(rng.randrange(256) for _ in range(3))
        pen.ellipse((x - r, y - r, x + r, y + r), fill=shade)
    x, head = w // 2 + rng.randrange(-w // 10, w // 10), w // 5
    skin = rng.randrange(120, 240), rng.randrange(90, 180), rng.randrange(70, 150)
    coat = (rng.randrange(200),) * 3
    pen.ellipse((x - head * 2, h * 6 // 10, x + head * 2, h * 3 // 2), fill=coat)
    pen.ellipse((x - head, h // 5, x + head, h // 5 + head * 5 // 2), fill=skin)
    image = image.filter(ImageFilter.GaussianBlur(rng.choice((0, 1, 2))))
    # Not `effect_noise`: it is another one each time.
    grain, depth = Image.frombytes("L", size, rng.randbytes(w * h)), rng.uniform(0.05, 0.22)
    grain = grain.point([round(128 + (v - 128) * depth) for v in range(256)])
    return ImageChops.add(image, Image.merge("RGB", (grain, grain, grain)), 1, -128)


def drawn(seed: int, *, bad: Bad | None = None, size: tuple[int, int] | None = None) -> Drawn:
    """A grid: gutter 0 to 40 px, lines up to 3 % off the middle, five colours, JPEG of quality 60 to 95."""
    rng = Random(f"{seed} {bad}")
    width, height = size or rng.choice([(512, 512), (768, 768), (1024, 1024), (1024, 1536), (1536, 1024)])
    gutter, colour = rng.randrange(41), rng.choice(COLOURS)
    if bad in ("bridged", "empty"):
        gutter = rng.randrange(4, 41)
    margin = rng.choice((0, 0, gutter)) if gutter else 0
    off = 0.14 if bad == "cut" else 0.0
    xs = _line(rng, width, gutter, off)
    ys = _line(rng, height, gutter, 0.0)
    columns = ((margin, xs[0]), (xs[1], width - margin))
    rows = ((margin, ys[0]), (ys[1], height - margin))
    image = Image.new("RGB", (width, height), colour)
    # Before one backdrop, nothing shows where one ends and the next begins without a gutter.
    is_alike = gutter > 0 and rng.random() < 0.3
    alike = (rng.randrange(30, 235), rng.randrange(30, 235), rng.randrange(30, 235)) if is_alike else None
    boxes = tuple((x0, y0, x1, y1) for y0, y1 in rows for x0, x1 in columns)
    for x0, y0, x1, y1 in boxes:
        image.paste(tile(rng, (x1 - x0, y1 - y0), alike), (x0, y0))
    tiles = _spoilt(rng, image, boxes, bad, colour) if bad else ()
    quality = rng.randrange(60, 96)
    file = BytesIO()
    image.save(file, "JPEG", quality=quality, subsampling=rng.choice((0, 2)))
    said = f"seed {seed} {bad or 'good'}: {width}x{height}, gutter {gutter} {colour}, q {quality}"
    return Drawn(data=file.getvalue(), boxes=boxes, said=said, tiles=tiles)


def _line(rng: Random, side: int, gutter: int, off: float) -> tuple[int, int]:
    middle = side * (0.5 + off + (0 if off else rng.uniform(-0.03, 0.03)))
    start = round(middle - gutter / 2)
    return start, start + gutter


def _spoilt(
    rng: Random, image: Image.Image, boxes: tuple[Box, ...], bad: Bad, colour: str
) -> tuple[int, ...]:
    """Spoil a grid; the tiles that are wrong with it."""
    first, second = rng.choice(((0, 1), (2, 3), (0, 2), (1, 3)))
    a, b = boxes[first], boxes[second]
    whole = (a[0], a[1], b[2], b[3])
    size = (whole[2] - whole[0], whole[3] - whole[1])
    if bad == "wall":  # one picture where there should be two
        image.paste(tile(rng, size), whole[:2])
    elif bad == "bridged":  # an arm across the gutter
        pen, thick = ImageDraw.Draw(image), max(size) // 12
        x, y = (whole[0] + whole[2]) // 2, (whole[1] + whole[3]) // 2
        box = (x - size[0] // 6, y - thick // 2, x + size[0] // 6, y + thick // 2)
        if second != first + 1:
            box = (x - thick // 2, y - size[1] // 6, x + thick // 2, y + size[1] // 6)
        pen.rectangle(box, fill="#c58c6a")
    elif bad == "cut":
        return (2, 4)
    elif bad == "empty":
        image.paste(colour, boxes[first])
        return (first + 1,)
    elif bad == "one":
        image.paste(tile(rng, image.size), (0, 0))
        return ()
    elif bad == "nine":  # three rows of three
        wide, high = image.width // 3, image.height // 3
        image.paste(colour, (0, 0, *image.size))
        for number in range(9):
            at = (number % 3 * wide, number // 3 * high)
            image.paste(tile(rng, (wide - 12, high - 12)), at)
        return ()
    return first + 1, second + 1
