"""The person of a photo, cut out with Pillow alone.

Where the face is: the box that is full of skin colour and has little around it. Who belongs to it: colour
models of the person and of what is behind them, learnt from a head-and-shoulders shape around the face and
refined in rounds, each smoothed along the photo's own edges (He, Sun, Tang: Guided Image Filtering, 2013).
It is no match for a trained network, and need not be: the pixels of the face are the photo's own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageMath

from coach.sandbox.painter.brush import Size, blur, curve, polygon, ramp

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as parts of the width and the height."""

_FACE_SIDE = 64
_MATTE_SIDE = 192
_ROUNDS = 9
_UNIT = 16
"""Log-odds are kept in bytes: 128 is even, 16 more is one more."""

_SIGMOID = [round(255 / (1 + math.exp(-(v - 128) / _UNIT))) for v in range(256)]
_LIFTED = [round(255 * (v / 255) ** 0.6) for v in range(256)] * 3
_LEANING = [round(128 + (v - 127.5) / 127.5 * 2.5 * _UNIT) for v in range(256)]
_SURE, _SURELY_NOT = [0] * 170 + [255] * 86, [255] * 86 + [0] * 170


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A person: the photo, the mask around them (mode ``L``, same size) and where their face is.

    ``lit`` says that they are in a scene's light already, ``whole`` that it was a cut-out without a face.
    """

    photo: Image.Image
    mask: Image.Image
    face: Box
    lit: bool = False
    whole: bool = False


def cut_out(photo: Image.Image, face: Box | None = None) -> Figure:
    """Find the person in a photo (RGB, or RGBA when it is a cut-out already), by their face if it is known.

    Where no face is found the middle of the photo is taken, in a soft oval.
    """
    color = photo.convert("RGB")
    face = face or find_face(color)
    if "A" in photo.getbands() and photo.getchannel("A").getextrema() != (255, 255):
        mask, usual = photo.getchannel("A"), (0.35, 0.15, 0.65, 0.5)
        return Figure(photo=color, mask=mask, face=face or usual, whole=face is None)
    if face is None:
        return Figure(photo=color, mask=_oval(color.size), face=(0.3, 0.2, 0.7, 0.65))
    return Figure(photo=color, mask=_fine(color, _coarse(color, face)), face=face)


def find_face(photo: Image.Image) -> Box | None:
    """The face of a portrait, or ``None`` when nothing looks like one."""
    width, height = _FACE_SIDE, max(8, round(_FACE_SIDE * photo.height / photo.width))
    area = _areas(_skin(photo.resize((width, height), Image.Resampling.BOX)))
    best, box = 0.0, (0, 0, 0, 0)
    for wide in range(6, 38, 2):
        tall, stride = round(wide * 1.3), 1 if wide < 14 else 2
        for top in range(0, int(height * 0.8) - tall, stride):
            for left in range(0, width - wide, stride):
                score = _faceness(area, (left, top, left + wide, top + tall), width, height)
                if score > best:
                    best, box = score, (left, top, left + wide, top + tall)
    left, top, right, bottom = box
    if best == 0.0 or area(*box) < 0.4 * (right - left) * (bottom - top):
        return None
    x0, x1 = _spread([area(x, top, x + 1, bottom) for x in range(left, right)], left)
    y0, y1 = _spread([area(round(x0), y, round(x1), y + 1) for y in range(top, bottom)], top)
    return (x0 / width, y0 / height, x1 / width, y1 / height)


class _areas:
    """How many pixels of a mask are set inside a box: a summed-area table."""

    def __init__(self, mask: Image.Image) -> None:
        width, height = mask.size
        data = mask.tobytes()
        self.rows = [[0] * (width + 1)]
        for y in range(height):
            row, run = [0], 0
            for x in range(width):
                run += data[y * width + x] > 0
                row.append(self.rows[y][x + 1] + run)
            self.rows.append(row)

    def __call__(self, left: int, top: int, right: int, bottom: int) -> int:
        upper, lower = self.rows[max(0, top)], self.rows[min(len(self.rows) - 1, bottom)]
        left, right = max(0, left), min(len(upper) - 1, right)
        return lower[right] - upper[right] - lower[left] + upper[left]


def _skin(photo: Image.Image) -> Image.Image:
    """Pixels whose chrominance is that of human skin, light or dark (Chai and Ngan, 1999)."""
    luma, blue, red = photo.convert("YCbCr").split()
    found = ImageChops.multiply(_between(blue, 85, 127), _between(red, 136, 173))
    return ImageChops.multiply(found, _between(luma, 50, 250))


def _between(channel: Image.Image, low: int, high: int) -> Image.Image:
    return channel.point([255 if low <= v <= high else 0 for v in range(256)])


def _faceness(area: _areas, box: tuple[int, int, int, int], width: int, height: int) -> float:
    """How much a box looks like a face: skin inside, little beside and above, large, near the middle."""
    left, top, right, bottom = box
    wide, tall, rim = right - left, bottom - top, max(1, (right - left) // 4)
    inside = area(*box)
    around = area(left - rim, top - rim, right + rim, bottom) - inside
    reach = min(width, right + rim) - max(0, left - rim), min(height, bottom) - max(0, top - rim)
    outside = around / max(1, reach[0] * reach[1] - wide * tall)
    return (
        (inside / (wide * tall) - 1.2 * outside)
        * math.sqrt(wide)
        * (1 - 1.2 * abs((left + right) / 2 / width - 0.5))
    )


def _spread(weights: Sequence[int], start: int) -> tuple[float, float]:
    """Where most of the weight lies: 1.6 standard deviations to both sides of its mean."""
    total = sum(weights) or 1
    mean = sum((start + i + 0.5) * w for i, w in enumerate(weights)) / total
    deviation = math.sqrt(sum((start + i + 0.5 - mean) ** 2 * w for i, w in enumerate(weights)) / total)
    return mean - 1.6 * deviation, mean + 1.6 * deviation


def _body(size: Size, face: Box, grow: float) -> tuple[Image.Image, float]:
    """Head and shoulders around a face as a hard mask, and the face's width; ``grow`` is a part of it."""
    width, height = size
    wide, x = (face[2] - face[0]) * width, (face[0] + face[2]) / 2 * width
    chin, g = face[3] * height, grow * (face[2] - face[0]) * width
    brow = max(face[1] * height, chin - 1.45 * wide)
    half = [
        (0.32 * wide + g, chin - 0.3 * wide),
        (0.4 * wide + g, chin - 0.1 * wide),
        (1.2 * wide + g, chin + 0.35 * wide - g),
        (1.5 * wide + g, chin + 1.1 * wide),
        (1.65 * wide + g, height + wide),
    ]
    outline = [(x + dx, y) for dx, y in half] + [(x - dx, y) for dx, y in reversed(half)]
    mask = polygon(size, outline, soft=0)
    head = (x - 0.6 * wide - g, brow - 0.42 * wide - g, x + 0.6 * wide + g, chin - 0.3 * wide + g)
    ImageDraw.Draw(mask).ellipse(head, fill=255)
    return mask, wide


def _coarse(photo: Image.Image, face: Box) -> Image.Image:
    """The person at a small size, as a mask."""
    k = _MATTE_SIDE / max(photo.size)
    size = (max(16, round(photo.width * k)), max(16, round(photo.height * k)))
    small = photo.resize(size, Image.Resampling.BOX)
    palettes = _palettes(small, face)
    prior, wide = _body(size, face, 0)
    outer = blur(_body(size, face, 0.3)[0], wide * 0.08)
    soft = blur(prior, wide * 0.13)
    expected = soft.point([_odds(min(1.0, math.log((v + 4) / (259 - v)))) for v in range(256)])
    expected = _sum(expected, outer.point([_odds(-6 * (1 - v / 255), 6) for v in range(256)]))
    inside, outside = _body(size, face, -0.14)[0], ImageChops.invert(_body(size, face, 0.12)[0])
    mask, guide = soft, small.convert("L")
    for _ in range(_ROUNDS):
        colors = _sum(*(_learnt(palette, inside, outside) for palette in palettes))
        mask = _sum(_sum(colors, expected), _guided(guide, mask, 4, 40).point(_LEANING)).point(_SIGMOID)
        inside, outside = mask.point(_SURE), mask.point(_SURELY_NOT)
    return _one_piece(ImageChops.lighter(mask, _core(size, face)), face)


def _palettes(small: Image.Image, face: Box) -> tuple[Image.Image, Image.Image]:
    """Each pixel's colour as a number: 128 colours, and 32 colours in each of 8 zones around the person."""
    # Lifted and saturated, dark blue and black are different colours.
    calm = ImageEnhance.Color(small.filter(ImageFilter.MedianFilter(3)).point(_LIFTED)).enhance(3)
    fine, rough = (
        Image.frombytes(
            "L",
            calm.size,
            calm.quantize(n, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).tobytes(),
        )
        for n in (128, 32)
    )
    width, height = calm.size
    middle, reach = (face[0] + face[2]) / 2 * width, (face[2] - face[0]) * width * 0.75
    columns, shoulder = (0.0, middle - reach, middle, middle + reach, float(width)), face[3] * height
    zones = Image.new("L", calm.size, 0)
    draw = ImageDraw.Draw(zones)
    for row, (top, bottom) in enumerate(((0.0, shoulder), (shoulder, float(height)))):
        for column in range(4):
            left, right = max(0.0, columns[column]), max(0.0, columns[column], columns[column + 1])
            draw.rectangle((left, top, right, bottom), fill=32 * (row * 4 + column))
    return fine, ImageChops.add(rough, zones)


def _learnt(palette: Image.Image, inside: Image.Image, outside: Image.Image) -> Image.Image:
    """Log-odds of belonging to the person, from how often each colour is inside and outside."""
    person, rest = palette.histogram(inside), palette.histogram(outside)
    mine, theirs, rare = sum(person) + 1, sum(rest) + 1, 0.0006
    return palette.point(
        [_odds(0.8 * math.log((person[i] / mine + rare) / (rest[i] / theirs + rare))) for i in range(256)]
    )


def _odds(value: float, limit: float = 4) -> int:
    return round(128 + _UNIT * max(-limit, min(limit, value)))


def _sum(a: Image.Image, b: Image.Image) -> Image.Image:
    return ImageChops.add(a, b, 1, -128)


def _core(size: Size, face: Box) -> Image.Image:
    """The face itself, which is never cut away."""
    left, top, right, bottom = face[0] * size[0], face[1] * size[1], face[2] * size[0], face[3] * size[1]
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).ellipse((left, max(top, bottom - 1.45 * (right - left)), right, bottom), fill=255)
    return blur(mask, (right - left) * 0.06)


def _one_piece(mask: Image.Image, face: Box) -> Image.Image:
    """What hangs together with the face, without thin threads and without holes, smooth at the edge."""
    seed = (round((face[0] + face[2]) / 2 * mask.width), round((face[1] + face[3]) / 2 * mask.height))
    whole = mask.point([0] * 128 + [255] * 128).filter(ImageFilter.MinFilter(7))
    ImageDraw.Draw(whole).rectangle((seed[0] - 4, seed[1] - 4, seed[0] + 4, seed[1] + 4), fill=255)
    ImageDraw.floodfill(whole, seed, 200)
    whole = whole.point([255 if v == 200 else 0 for v in range(256)]).filter(ImageFilter.MaxFilter(9))
    mask = ImageChops.darker(mask, blur(whole, 1))
    framed = Image.new("L", (mask.width + 2, mask.height + 1), 0)
    framed.paste(mask.point([0] * 100 + [255] * 156), (1, 1))
    ImageDraw.floodfill(framed, (0, 0), 128)
    holes = framed.point([255] + [0] * 255).crop((1, 1, mask.width + 1, mask.height + 1))
    return curve(blur(ImageChops.lighter(mask, blur(holes, 0.7)), 1.8), 76, 186)


def _fine(photo: Image.Image, coarse: Image.Image) -> Image.Image:
    """The coarse mask at the photo's size, along the photo's edges, a little inside them."""
    mask = coarse.resize(photo.size, Image.Resampling.BICUBIC)
    mask = curve(_guided(photo.convert("L"), mask, max(3, photo.width // 110), 60), 84, 214)
    return ImageChops.darker(blur(mask, 1), blur(mask.filter(ImageFilter.MinFilter(3)), 0.8))


def _guided(guide: Image.Image, mask: Image.Image, radius: int, smooth: float) -> Image.Image:
    """The guided filter: in every window the mask becomes a linear function of the guide."""
    i, p = guide.convert("F"), mask.convert("F")
    evaluate = ImageMath.lambda_eval
    mean_i, mean_p = _mean(i, radius), _mean(p, radius)
    both = _mean(evaluate(lambda a: a["i"] * a["p"], i=i, p=p), radius)
    square = _mean(evaluate(lambda a: a["i"] * a["i"], i=i), radius)
    slope = evaluate(
        lambda a: (a["ip"] - a["i"] * a["p"]) / (a["ii"] - a["i"] * a["i"] + smooth),
        ip=both,
        ii=square,
        i=mean_i,
        p=mean_p,
    )
    offset = evaluate(lambda a: a["p"] - a["s"] * a["i"], p=mean_p, s=slope, i=mean_i)
    slope, offset = _mean(slope, radius), _mean(offset, radius)
    out: Image.Image = evaluate(lambda a: a["s"] * a["i"] + a["o"], s=slope, i=i, o=offset)
    return out.convert("L")


def _mean(values: Image.Image, radius: int) -> Image.Image:
    cells = (max(1, values.width // radius), max(1, values.height // radius))
    return values.resize(cells, Image.Resampling.BOX).resize(values.size, Image.Resampling.BILINEAR)


def _oval(size: Size) -> Image.Image:
    mask = Image.new("L", size, 0)
    inset = 0.08
    ImageDraw.Draw(mask).ellipse(
        (size[0] * inset, size[1] * inset, size[0] * (1 - inset), size[1] * (1.1 - inset)), fill=255
    )
    return ImageChops.multiply(blur(mask, min(size) * 0.05), ramp(size, (255, 255, 255, 200)))
