"""The pictures that go along and come back: made of waves and noise, the same bytes every time."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

SIZE = (1024, 1536)
SMALL = (128, 192)


def reference() -> bytes:
    """The photo that goes along, as the studio keeps photos: JPEG, quality 92, 4:4:4; 0.6 MB."""
    return _encoded(SIZE, seed=1, noise=5, format="JPEG", quality=92, subsampling=0)


@cache
def result() -> bytes:
    """The picture that comes back: PNG, 2.9 MB."""
    return _encoded(SIZE, seed=2, noise=5.05, format="PNG")


def partial(index: int) -> bytes:
    """An unfinished picture: PNG, 2.4 MB."""
    return _encoded(SIZE, seed=3 + index, noise=2.7, format="PNG")


def small() -> bytes:
    """A picture so small that what is measured is everything but the picture: PNG, 42 kB."""
    return _encoded(SMALL, seed=2, noise=5.05, format="PNG")


def _encoded(size: tuple[int, int], *, seed: int, noise: float, **how: Any) -> bytes:
    width, height = size
    down, across = np.mgrid[0:height, 0:width]
    waves = [np.sin(across / (150 + 40 * c) + seed) * np.cos(down / 210 + c) for c in range(3)]
    pixels = 110 + 90 * np.stack(waves, axis=-1)
    pixels += np.random.default_rng(seed).normal(0, noise, pixels.shape)
    file = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(file, **how)
    return file.getvalue()
