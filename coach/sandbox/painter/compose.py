"""A person in a scene: placed, lit, with something in front of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageOps

from coach.sandbox.painter.brush import (
    Size,
    blur,
    clouds,
    curve,
    glow,
    grain,
    light,
    mix,
    ramp,
    scale,
    shade,
    vignette,
)
from coach.sandbox.painter.cutout import cut_out_of
from coach.sandbox.painter.drift import drifted
from coach.sandbox.painter.figure import Figure, cut_out
from coach.sandbox.painter.grid import is_grid, layout, parts_of
from coach.sandbox.painter.light import Light
from coach.sandbox.painter.scene import Scene, scene_of
from coach.sandbox.painter.sign import Mark, Pixels, read_mark

FACE = 0.235
"""How wide the face is, as a part of the picture's width."""

_SCENE_SIDE = 768
_PHOTO_SIDE = 1024


@dataclass(frozen=True, kw_only=True)
class Commission:
    """What to draw.

    Attributes:
        prompt: The words.
        size: Width and height in pixels.
        seed: Anything that names the request; the same seed draws the same picture.
        images: The reference images, in the order they were sent; the person is on the last one that was
            not drawn here.
        mask: Where the first image may be changed: its transparent part.
        transparent: Leave the background out.
        drift: How much of a stranger comes into the face where a picture drawn here is drawn again, 0 to 1:
            so much each time it is all there is of the person, half of it beside their photo.
    """

    prompt: str
    size: Size
    seed: str
    images: Sequence[Image.Image] = ()
    mask: Image.Image | None = None
    transparent: bool = False
    drift: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A drawn picture, not yet signed, and what its note will say."""

    image: Image.Image
    mark: Mark


def paint(commission: Commission) -> Picture:
    """Draw a picture: half a second of one processor at 1024 by 1536."""
    if is_grid(commission.prompt) and not commission.transparent:
        tiles = layout(commission.size, commission.seed)
        drawn = [paint(_tile(commission, number, box)) for number, box in enumerate(tiles.boxes)]
        return Picture(image=tiles.put([each.image for each in drawn]), mark=Mark(scene=drawn[0].mark.scene))
    rng = Random(commission.seed)
    marks = [read_mark(image) for image in commission.images]
    before = next((mark.scene for mark in reversed(marks) if mark), None)
    scene = scene_of(commission.prompt, before=before, rng=rng)
    figure = _person(commission, marks)
    if commission.transparent:
        return _alone(commission, scene, figure)
    image, sun = _scenery(scene, commission.size, rng)
    box = _place(figure, commission.size) if figure else None
    mark = Mark(scene=scene, person=box, face=_face(figure, box))
    if figure and box:
        _enter(image, figure, box, sun)
    _foreground(image, sun, rng, grass=not scene.indoors)
    shade(image, vignette(image.size, 0.45), (0, 0, 0))
    image = grain(image, rng, 7)
    if commission.mask is not None and commission.images:
        image = _inpaint(commission.images[0], commission.mask, image)
    return Picture(image=image, mark=mark)


def _tile(commission: Commission, number: int, box: Pixels) -> Commission:
    """One of a grid's pictures: of the person alone, in a scene of its own."""
    size, own = (box[2] - box[0], box[3] - box[1]), parts_of(commission.prompt)
    prompt = own[number % len(own)]
    return replace(commission, prompt=prompt, size=size, seed=f"{commission.seed}:{number}", mask=None)


def _alone(commission: Commission, scene: Scene, figure: Figure | None) -> Picture:
    """No background: a cut-out, with the words on what it wears."""
    made = cut_out_of(commission.prompt, figure, commission.size)
    boxes = {"person": made.person, "face": made.face} if figure else {}
    return Picture(image=made.image, mark=Mark(scene=scene, label=made.label, **boxes))


def _scenery(scene: Scene, size: Size, rng: Random) -> tuple[Image.Image, Light]:
    """The scene, painted small and enlarged: it is out of focus, and quick."""
    k = min(0.5, _SCENE_SIDE / max(size))
    image, sun = scene.paint((round(size[0] * k), round(size[1] * k)), rng)
    return blur(image, 1.2).resize(size, Image.Resampling.BICUBIC), sun


def _person(commission: Commission, marks: Sequence[Mark | None]) -> Figure | None:
    """The person of the last photo; without one, of the last picture drawn here."""
    sent = list(zip(commission.images, marks, strict=True))
    photos = [image for image, mark in sent if mark is None]
    if photos:
        figure = cut_out(_readied(photos[-1]))
        share = commission.drift / 2 if len(photos) < len(sent) else 0.0
    else:
        found = [drawn for image, mark in sent if (drawn := _drawn(image, mark))]
        if not found:
            return None
        figure, share = found[-1], commission.drift
    return replace(figure, photo=drifted(figure.photo, figure.face, share)) if share else figure


def _readied(photo: Image.Image) -> Image.Image:
    photo = ImageOps.exif_transpose(photo)
    photo.thumbnail((_PHOTO_SIDE, _PHOTO_SIDE))
    return photo.convert("RGBA" if photo.has_transparency_data else "RGB")


def _drawn(image: Image.Image, mark: Mark | None) -> Figure | None:
    """The person in a picture drawn earlier, already in its light, if its note names places inside it."""
    if mark is None or mark.person is None or mark.face is None:
        return None
    person = _inside(image, mark.person)
    if person is None:
        return None
    photo, (x, y) = image.crop(person), person[:2]
    left, top, right, bottom = mark.face
    face = _inside(photo, (left - x, top - y, right - x, bottom - y))
    if face is None:
        return None
    left, top, right, bottom = face
    parts = left / photo.width, top / photo.height, right / photo.width, bottom / photo.height
    return replace(cut_out(_readied(photo), parts), lit=True)


def _inside(image: Image.Image, box: Pixels) -> Pixels | None:
    """What of a box is inside a picture."""
    left, top, right, bottom = box
    box = max(0, left), max(0, top), min(image.width, right), min(image.height, bottom)
    return box if box[0] < box[2] and box[1] < box[3] else None


def _face(figure: Figure | None, box: Pixels | None) -> Pixels | None:
    """Where the face is once the person is in the box."""
    if figure is None or box is None:
        return None
    (left, top, right, bottom), (x, y) = figure.face, box[:2]
    width, height = box[2] - x, box[3] - y
    return (
        round(x + left * width),
        round(y + top * height),
        round(x + right * width),
        round(y + bottom * height),
    )


def _place(figure: Figure, size: Size) -> tuple[int, int, int, int]:
    """Where the photo goes: the face at :data:`FACE` of the width, the shoulders out of the picture."""
    width, height = size
    left, top, right, _ = figure.face
    wide = (right - left) * figure.photo.width
    k = min(FACE * width / wide, FACE * 1.3 * height / wide)
    k = min(k, 1.25 * width / figure.photo.width, 1.6 * height / figure.photo.height)
    across, down = round(figure.photo.width * k), round(figure.photo.height * k)
    x = round(width * 0.5 - (left + right) / 2 * across)
    x = round(0.7 * x + 0.3 * (width - across) / 2)
    y = max(round(height * (0.95 if height > width else 1.02)) - down, round(height * 0.1 - top * down))
    return x, y, x + across, y + down


def _enter(image: Image.Image, figure: Figure, box: tuple[int, int, int, int], sun: Light) -> None:
    """Put the person in: a glow behind them, the scene's light on them, soft where the photo ends."""
    size = box[2] - box[0], box[3] - box[1]
    photo = figure.photo.resize(size, Image.Resampling.LANCZOS)
    mask = ImageChops.multiply(figure.mask.resize(size, Image.Resampling.BICUBIC), _edges(size))
    face = (
        box[0] + (figure.face[0] + figure.face[2]) / 2 * size[0],
        box[1] + figure.face[1] * size[1] + size[0] * 0.2,
    )
    small = (max(1, image.width // 4), max(1, image.height // 4))
    halo = glow(small, (face[0] / 4, face[1] / 4), size[0] * 0.2, power=1.6)
    light(image, scale(halo.resize(image.size, Image.Resampling.BILINEAR), 0.3), sun.key)
    image.paste(photo if figure.lit else _lit(photo, mask, sun), box[:2], mask)


def _lit(photo: Image.Image, mask: Image.Image, sun: Light) -> Image.Image:
    """The person in the scene's light: its tint, darker towards the ground, a bright rim on its side."""
    tinted = ImageChops.multiply(photo, Image.new("RGB", photo.size, sun.ambient))
    deep = Image.blend(tinted, Image.new("RGB", photo.size, sun.dark), 0.5)
    lit = Image.blend(photo, Image.composite(deep, tinted, ramp(photo.size, (0, 0, 90, 200))), 0.8)
    reach = max(2, round(photo.width * 0.012))
    shift = -reach if sun.orb[0] > 0.5 else reach
    rim = ImageChops.subtract(mask, ImageChops.offset(mask, shift, reach))
    light(lit, scale(blur(rim, reach * 0.5), 0.8), sun.key)
    return lit


def _edges(size: Size) -> Image.Image:
    """A mask that lets a photo fade at its sides and its foot."""
    width, height = size
    soft = curve(Image.linear_gradient("L"), 0, 190)
    side = soft.rotate(90).resize((max(1, round(width * 0.1)), height))
    fade = Image.new("L", size, 255)
    fade.paste(side, (0, 0))
    fade.paste(ImageOps.mirror(side), (width - side.width, 0))
    foot = ImageOps.flip(soft).resize((width, max(1, round(height * 0.18))))
    low = Image.new("L", size, 255)
    low.paste(foot, (0, height - foot.height))
    return ImageChops.multiply(fade, low)


def _foreground(image: Image.Image, sun: Light, rng: Random, *, grass: bool) -> None:
    """Mist along the ground, and grass or a dark edge between us and the person."""
    size = (max(2, image.width // 2), max(2, image.height // 2))
    mist = ramp(size, (0, 0, 0, 0, 0, 10, 150, 255))
    mist = ImageChops.multiply(mist, curve(clouds(size, rng, cell=(0.7, 0.25)), 20, 150))
    shade(image, mist.resize(image.size), mix(sun.dark, sun.haze, 0.25))
    front = Image.new("L", size, 0)
    if grass:
        draw = ImageDraw.Draw(front)
        for _ in range(520):
            x, y = rng.random() * size[0], size[1] * rng.uniform(0.99, 1.05)
            tall = size[1] * rng.uniform(0.05, 0.13) * (1 + 0.35 * abs(x / size[0] - 0.5))
            lean = rng.uniform(-0.35, 0.35) * tall
            draw.polygon([(x - 1.1, y), (x + 1.1, y), (x + lean, y - tall)], fill=255)
        front = blur(front, 0.9)
    else:
        front = ramp(size, (0, 0, 0, 0, 0, 0, 0, 40, 235))
    shade(image, front.resize(image.size, Image.Resampling.BICUBIC), mix(sun.dark, (0, 0, 0), 0.3))


def _inpaint(first: Image.Image, mask: Image.Image, painted: Image.Image) -> Image.Image:
    """The first image where the mask is opaque, the painted one where it is transparent."""
    keep = mask.convert("RGBA").getchannel("A").resize(painted.size, Image.Resampling.BILINEAR)
    return Image.composite(first.convert("RGB").resize(painted.size, Image.Resampling.LANCZOS), painted, keep)
