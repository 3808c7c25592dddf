"""Where a service's answer lies on the picture it was made from, when it came in another size or shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from PIL import Image, ImageChops, ImageStat

# Looked for coarsely, then finely: pixels of the longer side. In each it may be so many pixels off.
_SCALES = (160, 512)
_SHIFT = 2
# Another place must be better by so much: noise alone never moves an answer.
_WORTH = 0.9
# Shapes that differ by more than this have no picture in common.
_STRANGE = 4


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where it lies, as shares of the parent's width and height. As it is made: over all of it."""

    left: float = 0.0
    top: float = 0.0
    width: float = 1.0
    height: float = 1.0

    def on(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """The part of a parent of a size, in pixels, that it covers: left, top, right, bottom."""
        width, height = size
        return (
            max(0, round(self.left * width)),
            max(0, round(self.top * height)),
            min(width, round((self.left + self.width) * width)),
            min(height, round((self.top + self.height) * height)),
        )

    def cut(self, answer: Image.Image, size: tuple[int, int]) -> Image.Image:
        """What covers that part, at its scale."""
        left, top, right, bottom = self.on(size)
        across, down = answer.width / (self.width * size[0]), answer.height / (self.height * size[1])
        box = (
            max(0.0, (left - self.left * size[0]) * across),
            max(0.0, (top - self.top * size[1]) * down),
            min(float(answer.width), (right - self.left * size[0]) * across),
            min(float(answer.height), (bottom - self.top * size[1]) * down),
        )
        return answer.resize((right - left, bottom - top), Image.Resampling.LANCZOS, box=box)


def best_place(parent: Image.Image, answer: Image.Image, inside: Image.Image) -> Place:
    """Where the answer agrees most with its parent outside the mask.

    Args:
        inside: 255 where the picture may have changed, else 0; of the parent's size.
    """
    best = Place()
    for scale in _SCALES:
        seen = _Seen(*(small(each, scale) for each in (parent, answer, inside)))
        fits = _fits(parent.size, answer.size) if best == Place() else [best]
        best = min(_shifted(min(fits, key=seen.apart), seen.parent.size), key=seen.apart)
    return best if seen.apart(best) < _WORTH * seen.apart(Place()) else Place()


def small(image: Image.Image, longest: int) -> Image.Image:
    """The picture with at most so many pixels a side."""
    scale = min(1.0, longest / max(image.size))
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.BILINEAR)


def _fits(parent: tuple[int, int], answer: tuple[int, int]) -> Iterator[Place]:
    """As if stretched to the parent; where the shapes differ, also as if it showed more, or less, of it."""
    yield Place()
    ratio = (answer[0] * parent[1]) / (answer[1] * parent[0])
    if abs(ratio - 1) > 0.01 and 1 / _STRANGE < ratio < _STRANGE:
        yield Place(left=(1 - ratio) / 2, width=ratio)
        yield Place(top=(1 - 1 / ratio) / 2, height=1 / ratio)


def _shifted(place: Place, size: tuple[int, int]) -> Iterator[Place]:
    for across in range(-_SHIFT, _SHIFT + 1):
        for down in range(-_SHIFT, _SHIFT + 1):
            yield replace(place, left=place.left + across / size[0], top=place.top + down / size[1])


@dataclass(frozen=True)
class _Seen:
    """The three pictures at one scale."""

    parent: Image.Image
    answer: Image.Image
    inside: Image.Image

    def apart(self, place: Place) -> float:
        """The mean difference outside the mask, of what the answer covers; 0 to 255."""
        covered = place.on(self.parent.size)
        where = ImageChops.invert(self.inside.crop(covered))
        if not where.getbbox():
            return 0.0
        cut = place.cut(self.answer, self.parent.size)
        means = ImageStat.Stat(ImageChops.difference(self.parent.crop(covered), cut), where).mean
        return sum(means) / len(means)
