"""A face model that says what the test says, and portraits for it to look at."""

from __future__ import annotations

import io
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageColor

from coach.faces import Embedding, Face, Limits
from coach.store import Store
from tests.studio._service import frames, streams
from tests.studio._workshop import Workshop, workshop

DISTANCES = {"lime": 0.1, "gold": 0.12, "orange": 0.4, "red": 0.9, "maroon": 0.95}
"""How far a portrait with such a corner is from the person: two strong, one fair, two of somebody else."""

LIMITS = Limits(strong=0.30, closest=0.24, widest=0.34, fair=0.45, other_person=0.60, smallest=48)

# Where Grace Hopper's face is in the photo of the tests, as SFace's detector found it.
_SIZE = 512, 600
_BOX = 183, 120, 170, 213
_POINTS = (228.0, 194.0), (308.0, 195.0), (267.0, 240.0), (229.0, 268.0), (302.0, 270.0)
_MARK = 16
_NEAR = 30


@dataclass
class ScriptedFaces:
    """Every picture has one face; how far it is from the photos is told by the colour of its corner.

    Attributes:
        distances: By colour name.
        looked: How many faces were compared.
        fails: What embedding a face raises, if anything.
    """

    distances: Mapping[str, float]
    name: str = "scripted"
    limits: Limits = LIMITS
    looked: int = 0
    fails: Exception | None = None
    _known: dict[tuple[int, ...], float] = field(init=False)

    def __post_init__(self) -> None:
        self._known = {ImageColor.getrgb(name): distance for name, distance in self.distances.items()}

    def find(self, image: Image.Image) -> list[Face]:
        across, down = image.width / _SIZE[0], image.height / _SIZE[1]
        left, top, width, height = _BOX
        box = round(left * across), round(top * down), round(width * across), round(height * down)
        return [Face(box=box, landmarks=tuple((x * across, y * down) for x, y in _POINTS), confidence=0.95)]

    def embed(self, image: Image.Image, face: Face) -> Embedding:
        if self.fails is not None:
            raise self.fails
        self.looked += 1
        corner = image.convert("RGB").getpixel((_MARK // 2, _MARK // 2))
        assert isinstance(corner, tuple)
        return Embedding(values=tuple(map(float, corner)))

    def distance(self, one: Embedding, other: Embedding) -> float:
        return max(
            (
                distance
                for colour, distance in self._known.items()
                if min(math.dist(colour, each.values) for each in (one, other)) < _NEAR
            ),
            default=0.2,
        )


def portrait(photo: bytes, mark: str, *, light: float = 1.0) -> bytes:
    """A picture made from a photo: a corner in the colour ``mark``, all but the eyes darker or lighter."""
    with Image.open(io.BytesIO(photo)) as opened:
        image = opened.convert("RGB")
    eyes = [(round(x) - 25, round(y) - 12, round(x) + 25, round(y) + 12) for x, y in _POINTS[:2]]
    kept = [(image.crop(eye), eye) for eye in eyes]
    image = image.point(lambda value: min(255, round(value * light)))
    for eye, place in kept:
        image.paste(eye, place)
    image.paste(ImageColor.getrgb(mark), (0, 0, _MARK, _MARK))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95)
    return file.getvalue()


@asynccontextmanager
async def mirror(
    store: Store, folder: Path, photo: bytes, *colours: str, fails: Exception | None = None, **options: Any
) -> AsyncIterator[tuple[Workshop, ScriptedFaces]]:
    """A workshop whose studio compares faces; its service draws portraits with these corners, in order."""
    drawn = [streams(frames(final=portrait(photo, colour))) for colour in colours]
    async with workshop(store, folder, photo, *drawn) as w:
        faces = ScriptedFaces(DISTANCES, fails=fails)
        w.studio = w.new_studio(faces=faces, **options)
        yield w, faces
