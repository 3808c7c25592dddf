"""What a picture file carries beside its pixels: XMP, and whether there is a C2PA manifest.

Found by walking the file's parts without decoding anything or reading more than the part that is wanted.

Sources: PNG specification 5.3 and 11.3.3.3, ITU T.81 annex B, each with the XMP of ISO 16684-3;
Google's "WebP Container Specification"; C2PA 2.2, A.3: ``caBX``, APP11 and ``C2PA``.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from coach.studio._xmp import LONGEST

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_XMP = b"XML:com.adobe.xmp\0"
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
# Honest files have some hundred parts; millions of empty ones only cost time.
_MOST_PARTS = 65_536


class Damaged(ValueError):
    """It begins like a picture and does not go on like one."""


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """What was found.

    Attributes:
        xmp: The first XMP packet, if there is one.
        has_c2pa: Whether there is a C2PA manifest, or something that claims to be one.
    """

    media_type: str
    xmp: bytes | None
    has_c2pa: bool


def look(file: BinaryIO) -> Embedded | None:
    """Walk a file from its beginning; ``None`` when it is no PNG, JPEG or WebP.

    Raises:
        Damaged: Its parts do not fit together.
    """
    head = file.read(12)
    for media_type, is_one, start, walk in (
        ("image/png", head.startswith(_PNG), len(_PNG), _png),
        ("image/jpeg", head.startswith(b"\xff\xd8\xff"), 2, _jpeg),
        ("image/webp", head[:4] == b"RIFF" and head[8:] == b"WEBP", 12, _webp),
    ):
        if is_one:
            file.seek(start)
            try:
                return _gathered(media_type, walk(file))
            except struct.error as error:
                raise Damaged("the file ends too early") from error
    return None


def _gathered(media_type: str, parts: Iterator[bytes | None]) -> Embedded:
    """The first packet, and whether there is a manifest; nothing else is kept of a file of thousands."""
    xmp, has_c2pa = None, False
    for part in parts:
        if part is None:
            has_c2pa = True
        elif xmp is None:
            xmp = part
    return Embedded(media_type=media_type, xmp=xmp, has_c2pa=has_c2pa)


def _png(file: BinaryIO) -> Iterator[bytes | None]:
    """The first XMP packet, and ``None`` for each manifest."""
    is_found = False
    for _ in range(_MOST_PARTS):
        length, kind = struct.unpack(">I4s", file.read(8))
        if kind == b"IEND":
            return
        # No other packet is unpacked: five thousand of a kilobyte each become gigabytes.
        if kind == b"iTXt" and length <= LONGEST and not is_found:
            chunk = file.read(length)
            if chunk.startswith(_PNG_XMP):
                is_found = True
                yield _itxt(chunk[len(_PNG_XMP) :])
            file.seek(4, 1)
            continue
        if kind == b"caBX":
            yield None
        file.seek(length + 4, 1)
    raise Damaged("too many parts")


def _itxt(chunk: bytes) -> bytes:
    """The text after the keyword: packed or not, the method, the language, the keyword in it."""
    packed, text = chunk[:1] == b"\x01", chunk[2:].split(b"\0", 2)[-1]
    if not packed:
        return text
    try:
        # One byte more than is read: what is too long is then refused, not cut.
        return zlib.decompressobj().decompress(text, LONGEST + 1)
    except zlib.error as error:
        raise Damaged("a packed text is broken") from error


def _jpeg(file: BinaryIO) -> Iterator[bytes | None]:
    """Each XMP packet, and ``None`` for each manifest; likewise the next one."""
    for _ in range(_MOST_PARTS):
        mark, marker = struct.unpack(">BB", file.read(2))
        if mark != 0xFF or marker == 0xFF:  # cameras and editors leave bytes between segments
            file.seek(-1, 1)
            continue
        if marker in (0xD9, 0xDA):  # the end, or the picture itself
            return
        if marker in (0x00, 0x01) or 0xD0 <= marker <= 0xD8:
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if length < 2:
            raise Damaged("a segment is shorter than its length")
        if marker in (0xE1, 0xEB):
            segment = file.read(length - 2)
            if marker == 0xE1 and segment.startswith(_JPEG_XMP):
                yield segment[len(_JPEG_XMP) :]
            elif marker == 0xEB and segment.startswith(b"JP"):
                yield None
        else:
            file.seek(length - 2, 1)
    raise Damaged("too many parts")


def _webp(file: BinaryIO) -> Iterator[bytes | None]:
    for _ in range(_MOST_PARTS):
        head = file.read(8)
        if len(head) < 8:
            return
        kind, length = struct.unpack("<4sI", head)
        if kind == b"XMP " and length <= LONGEST:
            yield file.read(length)
            file.seek(length % 2, 1)
            continue
        if kind == b"C2PA":
            yield None
        file.seek(length + length % 2, 1)
    raise Damaged("too many parts")
