"""What the five points of a face tell: how it is held, how large it is, how to cut it out upright."""

from __future__ import annotations

import math
import struct
import zlib
from io import BytesIO

from PIL import Image, ImageOps

from coach.faces.model import Face, FaceModel

Point = tuple[float, float]

_EYES_PER_MOUTH = 0.87
"""Between the eyes, for one from the eyes to the mouth, in a face from the front (ArcFace's template)."""

_TURNS = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
_SURER = 0.03
"""Upright faces are found with 0.90 to 0.96, the same ones lying or upside down with 0.71 to 0.91."""

# What Pillow raises for damaged files; most come this far only after the intake or the studio read them.
_DAMAGED = (
    *(ArithmeticError, EOFError, LookupError, MemoryError, OSError, RuntimeError, SyntaxError, TypeError),
    *(ValueError, struct.error, zlib.error, Image.DecompressionBombError),
)


def opened(data: bytes) -> Image.Image | None:
    """A picture as upright RGB; ``None`` when it cannot be read."""
    try:
        with Image.open(BytesIO(data)) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    except _DAMAGED:
        return None


def middle(face: Face) -> tuple[Point, Point]:
    """The points between the eyes and between the corners of the mouth."""
    right, left, _, mouth_right, mouth_left = face.landmarks
    return _between(right, left), _between(mouth_right, mouth_left)


def reach(face: Face) -> float:
    """The distance between the eyes in pixels, as it would be from the front."""
    right, left = face.landmarks[:2]
    return max(math.dist(right, left), _EYES_PER_MOUTH * math.dist(*middle(face)), 1.0)


def roll(face: Face) -> float:
    """How far the head leans, in degrees; positive is clockwise in the picture."""
    right, left = face.landmarks[:2]
    return math.degrees(math.atan2(left[1] - right[1], left[0] - right[0]))


def yaw(face: Face) -> float:
    """How far the head is turned, in degrees, roughly; positive is towards the person's left."""
    right, left, nose = face.landmarks[:3]
    across = left[0] - right[0], left[1] - right[1]
    length = max(1.0, across[0] ** 2 + across[1] ** 2)
    along = ((nose[0] - right[0]) * across[0] + (nose[1] - right[1]) * across[1]) / length
    return max(-90.0, min(90.0, (along - 0.5) * 160))


def align(image: Image.Image, face: Face, size: tuple[int, int], scale: float = 0.25) -> Image.Image:
    """Cut a face out so that it can be laid beside others: eyes level, in the same place, equally large.

    Args:
        image: The picture the face was found in, RGB.
        face: The face.
        size: Width and height of what is returned, in pixels.
        scale: The distance between the eyes as a part of the width, as it would be from the front.

    Returns:
        RGB; grey where the picture ends.
    """
    width, height = size
    zoom = scale * width / reach(face)
    shrink = max(1, int(0.7 / zoom))
    source = image.reduce(shrink) if shrink > 1 else image
    eyes, mouth = middle(face)
    centre = (eyes[0] + mouth[0]) / 2, (eyes[1] + mouth[1]) / 2
    angle = math.radians(roll(face))
    cos, sin = math.cos(angle) / zoom, math.sin(angle) / zoom
    x = centre[0] - cos * width / 2 + sin * height / 2
    y = centre[1] - sin * width / 2 - cos * height / 2
    back = [number / shrink for number in (cos, -sin, x, sin, cos, y)]
    return source.transform(
        size,
        Image.Transform.AFFINE,
        back,
        Image.Resampling.BICUBIC,
        fillcolor=(128, 128, 128),
    )


def lies(model: FaceModel, image: Image.Image) -> bool:
    """Whether a face looks more like a face when the picture is turned by 90, 180 or 270 degrees."""
    small = image.copy()
    small.thumbnail((640, 640), Image.Resampling.BILINEAR)
    upright = _surest(model, small)
    return any(_surest(model, small.transpose(turn)) > upright + _SURER for turn in _TURNS)


def level(image: Image.Image, share: float) -> int:
    """The brightness, 0 to 255, that this share of a picture of mode ``L`` does not pass."""
    counts = image.histogram()
    wanted, seen = share * sum(counts), 0
    for value, count in enumerate(counts):
        seen += count
        if seen >= wanted:
            return value
    return 255


def _surest(model: FaceModel, image: Image.Image) -> float:
    return max((face.confidence for face in model.find(image)), default=0.0)


def _between(one: Point, other: Point) -> Point:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2
