"""From a picture on nothing to a sticker: 512 pixels square, with outline, shadow and words. Blocking."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops, ImageFilter

from coach.errors import InputRefused
from coach.stickers._layout import Words, beside, board, line_of, place, room, words
from coach.stickers._shape import closed, grow, solid, tinted, without_specks
from coach.stickers.spec import SIDE, JobSpec, Shadow, Text
from coach.studio.mask import BROKEN
from coach.studio.provenance import MAX_BYTES, Ingredient, Signer, derive, ingredient

MAX_PIXELS = 4096 * 4096
"""The largest picture that is taken: what the largest model draws, four times over."""

_WORK = 1024
"""Longer pictures are made smaller first, in strips: whole copies of them would be 64 MB each."""

_HAZE = 24
"""Alpha below it is what a model leaves of a background."""

_GAP = 8
"""Gaps and holes narrower than twice this, in pixels, are within the outline."""

_COLOURS = (256, 128, 64, 32)


def finish(picture: Path, spec: JobSpec, into: Path, *, signer: Signer | None = None) -> None:
    """Make the sticker and write it as PNG, with the AI mark and its parent's hash.

    At most a second and about 150 MB for 4096 x 4096 pixels. Words that do not fit are drawn smaller; a
    subject that is too wide for the height that was asked for stays whole, and the gate says so.

    Args:
        picture: The service's file: PNG or WebP with transparency.
        signer: Signs a C2PA manifest into it; ``None``: it carries the IPTC mark alone.

    Raises:
        InputRefused: It is no such picture, too large, damaged, or there is nothing on it or nothing
            transparent in it.
        OSError: A file cannot be read or written.
    """
    if picture.stat().st_size > MAX_BYTES:
        raise _refused(f"is larger than {MAX_BYTES // 1024 // 1024} MB")
    data = picture.read_bytes()
    made = _composed(_subject(_opened(data)), spec)
    into.write_bytes(_small(ingredient(data, whole=signer is not None), made, spec, signer))


def _refused(why: str) -> InputRefused:
    return InputRefused(f"The picture for the sticker {why}. Make another one.", field="picture")


def _opened(data: bytes) -> Image.Image:
    """The picture as RGBA, its longer side below twice :data:`_WORK`."""
    try:
        with Image.open(BytesIO(data), formats=("PNG", "WEBP")) as image:
            if image.width * image.height > MAX_PIXELS:
                raise _refused("has too many pixels")
            if not image.has_transparency_data:
                raise _refused("has a background; it needs to be transparent around the subject")
            return _reduced(image, max(1, max(image.size) // _WORK))
    except BROKEN:
        raise _refused("is no PNG or WebP, or is damaged") from None


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    if factor == 1:
        return image.convert("RGBA")
    out = Image.new("RGBA", (-(-image.width // factor), -(-image.height // factor)))
    rows = 64 * factor
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        out.paste(strip.convert("RGBA").reduce(factor), (0, top // factor))
    return out


def _subject(image: Image.Image) -> Image.Image:
    """What is drawn, cut out along its edges: without haze and specks."""
    alpha = image.getchannel("A")
    alpha = alpha.point([0] * _HAZE + list(range(_HAZE, 256)))
    kept = without_specks(alpha)
    box = solid(kept).getbbox()
    if box is None:
        raise _refused("is empty")
    if not solid(ImageChops.invert(alpha)).getbbox():
        raise _refused("has a background; it needs to be transparent around the subject")
    image.putalpha(kept)
    return image.crop(box)


def _composed(subject: Image.Image, spec: JobSpec) -> Image.Image:
    """Everything in its place on the canvas, RGBA."""
    drawn = words(spec)
    layer = _arranged(subject, spec, drawn)
    line = line_of(spec)
    whole = layer.getchannel("A").point([min(255, v * 2) for v in range(256)])
    around = grow(closed(whole, _GAP), line) if line else whole
    out = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    if spec.constraints.shadow is not None:
        out = _shadow(around, spec.constraints.shadow)
    if spec.constraints.outline is not None:
        out.alpha_composite(tinted(around, spec.constraints.outline.color))
    out.alpha_composite(layer)
    return out


def _arranged(subject: Image.Image, spec: JobSpec, drawn: Words | None) -> Image.Image:
    """The subject and the words on the canvas, without outline."""
    given, taken = room(spec), beside(spec, drawn)
    scale = min((given.height - taken) / subject.height, given.width / subject.width)
    size = max(1, round(subject.width * scale)), max(1, round(subject.height * scale))
    subject = subject.resize(size, Image.Resampling.LANCZOS)
    width = max(size[0], drawn.size[0] if drawn else 0)
    height = size[1] + taken
    left, top = round((SIDE - width) / 2), round((SIDE - height) / 2)
    inner = (left, top, left + width, top + height)
    above = taken if spec.text is not None and spec.text.placement == "top" else 0
    layer = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    layer.alpha_composite(subject, (round((SIDE - size[0]) / 2), top + above))
    if drawn is not None and spec.text is not None:
        _write(layer, spec.text, drawn, place(spec, drawn, inner))
    return layer


def _write(layer: Image.Image, text: Text, drawn: Words, at: tuple[int, int]) -> None:
    """Draw the words, and the sign they are on."""
    x, y = at
    if drawn.board is not None:
        layer.alpha_composite(board(drawn.board), at)
        x += (drawn.board[0] - drawn.letters.size[0]) // 2
        y += (drawn.board[1] - drawn.letters.size[1]) // 2
    layer.alpha_composite(tinted(drawn.letters.whole, text.style.stroke), (x, y))
    layer.alpha_composite(tinted(drawn.letters.fill, text.style.fill), (x, y))


def _shadow(shape: Image.Image, asked: Shadow) -> Image.Image:
    dark = shape.point([round(v * asked.opacity) for v in range(256)])
    moved = Image.new("L", shape.size, 0)
    moved.paste(dark, (0, asked.offset))
    return tinted(moved.filter(ImageFilter.GaussianBlur(asked.blur)), asked.color)


def _small(parent: Ingredient, image: Image.Image, spec: JobSpec, signer: Signer | None) -> bytes:
    """The file, with as many colours as its size allows; signed once it is small enough."""
    most = spec.constraints.max_bytes
    for colours in (None, *_COLOURS):
        drawn = image if colours is None else _with(colours, image)
        made = derive(parent, drawn, media_type="image/png", kind="sticker")
        if len(made) <= most and signer is not None:
            made = derive(parent, drawn, media_type="image/png", kind="sticker", signer=signer)
        if len(made) <= most:
            break
    return made


def _with(colours: int, image: Image.Image) -> Image.Image:
    return image.quantize(colours, method=Image.Quantize.FASTOCTREE).convert("RGBA")
