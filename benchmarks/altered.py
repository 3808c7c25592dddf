"""Portraits changed on purpose: part of another's face, another skin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from coach.faces import Face, FaceModel, align

_SIDE, _SCALE = 480, 0.14


def blended(
    model: FaceModel, one: Image.Image, other: Image.Image, shares: Iterable[float]
) -> Iterator[Image.Image]:
    """The first face with so much of the other in it, eyes on eyes and mouth on mouth; 480 pixels square.

    Args:
        model: Finds the faces; there must be one in each picture.
        one: Whose picture it is, RGB.
        other: Whose face comes in, RGB.
        shares: 0 to 1 each; so many pictures come out.
    """
    under, over = (
        align(picture, model.find(picture)[0], (_SIDE, _SIDE), scale=_SCALE) for picture in (one, other)
    )
    mask = _oval(under, model.find(under)[0])
    for share in shares:
        yield Image.composite(over, under, mask.point([round(value * share) for value in range(256)]))


def recoloured(model: FaceModel, picture: Image.Image, lighter: float) -> Image.Image:
    """The picture with the skin of its face so many L* lighter; the eyes stay as they are."""
    face = model.find(picture)[0]
    mask = _oval(picture, face, grow=1.1)
    draw = ImageDraw.Draw(mask)
    (right, _), (left, _) = face.landmarks[:2]
    across, down = 0.26 * (left - right), 0.11 * (left - right)
    for x, y in face.landmarks[:2]:
        draw.ellipse((x - across, y - down, x + across, y + down), fill=0)
    light, *colour = picture.convert("LAB").split()
    step = Image.new("L", picture.size, round(abs(lighter) * 2.55))
    moved = (ImageChops.add if lighter > 0 else ImageChops.subtract)(light, step)
    return Image.composite(Image.merge("LAB", [moved, *colour]).convert("RGB"), picture, mask)


def _oval(picture: Image.Image, face: Face, *, grow: float = 1.0) -> Image.Image:
    """A soft mask over a face."""
    left, top, width, height = face.box
    x, y, rx, ry = left + width / 2, top + height / 2, width * 0.52 * grow, height * 0.54 * grow
    mask = Image.new("L", picture.size, 0)
    ImageDraw.Draw(mask).ellipse((x - rx, y - ry, x + rx, y + ry), fill=255)
    return mask.filter(ImageFilter.GaussianBlur(width * 0.05))
