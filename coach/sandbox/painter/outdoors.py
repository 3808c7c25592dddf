"""Places under the sky: hills, mountains, forest, sea, city, observatory."""

from __future__ import annotations

from random import Random

from PIL import Image, ImageChops, ImageDraw

from coach.sandbox.painter.brush import (
    Size,
    blur,
    clouds,
    curve,
    glow,
    gradient,
    ground,
    light,
    mix,
    polygon,
    ramp,
    ridge,
    scale,
    shade,
)
from coach.sandbox.painter.light import Light

HORIZON = 0.5


def hills(image: Image.Image, sun: Light, rng: Random) -> None:
    """Fields and hills, one behind the other."""
    sky(image, sun, rng)
    _ranges(image, sun, rng, layers=5, top=HORIZON - 0.06, rise=0.055, rough=0.42)
    _floor(image, sun, rng)


def mountains(image: Image.Image, sun: Light, rng: Random) -> None:
    """Ranges of mountains in the haze."""
    sky(image, sun, rng)
    _ranges(image, sun, rng, layers=5, top=HORIZON - 0.1, rise=0.16, rough=0.55)
    _floor(image, sun, rng)


def observatory(image: Image.Image, sun: Light, rng: Random) -> None:
    """A hilltop with a lit observatory dome."""
    sky(image, sun, rng)
    _ranges(image, sun, rng, layers=3, top=HORIZON, rise=0.1, rough=0.55)
    _dome(image, sun)
    _floor(image, sun, rng)


def forest(image: Image.Image, sun: Light, rng: Random) -> None:
    """Firs in rows, fog between them."""
    sky(image, sun, rng)
    _ranges(image, sun, rng, layers=2, top=HORIZON - 0.08, rise=0.08, rough=0.5)
    for row in range(4):
        t = row / 3
        base = image.height * (HORIZON + 0.02 + 0.15 * t)
        trees = _firs(image.size, rng, base, image.height * (0.09 + 0.2 * t * t))
        shade(image, blur(trees, 1.2 - 0.5 * t), mix(sun.haze, sun.dark, 0.15 + 0.8 * t))
        fog = ImageChops.multiply(
            glow(image.size, (image.width * rng.random(), base), image.width * 0.9, power=1.2),
            curve(clouds(image.size, rng, cell=(0.8, 0.15)), 60, 220),
        )
        shade(image, scale(fog, 0.55 * (1 - t)), sun.haze)
    _floor(image, sun, rng)


def sea(image: Image.Image, sun: Light, rng: Random) -> None:
    """Open water with the light's path on it."""
    sky(image, sun, rng)
    _ranges(image, sun, rng, layers=2, top=HORIZON - 0.025, rise=0.03, rough=0.5)
    top = round(image.height * HORIZON)
    size = (image.width, image.height - top)
    colors = (
        mix(sun.sky[-1], sun.haze, 0.5),
        mix(sun.sky[1], sun.dark, 0.35),
        mix(sun.sky[0], sun.dark, 0.7),
    )
    water = gradient(size, colors)
    far, near = (
        clouds(size, rng, cell=(0.12, 0.03), octaves=3),
        clouds(size, rng, cell=(0.5, 0.09), octaves=3),
    )
    waves = Image.composite(near, far, ramp(size, (0, 255)))
    shade(water, curve(waves, 132, 225, 0.5), mix(sun.sky[-1], sun.key, 0.2))
    shade(water, curve(waves, 120, 30, 0.55), sun.dark)
    x = sun.orb[0] * size[0]
    spread = [
        (x - size[0] * 0.03, 0),
        (x + size[0] * 0.03, 0),
        (x + size[0] * 0.16, size[1]),
        (x - size[0] * 0.16, size[1]),
    ]
    path = polygon(size, spread, soft=size[0] * 0.03, value=230)
    light(water, ImageChops.multiply(path, curve(waves, 118, 175)), sun.key)
    image.paste(water, (0, top))
    shade(image, scale(glow(image.size, (x, top), image.width * 0.7, power=1.5), 0.35), sun.haze)


def city(image: Image.Image, sun: Light, rng: Random) -> None:
    """A skyline with lit windows."""
    sky(image, sun, rng)
    lower = ramp(image.size, (0, 0, 255, 255))
    for row in range(3):
        t = row / 2
        towers, windows = _towers(image.size, rng, t, lit=0.42 if sun.stars else 0.16)
        shade(image, towers, mix(sun.haze, sun.dark, 0.2 + 0.75 * t))
        shade(image, scale(ImageChops.multiply(towers, lower), 0.3 * (1 - t)), sun.haze)
        light(image, scale(windows, 0.5 + 0.5 * t), (255, 208, 130))
        light(image, blur(windows, 4), (255, 170, 90))


def sky(image: Image.Image, sun: Light, rng: Random) -> None:
    """The sky down to the horizon: stars, sun or moon, clouds."""
    width, height = image.size
    edge = round(height * HORIZON)
    image.paste(sun.sky[-1], (0, 0, width, height))
    image.paste(gradient((width, edge), sun.sky), (0, 0))
    if sun.stars:
        _stars(image, sun, rng)
    x, y, radius = sun.orb[0] * width, sun.orb[1] * height, sun.orb[2] * width
    light(image, scale(glow(image.size, (x, y), width * 0.85, power=2.4), 0.6), sun.key)
    light(image, glow(image.size, (x, y), radius * 4), sun.key)
    if sun.disc:
        disc = Image.new("L", image.size, 0)
        ImageDraw.Draw(disc).ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        shade(image, blur(disc, 1), mix(sun.key, (255, 255, 255), 0.6))
    drift = curve(clouds((width, edge), rng, cell=(0.9, 0.16), octaves=5), 128, 230, 0.75)
    veil = Image.new("L", image.size, 0)
    veil.paste(ImageChops.multiply(drift, ramp(drift.size, (60, 255, 120))), (0, 0))
    shade(image, veil, mix(sun.sky[-1], sun.key, 0.5))


def _stars(image: Image.Image, sun: Light, rng: Random) -> None:
    width, height = image.size
    dots = Image.new("L", image.size, 0)
    draw = ImageDraw.Draw(dots)
    for _ in range(round(520 * sun.stars)):
        x, y, bright = rng.random() * width, rng.random() ** 1.3 * height * HORIZON, rng.random() ** 3
        draw.point((x, y), fill=round(70 + 185 * bright))
        if bright > 0.82:
            draw.ellipse((x - 0.9, y - 0.9, x + 0.9, y + 0.9), fill=255)
    if sun.stars >= 1:
        _milky_way(image, rng)
    light(image, dots, (255, 250, 240))
    light(image, blur(dots, 2), sun.key)


def _milky_way(image: Image.Image, rng: Random) -> None:
    width, height = image.size
    down = height * HORIZON
    band = polygon(
        image.size,
        [(width * 0.05, 0), (width * 0.42, 0), (width * 1.05, down), (width * 0.62, down)],
        soft=width * 0.09,
        value=200,
    )
    cloud = ImageChops.multiply(curve(clouds(image.size, rng, cell=(0.35, 0.2), octaves=5), 90, 220), band)
    light(image, scale(cloud, 0.62), (150, 160, 220))
    dust = Image.frombytes("L", image.size, rng.randbytes(width * height))
    light(
        image,
        ImageChops.multiply(dust.point([0] * 250 + [90, 110, 130, 160, 200, 255]), cloud),
        (255, 255, 255),
    )


def _ranges(
    image: Image.Image, sun: Light, rng: Random, *, layers: int, top: float, rise: float, rough: float
) -> None:
    """Hills from far to near: paler, smoother and lower the farther."""
    for layer in range(layers):
        t = layer / (layers - 1)
        color = mix(sun.haze, sun.dark, 0.85 * t)
        base, swing = image.height * (top + 0.02 + 0.13 * t), image.height * rise * (1 - 0.45 * t)
        outline = ridge(image.width, rng, base=base, rise=swing, rough=rough)
        ground(image, outline, color, mix(color, sun.haze, 0.55 * (1 - t)))


def _floor(image: Image.Image, sun: Light, rng: Random) -> None:
    """Light and mist lying on the land below the horizon, in bands that widen towards us."""
    size = (image.width, round(image.height * (1 - HORIZON)))
    bands = clouds(size, rng, cell=(0.6, 0.12), octaves=4)
    for low, high, amount, color in (
        (120, 235, 0.32, sun.haze),
        (150, 240, 0.22, sun.key),
        (120, 30, 0.4, sun.dark),
    ):
        mask = Image.new("L", image.size, 0)
        lying = ImageChops.multiply(curve(bands, low, high, amount), ramp(size, (0, 70, 255, 255, 255)))
        mask.paste(lying, (0, image.height - size[1]))
        shade(image, mask, color)


def _firs(size: Size, rng: Random, base: float, tall: float) -> Image.Image:
    mask = Image.new("L", size, 0)
    draw = ImageDraw.Draw(mask)
    x = -tall * 0.3
    while x < size[0] + tall * 0.3:
        height = tall * rng.uniform(0.6, 1.25)
        wide = height * rng.uniform(0.2, 0.28)
        for step in range(7):
            y, half = base - height + step * height / 7 * 0.95, wide * (0.18 + 0.82 * (step + 1) / 7)
            draw.polygon([(x, y), (x + half, y + height / 4.2), (x - half, y + height / 4.2)], fill=255)
        x += wide * rng.uniform(0.5, 1.5)
    draw.rectangle((0, base - tall * 0.24, *size), fill=255)
    return mask


def _towers(size: Size, rng: Random, t: float, *, lit: float) -> tuple[Image.Image, Image.Image]:
    """One row of towers and their lit windows, as masks; ``t`` is 0 far away and 1 near."""
    width, height = size
    towers, windows = Image.new("L", size, 0), Image.new("L", size, 0)
    draw, glass = ImageDraw.Draw(towers), ImageDraw.Draw(windows)
    x = -5.0
    while x < width:
        wide = width * rng.uniform(0.035, 0.09) * (0.7 + 0.5 * t)
        tall = height * rng.uniform(0.04, 0.2) * (1.25 if rng.random() < 0.15 else 1)
        top = height * (HORIZON + 0.08 * t) - tall
        draw.rectangle((x, top, x + wide, height), fill=255)
        if rng.random() < 0.3:
            draw.rectangle((x + wide * 0.4, top - height * 0.02, x + wide * 0.6, top), fill=255)
        for y in range(round(top) + 4, round(height * (HORIZON + 0.14)), 5):
            for left in range(round(x) + 3, round(x + wide) - 3, 4):
                if rng.random() < lit:
                    glass.rectangle((left, y, left + 1, y + 2), fill=rng.randint(110, 255))
        x += wide + (width * rng.uniform(0, 0.012) if t < 1 else 0)
    return towers, windows


def _dome(image: Image.Image, sun: Light) -> None:
    width, height = image.size
    x, base, r = width * 0.2, height * (HORIZON + 0.04), min(width * 0.17, height * 0.16)
    walls = Image.new("L", image.size, 0)
    draw = ImageDraw.Draw(walls)
    draw.rectangle((x - r * 0.9, base - r * 0.75, x + r * 0.9, base + height * 0.1), fill=255)
    draw.rectangle((x - r, base - r * 0.8, x + r, base - r * 0.7), fill=255)
    draw.pieslice((x - r, base - r * 1.75, x + r, base + r * 0.25), 180, 360, fill=255)
    side = Image.linear_gradient("L").rotate(90).resize((round(2.2 * r), height))
    tone = Image.new("L", image.size, 0)
    tone.paste(side, (round(x - 1.1 * r), 0))
    pale, deep = mix(sun.haze, sun.key, 0.45), mix(sun.dark, sun.haze, 0.4)
    stone = Image.composite(Image.new("RGB", image.size, pale), Image.new("RGB", image.size, deep), tone)
    image.paste(stone, (0, 0), blur(walls, 0.7))
    lit = polygon(
        image.size,
        [
            (x + r * 0.1, base - r * 0.8),
            (x + r * 0.34, base - r * 0.8),
            (x + r * 0.3, base - r * 1.64),
            (x + r * 0.16, base - r * 1.72),
        ],
        soft=0,
    )
    ImageDraw.Draw(lit).rectangle((x - r * 0.3, base - r * 0.45, x - r * 0.1, base - r * 0.12), fill=255)
    shade(image, blur(lit, 0.7), (255, 206, 128))
    light(image, scale(blur(lit, 9), 2), (255, 170, 84))
    outline = [
        (0, base + height * 0.02),
        (width * 0.05, base),
        (width * 0.4, base),
        (width * 0.6, base + height * 0.06),
        (width, base + height * 0.1),
    ]
    ground(image, outline, mix(sun.dark, sun.haze, 0.35), sun.dark)
