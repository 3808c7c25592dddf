"""Where a file says it was taken: found by our own reading of its bytes, and by exiftool."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

EXIFTOOL = shutil.which("exiftool")
"""The program, where it is installed (Debian: ``libimage-exiftool-perl``)."""

_GPS_IFD, _LATITUDE, _LONGITUDE = 0x8825, 2, 4
_TIFF = re.compile(rb"II\*\0|MM\0\*")
_XMP = re.compile(rb"""GPS(?:Latitude|Longitude)\s*(?:=\s*["']|>)\s*([^"'<]{5,40})""")
_ASKED = (
    "-j",
    "-n",
    "-a",
    "-q",
    "-q",
    "-m",
    "-ee",
    "-fast0",
    "-GPSLatitude",
    "-GPSLongitude",
    "-GPSCoordinates",
)


def marks_of(file: bytes) -> list[bytes]:
    """The bytes that coordinates are in a file: EXIF's fractions and the words of XMP.

    EXIF is looked for wherever its head is: in a JPEG's segment, a HEIC's item, a thumbnail. Coordinates that
    are all zero are not in it: their bytes are everywhere.
    """
    found = {each[1] for each in _XMP.finditer(file)}
    for head in _TIFF.finditer(file):
        found.update(_fractions(file[head.start() : head.start() + 1_000_000]))
    return sorted(each for each in found if each in file and len(set(each)) > 3)


def _fractions(tiff: bytes) -> list[bytes]:
    """The coordinates as they are written in an EXIF block."""
    order, exif = "<" if tiff.startswith(b"II") else ">", Image.Exif()
    try:
        exif.load(b"Exif\0\0" + tiff)
        place = exif.get_ifd(_GPS_IFD)
        parts = [place[tag] for tag in (_LATITUDE, _LONGITUDE) if tag in place]
        return [
            b"".join(struct.pack(f"{order}II", each.numerator, each.denominator) for each in part)
            for part in parts
        ]
    except Exception:  # noqa: BLE001 - whatever it raises: no EXIF begins here
        return []


def told_by_exiftool(files: Sequence[Path]) -> set[Path]:
    """The files of which exiftool says where they were taken; none where it is not installed."""
    if EXIFTOOL is None or not files:
        return set()
    names = "\n".join(map(str, files))
    command = [
        EXIFTOOL,
        *_ASKED,
        "-if",
        "defined $GPSLatitude or defined $GPSLongitude or defined $GPSCoordinates",
        "-@",
        "-",
    ]
    done = subprocess.run(command, input=names.encode(), capture_output=True, check=False)
    # A file can be its end; the others are then asked about without it.
    if done.returncode not in (0, 1, 2) or b" in unpack at " in done.stderr:
        if len(files) == 1:
            return set()
        half = len(files) // 2
        return told_by_exiftool(files[:half]) | told_by_exiftool(files[half:])
    return {Path(each["SourceFile"]) for each in json.loads(done.stdout or b"[]")}
