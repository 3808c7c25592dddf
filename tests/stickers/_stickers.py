"""Pictures on nothing, and specs, for what makes and judges stickers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from coach.stickers.finish import finish
from coach.stickers.spec import Constraints, JobSpec, Placement, Text


def subject(size: tuple[int, int] = (600, 800), *, scale: float = 1.0) -> Image.Image:
    """Somebody with a head, an arm and a trunk, a little off the middle."""
    image = Image.new("RGBA", size)
    pen, (w, h) = ImageDraw.Draw(image), size

    def box(*parts: float) -> tuple[float, float, float, float]:
        left, top, right, bottom = (0.5 + (part - 0.5) * scale for part in parts)
        return left * w, top * h, right * w, bottom * h

    pen.ellipse(box(0.28, 0.05, 0.72, 0.4), fill=(232, 180, 138, 255))
    pen.rounded_rectangle(box(0.3, 0.36, 0.7, 0.98), w * 0.08 * scale, fill=(58, 110, 165, 255))
    left, top, right, bottom = box(0.1, 0.3, 0.4, 0.55)
    pen.line((left, top, right, bottom), fill=(58, 110, 165, 255), width=round(w * 0.1 * scale))
    return image


def spec(text: str | None = None, placement: Placement = "bottom", **constraints: Any) -> JobSpec:
    """A spec of a sticker with these words and constraints."""
    return JobSpec(
        engine="gpt_image",
        base_image_ref="uploaded_image",
        prompt="A sticker.",
        text=Text(value=text, placement=placement) if text else None,
        constraints=Constraints(**constraints),
    )


def made(folder: Path, asked: JobSpec, picture: Image.Image | None = None) -> Path:
    """The sticker of a picture."""
    source, into = folder / "picture.png", folder / "sticker.png"
    (picture or subject()).save(source)
    finish(source, asked, into)
    return into


def saved(folder: Path, image: Image.Image, **options: Any) -> Path:
    """A picture as a file."""
    path = folder / "other.png"
    image.save(path, **options)
    return path
