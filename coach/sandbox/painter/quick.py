"""Pictures for thousands of requests: drawn once for each size and format, and stamped for each request."""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache

from PIL import Image

from coach.sandbox.painter.brush import Size
from coach.sandbox.painter.scene import Scene
from coach.sandbox.painter.sign import Mark, encode

_PNG_HEAD = 33
"""The signature and the chunk IHDR."""
_GROUND = (70, 90, 120)


def quick(size: Size, *, format: str, compression: int, transparent: bool, stamp: str) -> bytes:
    """A picture of nothing but its label, with a note that makes its bytes differ from any other's.

    Args:
        size: Width and height in pixels.
        format: ``png``, ``jpeg`` or ``webp``.
        compression: 0 to 100, as :func:`encode` takes it.
        transparent: Leave the ground out.
        stamp: The note, ASCII.
    """
    drawn, note = _drawn(size, format, compression, transparent), f"request {stamp}".encode()
    if format == "png":
        return drawn[:_PNG_HEAD] + png_chunk(b"tEXt", note.replace(b" ", b"\0", 1)) + drawn[_PNG_HEAD:]
    if format == "jpeg":
        return drawn[:2] + b"\xff\xfe" + struct.pack(">H", len(note) + 2) + note + drawn[2:]
    chunk = b"NOTE" + struct.pack("<I", len(note)) + note + b"\0" * (len(note) % 2)
    return drawn[:4] + struct.pack("<I", len(drawn) - 8 + len(chunk)) + drawn[8:] + chunk


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file: its length, its kind, its data and its checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@lru_cache(maxsize=64)
def _drawn(size: Size, format: str, compression: int, transparent: bool) -> bytes:
    image = Image.new("RGBA", size) if transparent else Image.new("RGB", size, _GROUND)
    mark = Mark(scene=Scene(place="study", time="indoors"))
    return encode(image, mark, hash="quick", format=format, compression=compression)
