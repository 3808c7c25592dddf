"""Somebody on nothing, as a sticker needs it: a head on a drawn body, in the pose the prompt speaks of."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from coach.sandbox.painter.brush import Color, Point, Size
from coach.sandbox.painter.doll import Doll
from coach.sandbox.painter.figure import Box, Figure
from coach.sandbox.painter.head import Head, average, drawn_head, head_of
from coach.sandbox.painter.scene import asked
from coach.sandbox.painter.sign import Pixels

_UNITS = 640
"""How many units the shorter side of a picture has."""

_MOST, _FINE = 1024, 2
"""The largest side that is drawn, and how much larger it is drawn first; larger pictures are enlarged."""

_MIDDLE, _HEAD_AT, _HEAD_HIGH, _PHOTO_HIGH = (320, 340), (0, -128), 256, 290
_LABEL = (-54, 34, 54, 106)
_WHOLE = (-150, -270, 150, 284)
_SHIRT: Color = (74, 98, 196)


@dataclass(frozen=True, kw_only=True)
class Pose:
    """What somebody does; see `poses.toml`."""

    words: str
    left: tuple[Point, Point]
    right: tuple[Point, Point]
    eyes: str
    mouth: str
    lean: float = 0
    knees: float = 6
    feet: Point = (46, 0)
    prop: str = ""


_ROWS = tomllib.loads(Path(__file__).with_name("poses.toml").read_text(encoding="utf-8"))
POSES = {name: Pose(**row) for name, row in _ROWS.items()}


@dataclass(frozen=True, kw_only=True)
class CutOut:
    """A drawn cut-out (RGBA), the boxes of the person and of their face, and where the label goes."""

    image: Image.Image
    person: Pixels
    face: Pixels
    label: Pixels


def pose_of(prompt: str) -> Pose:
    """The pose a prompt speaks of; of none: standing."""
    return POSES[asked(prompt, {name: pose.words for name, pose in POSES.items()}, "") or "stand"]


def cut_out_of(prompt: str, figure: Figure | None, size: Size) -> CutOut:
    """Draw somebody on nothing: the person of a photo, or somebody made up where there is none."""
    side = min(size)
    drawn = min(side, _MOST)
    scale = drawn * _FINE / _UNITS
    doll = Doll(drawn * _FINE, scale=scale, middle=(_MIDDLE[0] * scale, _MIDDLE[1] * scale))
    face = _posed(doll, pose_of(prompt), figure)
    image = doll.image.reduce(_FINE)
    if drawn != side:
        image = image.resize((side, side), Image.Resampling.BICUBIC)
    corner = ((size[0] - side) // 2, (size[1] - side) // 2)
    out = Image.new("RGBA", size, (0, 0, 0, 0))
    out.paste(image, corner)
    factor = side / drawn / _FINE

    def placed(box: Pixels) -> Pixels:
        left, top, right, bottom = (round(value * factor) for value in box)
        return left + corner[0], top + corner[1], right + corner[0], bottom + corner[1]

    person = out.getchannel("A").getbbox() or (0, 0, *size)
    return CutOut(image=out, person=person, face=placed(face), label=placed(doll.box(*_LABEL)))


def _posed(doll: Doll, pose: Pose, figure: Figure | None) -> Pixels:
    """Draw a pose; gives the box of the face."""
    shirt, shoulder = _worn(figure), 68.0
    if figure is not None and figure.whole:
        face, shoulder, skin = _asset(doll, figure)
        shirt = skin
    else:
        doll.legs(knees=pose.knees, feet=pose.feet)
        doll.trunk(shirt)
        high = round((_PHOTO_HIGH if figure else _HEAD_HIGH) * doll.scale)
        head = head_of(figure, high) if figure else drawn_head(high, pose.eyes, pose.mouth)
        face, skin = _put_on(doll, head, pose.lean), head.skin
    if pose.prop == "pillow":
        doll.pillow()
    for side, (elbow, hand) in ((-1, pose.left), (1, pose.right)):
        out = side * (shoulder - 68)
        joint, end = (elbow[0] + out, elbow[1]), (hand[0] + out, hand[1])
        doll.arm((side * shoulder, 24), joint, end, shirt=shirt, skin=skin)
        if side < 0 and pose.prop == "mug":
            doll.mug(end)
        if side > 0 and pose.prop == "finger":
            doll.finger(end, skin)
    return face


def _worn(figure: Figure | None) -> Color:
    """The colour of what somebody wears in their photo."""
    if figure is None:
        return _SHIRT
    (left, _, right, bottom), (width, height) = figure.face, figure.photo.size
    low = bottom + 0.45 * (right - left) * width / height
    if low >= 0.98:
        return _SHIRT
    box = (
        round(left * width),
        round(low * height),
        round(right * width),
        round(min(1.0, low + 0.2) * height),
    )
    return average(figure.photo.crop(box), figure.mask.crop(box)) or _SHIRT


def _put_on(doll: Doll, head: Head, lean: float) -> Pixels:
    """Put a head on the body; gives the box of its face, as it is when the head is upright."""
    x, y = doll.at(*_HEAD_AT)
    width, height = head.image.size
    left, top = round(x - width / 2), round(y - height / 2)
    turned = head.image.rotate(-lean, Image.Resampling.BICUBIC, expand=True)
    corner = max(0, round(x - turned.width / 2)), max(0, round(y - turned.height / 2))
    doll.image.alpha_composite(turned, corner)
    return _within((left, top), (width, height), head.face)


def _asset(doll: Doll, figure: Figure) -> tuple[Pixels, float, Color]:
    """Put in a whole cut-out; gives the box of its face, how far out its arms begin, and their colour."""
    left, top, right, bottom = doll.box(*_WHOLE)
    drawn = figure.mask.getbbox() or (0, 0, *figure.mask.size)
    photo, mask = figure.photo.crop(drawn), figure.mask.crop(drawn)
    scale = min((right - left) / photo.width, (bottom - top) / photo.height)
    size = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
    whole = photo.resize(size, Image.Resampling.LANCZOS).convert("RGBA")
    whole.putalpha(mask.resize(size, Image.Resampling.LANCZOS))
    corner = (left + right - size[0]) // 2, bottom - size[1]
    doll.image.alpha_composite(whole, corner)
    # Arms begin inside the body, at its left or right side, whichever is nearer.
    row = round(doll.at(0, 24)[1]) - corner[1]
    at = whole.getchannel("A").crop((0, row, size[0], row + 1)).point([0] * 128 + [255] * 128).getbbox()
    reach = min(size[0] / 2 - at[0], at[2] - size[0] / 2) if at else size[0] / 2
    return (
        _within(corner, size, figure.face),
        max(0.0, reach / doll.scale - 16),
        average(photo, mask) or _SHIRT,
    )


def _within(corner: Size, size: Size, part: Box) -> Pixels:
    """A part of a box, in pixels."""
    return (
        round(corner[0] + part[0] * size[0]),
        round(corner[1] + part[1] * size[1]),
        round(corner[0] + part[2] * size[0]),
        round(corner[1] + part[3] * size[1]),
    )
