"""How alike the person in a picture is to the person in the photos: a band, not a proof.

The bands are not those of a door that lets people in. Half another man's face passes such a door; here it is
to fail. The limits are the model's: :class:`coach.faces.Limits`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from PIL import Image

from coach.faces._face import lies, opened, yaw
from coach.faces.model import Embedding, FaceModel
from coach.faces.skin import Complexion, Skin, compare, complexion

Band = Literal["strong", "fair", "no", "cannot judge"]

logger = logging.getLogger(__name__)

_AWAY = 40.0
_AS_LARGE = 0.8
_ONE_PHOTO = 0.4
"""The part of the closest limit below which two photos count as one. The same photo is up to 0.1 from itself
when it is scaled or compressed again; of two photos of one person one pair in twenty is closer than 0.13."""


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """What was found; nothing in it can be turned back into a face.

    Attributes:
        band: ``"strong"``, ``"fair"``, ``"no"`` or ``"cannot judge"``.
        distance: To the most alike photo, 0 to 2.
        threshold: Below it is strong.
        photo: Which photo that is, an index into the photos that were given.
        why: One sentence about the picture.
        model: The face model's name.
        skin_shift: How far the skin's colour is from the photos' (CIEDE2000) beyond what light explains.
        skin: Which way; ``None`` when it could not be measured.
    """

    band: Band
    distance: float | None = None
    threshold: float | None = None
    photo: int | None = None
    why: str
    model: str
    skin_shift: float | None = None
    skin: Skin | None = None


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """The one face of a picture."""

    embedding: Embedding
    complexion: Complexion | None


def judge(model: FaceModel, photos: Sequence[bytes], candidate: bytes) -> Likeness:
    """Compare one picture with the person's photos; several: :class:`KnownFaces`.

    Args:
        model: The face model.
        photos: The person's photos, the primary one first: one that shows somebody else is left aside.
        candidate: The picture to judge.

    Returns:
        See :meth:`KnownFaces.judge`, which also says how long it takes.
    """
    return KnownFaces(model, photos).judge(candidate)


class KnownFaces:
    """The faces of a person's photos, in memory only, for comparing several pictures with them.

    Args:
        model: The face model.
        photos: The person's photos, the primary one first: one that shows somebody else is left aside. They
            are looked at once, when they are first needed.
    """

    def __init__(self, model: FaceModel, photos: Sequence[bytes]) -> None:
        self._model, self._photos = model, photos

    def judge(self, candidate: bytes) -> Likeness:
        """Compare a picture with the photos. Blocks for some 80 ms: use :func:`off_loop`.

        Returns:
            The likeness to the most alike photo. Whatever the bytes are, nothing is raised for them; what
            the model itself raises is, but not for a photo: that is left aside.
        """
        picture = opened(candidate)
        if picture is None:
            return _cannot(self._model, "The picture could not be read.")
        seen = _look(self._model, picture)
        if isinstance(seen, str):
            return _cannot(self._model, f"{seen} in the picture.")
        if not self._known:
            return _cannot(self._model, "None of the photos shows one face clearly enough to compare with.")
        return _compared(self._model, picture, seen, self._known)

    @cached_property
    def _known(self) -> dict[int, _Seen]:
        return _known(self._model, self._photos)


def _compared(model: FaceModel, picture: Image.Image, seen: _Seen, known: dict[int, _Seen]) -> Likeness:
    distances = {at: model.distance(one.embedding, seen.embedding) for at, one in known.items()}
    best = min(distances, key=distances.__getitem__)
    threshold, fair = _threshold(model, [one.embedding for one in known.values()]), model.limits.fair
    band: Band = "strong" if distances[best] < threshold else "fair" if distances[best] < fair else "no"
    if band == "no" and lies(model, picture):
        return _cannot(model, "The picture lies on its side or upside down.")
    shift, skin = _skin(seen, known)
    return Likeness(
        band=band,
        distance=distances[best],
        threshold=threshold,
        photo=best,
        why=_WHY[band].format(photos="your photos" if len(known) > 1 else "your photo"),
        model=model.name,
        skin_shift=shift,
        skin=skin,
    )


_WHY: dict[Band, str] = {
    "strong": "The face is as close to {photos} as two photos of one person usually are.",
    "fair": "The face resembles {photos}, but less than two photos of one person usually do.",
    "no": "The face is further from {photos} than two photos of one person are.",
}


def _cannot(model: FaceModel, why: str) -> Likeness:
    return Likeness(band="cannot judge", why=why, model=model.name)


def _look(model: FaceModel, picture: Image.Image) -> _Seen | str:
    """The one face to compare, or why there is none, as the beginning of a sentence."""
    faces = model.find(picture)
    if not faces:
        return "No face that looks photographed was found"
    face = faces[0]
    if any(other.box[2] > _AS_LARGE * face.box[2] for other in faces[1:]):
        return "There are several faces of about the same size"
    if min(face.box[2:]) < model.limits.smallest:
        return "The face is too small"
    if abs(yaw(face)) > _AWAY:
        return "The face is turned too far away"
    return _Seen(embedding=model.embed(picture, face), complexion=complexion(picture, face))


def _known(model: FaceModel, photos: Sequence[bytes]) -> dict[int, _Seen]:
    """The photos that can be compared with, by their index."""
    found: dict[int, _Seen] = {}
    for index, photo in enumerate(photos):
        picture = opened(photo)
        seen = "" if picture is None else _glance(model, picture)
        if isinstance(seen, _Seen):
            first = next(iter(found.values()), seen)
            if model.distance(first.embedding, seen.embedding) < model.limits.other_person:
                found[index] = seen
    return found


def _glance(model: FaceModel, photo: Image.Image) -> _Seen | str:
    """A photo that the model fails at takes none of the others with it."""
    try:
        return _look(model, photo)
    except Exception as exc:
        logger.warning("A photo is left aside, the face model failed (%s).", type(exc).__name__)
        logger.debug("Why:", exc_info=True)
        return ""


def _threshold(model: FaceModel, own: Sequence[Embedding]) -> float:
    """What is strong for this person: as close as each of their photos is to the next of their photos."""
    limits = model.limits
    own = _different(model, own)
    if len(own) < 2:
        return limits.strong
    nearest = [
        min(model.distance(one, other) for at, other in enumerate(own) if at != here)
        for here, one in enumerate(own)
    ]
    return max(limits.closest, min(limits.widest, max(nearest)))


def _different(model: FaceModel, own: Sequence[Embedding]) -> list[Embedding]:
    """Without those that are an earlier photo once more, if saved or scaled anew: they tell of no spread."""
    found: list[Embedding] = []
    for one in own:
        if all(model.distance(one, other) >= _ONE_PHOTO * model.limits.closest for other in found):
            found.append(one)
    return found


def _skin(seen: _Seen, known: dict[int, _Seen]) -> tuple[float | None, Skin | None]:
    """Against the photo whose skin is closest: each of them is the person's own."""
    own = [one.complexion for one in known.values() if one.complexion]
    if seen.complexion is None or not own:
        return None, None
    return min(compare(complexion, seen.complexion) for complexion in own)
