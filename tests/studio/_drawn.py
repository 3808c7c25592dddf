"""Pictures as files, for what reads and makes them."""

from __future__ import annotations

import hashlib
from io import BytesIO

from PIL import Image

SMALL = Image.radial_gradient("L").convert("RGB").resize((64, 48))


def encoded(image: Image.Image = SMALL, form: str = "PNG", **options: object) -> bytes:
    """A picture as a file."""
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    """A file as a picture."""
    with Image.open(BytesIO(data)) as image:
        image.load()
        return image


def holed(size: tuple[int, int], hole: tuple[int, int, int, int] | None, **options: object) -> bytes:
    """A mask: a PNG with a hole in it, or with none."""
    made = Image.new("RGBA", size, (90, 0, 0, 255))
    if hole:
        made.paste((0, 0, 0, 0), hole)
    return encoded(made, **options)


def sha256(data: bytes) -> str:
    """Of a file, in hex."""
    return hashlib.sha256(data).hexdigest()
