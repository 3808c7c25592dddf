"""Places with a roof: a stage, and a study with a window and books."""

from __future__ import annotations

from random import Random

from PIL import Image, ImageDraw

from coach.sandbox.painter.brush import (
    blur,
    clouds,
    curve,
    glow,
    gradient,
    light,
    mix,
    polygon,
    scale,
    shade,
)
from coach.sandbox.painter.light import Light

_SPINES = (
    (150, 60, 44),
    (60, 84, 104),
    (190, 150, 90),
    (84, 98, 64),
    (120, 84, 96),
    (214, 190, 150),
    (70, 52, 44),
)


def stage(image: Image.Image, sun: Light, rng: Random) -> None:
    """A curtain, three beams, and lights out of focus."""
    width, height = image.size
    image.paste(gradient(image.size, ((16, 12, 26), (44, 24, 52), (92, 44, 62), (30, 18, 26))), (0, 0))
    folds = clouds((width, 2), rng, cell=(0.06, 1), octaves=2).resize(image.size, Image.Resampling.BICUBIC)
    shade(image, curve(folds, 120, 230, 0.5), (120, 30, 48))
    shade(image, curve(folds, 120, 30, 0.5), (10, 6, 14))
    for x, color in ((0.18, (255, 214, 150)), (0.5, (255, 240, 214)), (0.84, (190, 190, 255))):
        foot = width * (0.5 + (x - 0.5) * 0.4)
        spread = [
            (width * x - 4, -10),
            (width * x + 4, -10),
            (foot + width * 0.24, height),
            (foot - width * 0.24, height),
        ]
        light(image, polygon(image.size, spread, soft=width * 0.03, value=120), color)
        light(image, glow(image.size, (width * x, 0), width * 0.2), color)
    _bokeh(image, sun, rng)


def study(image: Image.Image, sun: Light, rng: Random) -> None:
    """A warm room: a tall window, its light across the wall, shelves of books."""
    width, height = image.size
    image.paste(gradient(image.size, sun.sky), (0, 0))
    shade(image, curve(clouds(image.size, rng, cell=(0.3, 0.3), octaves=5), 110, 240, 0.25), sun.haze)
    _shelves(image, sun, rng)
    left, top, right, bottom = width * 0.05, height * 0.07, width * 0.37, height * 0.56
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    pane = polygon(image.size, corners, soft=0)
    image.paste(gradient(image.size, ((210, 228, 244), (255, 240, 210), (255, 214, 160))), (0, 0), pane)
    draw = ImageDraw.Draw(image)
    for bar in (1, 2):
        x = left + (right - left) * bar / 3
        draw.line((x, top, x, bottom), fill=sun.dark, width=3)
    for bar in (1, 2, 3):
        y = top + (bottom - top) * bar / 4
        draw.line((left, y, right, y), fill=sun.dark, width=3)
    frame = mix(sun.dark, (90, 60, 40), 0.5)
    draw.rectangle((left - 4, top - 4, right + 4, bottom + 4), outline=frame, width=5)
    light(image, scale(blur(pane, width * 0.08), 0.8), (255, 226, 170))
    beam = [(left, top), (right, top), (width * 1.05, height * 0.75), (width * 0.55, height)]
    light(image, polygon(image.size, beam, soft=width * 0.05, value=110), (255, 220, 160))


def _shelves(image: Image.Image, sun: Light, rng: Random) -> None:
    width, height = image.size
    draw = ImageDraw.Draw(image)
    start, y = width * 0.44, height * 0.1
    while y < height * 0.8:
        tall, x = height * rng.uniform(0.085, 0.11), start
        draw.rectangle((start - 3, y - tall - 3, width, y), fill=mix(sun.dark, (60, 40, 30), 0.3))
        while x < width:
            wide = max(3.0, width * rng.uniform(0.012, 0.035))
            color = mix(rng.choice(_SPINES), sun.dark, rng.uniform(0.1, 0.45))
            draw.rectangle((x, y - tall * rng.uniform(0.6, 0.92), x + wide - 1, y - 3), fill=color)
            x += wide + (width * 0.03 if rng.random() < 0.08 else 0)
        draw.rectangle((start - 3, y - 3, width, y + 2), fill=(150, 104, 66))
        y += tall + 6


def _bokeh(image: Image.Image, sun: Light, rng: Random) -> None:
    """Lights that are out of focus."""
    spots = Image.new("L", image.size, 0)
    draw = ImageDraw.Draw(spots)
    for _ in range(46):
        x, y = rng.random() * image.width, rng.random() * image.height * 0.8
        r, bright = image.width * rng.uniform(0.008, 0.035), rng.randint(30, 110)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=bright, outline=bright + 40)
    light(image, blur(spots, 1.2), sun.key)
