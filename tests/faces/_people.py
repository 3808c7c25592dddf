"""The two people of the test-suite, changed in the ways that pictures of them are."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import Image

from benchmarks import altered
from coach.faces import Face, FaceModel, face_model


def the_model() -> FaceModel:
    """The model of the extra, which the development environment has."""
    model = face_model()
    assert model is not None, "the extra `likeness` is part of `dev`"
    return model


def image(data: bytes) -> Image.Image:
    """The picture as RGB."""
    return Image.open(BytesIO(data)).convert("RGB")


def saved(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The picture as a file; a PNG is packed loosely, which is quick."""
    file = BytesIO()
    picture.save(file, kind, **({"compress_level": 1} | options))
    return file.getvalue()


def changed(data: bytes, change: Callable[[Image.Image], Image.Image]) -> bytes:
    """The file after a change of its pixels."""
    return saved(change(image(data)))


def face_of(picture: Image.Image) -> Face:
    """The largest face."""
    return the_model().find(picture)[0]


def blended(one: bytes, other: bytes, *shares: float) -> list[bytes]:
    """The first face with so much of the other's in it."""
    return [saved(picture) for picture in altered.blended(the_model(), image(one), image(other), shares)]


def recoloured(data: bytes, lighter: float) -> bytes:
    """The picture with the skin of the face so many L* lighter."""
    return changed(data, lambda picture: altered.recoloured(the_model(), picture, lighter))
