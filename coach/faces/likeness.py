"""How alike the person in a picture is to the person in the photos: a band, not a proof.

The bands are not those of a door that lets people in. Half another man's face passes such a door; here it is
to fail. Where the limits are and why, with what they let through: docs/likeness.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PIL import Image

from coach.faces._face import lies, opened, yaw
from coach.faces.model import Embedding, FaceModel
from coach.faces.skin import Complexion, Skin, compare, complexion

Band = Literal["strong", "fair", "no", "cannot judge"]

STRONG = 0.30
"""Below it is strong when there is one photo: 85 of 100 honest photos, and 1 of 200 half-faces."""

CLOSEST, WIDEST = 0.24, 0.34
"""Where the limit of strong may be when a person's own photos set it."""

FAIR = 0.45
"""Below it is fair: every honest photo of the evaluation, no stranger, a fifth of the half-faces."""

OTHER_PERSON = 0.60
"""A photo this far from the first one shows somebody else; no two strangers of the evaluation are closer."""

_SMALLEST = 48
"""Pixels of a face's width below which its distance is that of the pixels, not of the face."""

_AWAY = 40.0
_AS_LARGE = 0.8


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
    """Compare a picture with the person's photos. Blocks for some 50 ms a picture: use :func:`off_loop`.

    Args:
        model: The face model.
        photos: The person's photos, the primary one first: one that shows somebody else is left aside.
        candidate: The picture to judge.

    Returns:
        The likeness to the most alike photo. Whatever the bytes are, nothing is raised for them.
    """
    picture = opened(candidate)
    if picture is None:
        return _cannot(model, "The picture could not be read.")
    seen = _look(model, picture)
    if isinstance(seen, str):
        return _cannot(model, f"{seen} in the picture.")
    known = _known(model, photos)
    if not known:
        return _cannot(model, "None of the photos shows one face clearly enough to compare with.")
    return _compared(model, picture, seen, known)


def _compared(model: FaceModel, picture: Image.Image, seen: _Seen, known: dict[int, _Seen]) -> Likeness:
    distances = {at: model.distance(one.embedding, seen.embedding) for at, one in known.items()}
    best = min(distances, key=distances.__getitem__)
    threshold = _threshold(model, [one.embedding for one in known.values()])
    band: Band = "strong" if distances[best] < threshold else "fair" if distances[best] < FAIR else "no"
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
    if min(face.box[2:]) < _SMALLEST:
        return "The face is too small"
    if abs(yaw(face)) > _AWAY:
        return "The face is turned too far away"
    return _Seen(embedding=model.embed(picture, face), complexion=complexion(picture, face))


def _known(model: FaceModel, photos: Sequence[bytes]) -> dict[int, _Seen]:
    """The photos that can be compared with, by their index."""
    found: dict[int, _Seen] = {}
    for index, photo in enumerate(photos):
        picture = opened(photo)
        seen = "" if picture is None else _look(model, picture)
        if isinstance(seen, _Seen):
            first = next(iter(found.values()), seen)
            if model.distance(first.embedding, seen.embedding) < OTHER_PERSON:
                found[index] = seen
    return found


def _threshold(model: FaceModel, own: Sequence[Embedding]) -> float:
    """What is strong for this person: as close as each of their photos is to the next of their photos."""
    if len(own) < 2:
        return STRONG
    nearest = [
        min(model.distance(one, other) for at, other in enumerate(own) if at != here)
        for here, one in enumerate(own)
    ]
    return max(CLOSEST, min(WIDEST, max(nearest)))


def _skin(seen: _Seen, known: dict[int, _Seen]) -> tuple[float | None, Skin | None]:
    """Against the photo whose skin is closest: each of them is the person's own."""
    own = [one.complexion for one in known.values() if one.complexion]
    if seen.complexion is None or not own:
        return None, None
    return min(compare(complexion, seen.complexion) for complexion in own)
