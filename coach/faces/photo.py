"""The photo coach: is this a photo in which a person can be recognised, and what would make it one?"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageFilter, ImageStat

from coach.faces._face import align, level, lies, opened, reach, roll, yaw
from coach.faces.model import Face, FaceModel
from coach.faces.skin import whites

logger = logging.getLogger(__name__)

Reason = Literal[
    "ok",
    "no_face",
    "several_faces",
    "too_small",
    "blurred",
    "too_dark",
    "too_bright",
    "turned_away",
    "tilted",
    "face_hidden",
    "not_looked",
]

SAY: dict[Reason, str] = {
    "ok": "That is a good photo: your face is clear in it.",
    "no_face": "I cannot find a face in this photo. Please choose one that shows you from the front.",
    "several_faces": "There is more than one face in this photo. Please choose one with only you in it.",
    "too_small": "Your face is rather small in this photo. Please choose one taken closer up.",
    "blurred": "Your face is a little blurred here. Please choose a sharper photo, taken with a steady hand.",
    "too_dark": "It is too dark to see your face well. Please take one facing a window or a lamp.",
    "too_bright": "The light on your face is too bright here. Please take one out of the direct light.",
    "turned_away": "Your face is turned away here. Please choose one in which you look at the camera.",
    "tilted": "This photo, or your head in it, is tilted. Please choose one that is upright.",
    "face_hidden": "Your eyes are hidden here. Please choose one without sunglasses or hair before them.",
    "not_looked": "I have your photo. Nobody has looked yet whether your face is clear in it.",
}
"""What the person reads, for each reason."""

_SIDE = 112
_FRONT = (24, 30, 88, 104)
"""From the brows to the chin, in a face aligned to 112 pixels: without hair and background."""

# The numbers that honest photos do not reach: docs/likeness.md.
_ANOTHER, _SMALLEST, _HIDDEN = 1 / 3, 80, 0.4
_TURNED, _TILTED = 35.0, 22.0
_DARK, _BRIGHT, _SHARP = 70, 243, 0.33


@dataclass(frozen=True, kw_only=True)
class PhotoReport:
    """What is to be said about a photo; no biometrics are in it.

    Attributes:
        usable: Whether the photo serves as it is.
        reason: Why not; ``"ok"`` when it does, ``"not_looked"`` without a face model.
        say: One sentence for the person.
        faces: How many faces were found, small ones in the background included.
        face_share: The face's width as a part of the picture's.
        sharpness: Fine detail for one of coarse in the face; honest photos have 0.5 to 1.4.
        brightness: The lighter parts of the face, 0 to 1.
        yaw: How far the head is turned, in degrees, roughly; positive is towards the person's left.
        roll: How far the head leans, in degrees, roughly.
        quality: 0 to 1, to put photos in an order.
        model: The face model's name; ``""`` without one.
    """

    usable: bool
    reason: Reason
    say: str
    faces: int = 0
    face_share: float | None = None
    sharpness: float | None = None
    brightness: float | None = None
    yaw: float | None = None
    roll: float | None = None
    quality: float
    model: str


def look(model: FaceModel | None, photo: bytes) -> PhotoReport:
    """Look at a photo before anything is paid for. Blocks for some 80 ms: use :func:`off_loop`.

    Args:
        model: The face model; without one every photo is usable and ``"not_looked"``.
        photo: The photo as it was taken in.

    Returns:
        The first thing that should be changed. Nothing is raised, whatever the bytes are; when the model
        fails it is ``"not_looked"``, without the model's name, so that it is tried again.
    """
    if model is None:
        return _empty("not_looked", "")
    picture = opened(photo)
    if picture is None:
        return _empty("no_face", model.name)
    try:
        return _looked(model, picture)
    except Exception as exc:
        logger.warning("Nobody looked at a photo, the face model failed (%s).", type(exc).__name__)
        logger.debug("Why:", exc_info=True)
        return _empty("not_looked", "")


def best_set(reports: Sequence[PhotoReport | None], most: int) -> list[int]:
    """Which photos to send as references: at most ``most``, the best first.

    Args:
        reports: One for each photo, in their order; ``None`` counts as not looked at.
        most: How many may be sent.

    Returns:
        Indices into ``reports``. Photos that are not usable only when none is.
    """
    usable = [at for at, report in enumerate(reports) if report is None or report.usable]
    chosen = usable or list(range(len(reports)))
    return sorted(chosen, key=lambda at: (-_quality(reports[at]), at))[: max(0, most)]


def _quality(report: PhotoReport | None) -> float:
    return 0.5 if report is None else report.quality


def _empty(reason: Reason, model: str, faces: int = 0) -> PhotoReport:
    unseen = reason == "not_looked"
    quality = 0.5 if unseen else 0.0
    return PhotoReport(
        usable=unseen, reason=reason, say=SAY[reason], faces=faces, quality=quality, model=model
    )


def _looked(model: FaceModel, picture: Image.Image) -> PhotoReport:
    faces = model.find(picture)
    if lies(model, picture):
        return _empty("tilted", model.name, faces=len(faces))
    if not faces:
        return _empty("no_face", model.name)
    return _report(model, picture, faces)


def _report(model: FaceModel, picture: Image.Image, faces: list[Face]) -> PhotoReport:
    face = faces[0]
    front = align(picture, face, (_SIDE, _SIDE), scale=0.315).convert("L").crop(_FRONT)
    sharpness, light = _sharpness(front), level(front, 0.9)
    reason = _first_fault(
        {
            "several_faces": any(other.box[2] > _ANOTHER * face.box[2] for other in faces[1:]),
            "too_small": min(face.box[2:]) < _SMALLEST,
            "too_dark": light < _DARK,
            "too_bright": level(front, 0.5) > _BRIGHT,
            "turned_away": abs(yaw(face)) > _TURNED,
            "tilted": abs(roll(face)) > _TILTED,
            "face_hidden": whites(picture, face) < _HIDDEN * level(front, 0.5),
            "blurred": sharpness < _SHARP,
        }
    )
    return PhotoReport(
        usable=reason == "ok",
        reason=reason,
        say=SAY[reason],
        faces=len(faces),
        face_share=round(face.box[2] / picture.width, 3),
        sharpness=round(sharpness, 2),
        brightness=round(light / 255, 2),
        yaw=round(yaw(face), 1),
        roll=round(roll(face), 1),
        quality=round(_worth(face, sharpness, light), 3),
        model=model.name,
    )


def _first_fault(faults: dict[Reason, bool]) -> Reason:
    return next((reason for reason, found in faults.items() if found), "ok")


def _worth(face: Face, sharpness: float, light: int) -> float:
    """How good a reference it is, 0 to 1: large, from the front, sharp, lit."""
    return (
        min(1.0, reach(face) / 100)
        * (1 - abs(yaw(face)) / 90)
        * (1 - min(45.0, abs(roll(face))) / 90)
        * min(1.0, sharpness / 0.6)
        * min(1.0, light / 128)
    )


def _sharpness(front: Image.Image) -> float:
    """The Laplacian's spread for one of the picture's own: contrast and skin colour do not change it."""
    edges = front.filter(ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=2, offset=128))
    inside = edges.crop((1, 1, edges.width - 1, edges.height - 1))
    return 2 * ImageStat.Stat(inside).stddev[0] / (ImageStat.Stat(front).stddev[0] + 1)
