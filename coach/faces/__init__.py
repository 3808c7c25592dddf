"""Faces: is there one in a photo, and is the person in a picture the person of the photos?

Needs the extra ``likeness``; without it :func:`face_model` gives ``None`` and nothing is measured. No face is
stored: what two faces are compared by lives in memory, for the comparison.
"""

from coach.faces._face import align, opened
from coach.faces.likeness import Band, KnownFaces, Likeness, judge
from coach.faces.model import Embedding, Face, FaceModel, Limits, face_model, off_loop
from coach.faces.photo import PhotoReport, best_set, look

__all__ = [
    "Band",
    "Embedding",
    "Face",
    "FaceModel",
    "KnownFaces",
    "Likeness",
    "Limits",
    "PhotoReport",
    "align",
    "best_set",
    "face_model",
    "judge",
    "look",
    "off_loop",
    "opened",
]
