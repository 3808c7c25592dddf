"""The outside of an image file: its type, its size in pixels, which way is up, its colour profile.

Read by hand, before any decoder sees the file: what is too big is refused unread, and the decoder is given
only what it needs for the pixels. No metadata reaches it, so none can leave it, upset it or make it warn.

Sources: ITU T.81 annex B (JPEG), Exif 2.32 and ICC.1 annex B for what JPEG carries, the PNG specification's
chunk layout, Google's "WebP Container Specification" and RFC 6386 §9.1 for the sizes inside. For HEIC see
:mod:`coach.store._heic_file`.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from coach.store._heic_file import NotThisHeic, read_heic

_PNG = b"\x89PNG\r\n\x1a\n"
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_LONGEST_PROFILE = 4 * 1024 * 1024
# Honest files have some hundred segments or chunks; millions of empty ones only cost time.
_MOST_PARTS = 65_536
# A progressive JPEG has some ten scans. Each costs a walk over the whole picture, and need hold no byte.
_MOST_SCANS = 64
# In coded data 0xFF is followed by a zero or a restart mark; whatever else follows it ends the scan.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
# How the other files begin that people try.
_OTHERS = (
    *(b"GIF8", b"BM", b"II*\0", b"MM\0*", b"8BPS", b"%PDF", b"<svg", b"<?xml", b"\xff\x0a", b"\0\0\1\0"),
    *(b"\0\0\0\x0cJXL ", b"\0\0\0\x0cjP  "),
)

Format = Literal["JPEG", "PNG", "WEBP", "HEIF"]


@dataclass(frozen=True, kw_only=True)
class ImageFile:
    """An image that is not decoded yet.

    Attributes:
        data: What to decode: JPEG and PNG without metadata, WebP and HEIC as they came; of several pictures
            in a JPEG (MPO) the first.
        width: Pixels as stored, before turning.
        height: Pixels as stored, before turning.
        orientation: 1 to 8 as in Exif; 1 is upright, and what the decoder itself turns upright.
        profile: The ICC profile, when there is one; of HEIC the decoder says it.
        work: Pixels that are decoded for it.
    """

    format: Format
    data: bytes
    width: int
    height: int
    orientation: int
    profile: bytes | None
    work: int


class BrokenFile(ValueError):
    """It begins like an image and does not go on like one."""


class OtherFile(ValueError):
    """Another kind of image or document, or a HEIC file that is built as no camera builds it."""


def read_image_file(data: bytes) -> ImageFile | None:
    """Look at a file from the outside; ``None`` when it is nothing we have heard of.

    Raises:
        BrokenFile: Its structure is damaged.
        OtherFile: It is of a type we know and do not take.
    """
    try:
        if data.startswith(b"\xff\xd8\xff"):
            return _read_jpeg(data)
        if data.startswith(_PNG):
            return _read_png(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _read_webp(data)
        if data[4:8] == b"ftyp" and data[8:12] in _HEIC:
            return _read_heic(data)
    except (struct.error, IndexError) as error:
        raise BrokenFile("the file ends too early") from error
    if data[4:8] == b"ftyp":
        raise OtherFile("another kind of media")
    if data.startswith(_OTHERS):
        raise OtherFile("another kind of image")
    return None


def _read_jpeg(data: bytes) -> ImageFile:
    kept, sizes, profile, orientation = [b"\xff\xd8"], [], {}, 1
    for marker, at, segment in _jpeg_segments(data):
        if marker == 0xDA:
            kept.append(data[at : _jpeg_end(data, at)])
            break
        if marker == 0xE1 and segment.startswith(b"Exif\0"):
            orientation = _orientation(segment[6:])
        elif marker == 0xE2 and segment.startswith(b"ICC_PROFILE\0"):
            profile[segment[12]] = segment[14:]
        # JFIF and Adobe's segment tell the decoder which colours these are; the others tell about the person.
        elif marker == 0xEE or not (0xE1 <= marker <= 0xEF or marker == 0xFE):
            kept.append(struct.pack(">BBH", 0xFF, marker, len(segment) + 2) + segment)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            sizes.append(struct.unpack_from(">HH", segment, 1))
    if len(sizes) != 1:
        raise BrokenFile("a JPEG has one size")
    return ImageFile(
        format="JPEG",
        data=b"".join(kept),
        width=sizes[0][1],
        height=sizes[0][0],
        orientation=orientation,
        profile=b"".join(profile[number] for number in sorted(profile)) or None,
        work=sizes[0][0] * sizes[0][1],
    )


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Marker, where it stands, what it says; up to the start of the picture itself."""
    at = 2
    for _ in range(_MOST_PARTS):
        start = data.find(b"\xff", at)
        if start < 0:
            raise BrokenFile("a JPEG has a picture")
        # Cameras and editors leave bytes between segments; every decoder skips them.
        at = start
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        at += 1
        if marker in (0x00, 0x01) or 0xD0 <= marker <= 0xD8:
            continue
        (length,) = struct.unpack_from(">H", data, at)
        segment = data[at + 2 : at + length]
        if len(segment) != length - 2:
            raise BrokenFile("a segment is cut off")
        yield marker, start, segment
        at += length
    raise BrokenFile("too many segments")


def _jpeg_end(data: bytes, at: int) -> int:
    """Where the picture ends whose first scan begins here: after its end mark, or with the file."""
    scans = 0
    for _ in range(_MOST_PARTS):
        mark = _MARKER.search(data, at)
        if mark is None:
            return len(data)
        kind, at = data[mark.end() - 1], mark.end()
        if kind == 0xD9:
            return at
        scans += kind == 0xDA
        if scans > _MOST_SCANS:
            raise BrokenFile("too many scans")
        if kind != 0xD8 and at + 2 <= len(data):
            at += struct.unpack_from(">H", data, at)[0]
    raise BrokenFile("too many segments")


def _read_heic(data: bytes) -> ImageFile:
    try:
        size = read_heic(data)
    except NotThisHeic as error:
        raise OtherFile("an unusual HEIC") from error
    return ImageFile(
        format="HEIF",
        data=data,
        width=size.width,
        height=size.height,
        orientation=1,
        profile=None,
        work=size.work,
    )


def _read_png(data: bytes) -> ImageFile:
    kept, profile, orientation = [_PNG], None, 1
    for at, kind, chunk in _png_chunks(data):
        if kind == b"iCCP":
            profile = _inflated(chunk.partition(b"\0")[2][1:])
        elif kind == b"eXIf":
            orientation = _orientation(chunk)
        # A capital first: needed for the pixels. Also needed: which colour is transparent.
        elif kind[:1].isupper() or kind == b"tRNS":
            kept.append(data[at : at + 12 + len(chunk)])
    if kept[1][4:8] != b"IHDR" or any(chunk[4:8] == b"IHDR" for chunk in kept[2:]):
        raise BrokenFile("a PNG has one size, first")
    width, height = struct.unpack_from(">II", kept[1], 8)
    return ImageFile(
        format="PNG",
        data=b"".join(kept),
        width=width,
        height=height,
        orientation=orientation,
        profile=profile,
        work=width * height,
    )


def _png_chunks(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    at = len(_PNG)
    for _ in range(_MOST_PARTS):
        if at >= len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, at)
        yield at, kind, data[at + 8 : at + 8 + length]
        if kind == b"IEND":
            return
        at += 12 + length
    raise BrokenFile("too many chunks")


def _inflated(packed: bytes) -> bytes | None:
    try:
        return zlib.decompressobj().decompress(packed, _LONGEST_PROFILE)
    except zlib.error:
        return None


def _read_webp(data: bytes) -> ImageFile:
    size, profile, orientation = None, None, 1
    at = 12
    for _ in range(_MOST_PARTS):
        if at + 8 > len(data):
            break
        kind, length = struct.unpack_from("<4sI", data, at)
        chunk = data[at + 8 : at + 8 + length]
        if size is None:
            size = webp_size(kind, chunk)
        if kind == b"ICCP":
            profile = chunk
        elif kind == b"EXIF":
            orientation = _orientation(chunk.removeprefix(b"Exif\0\0"))
        at += 8 + length + length % 2
    if size is None:
        raise BrokenFile("a WebP has a size")
    return ImageFile(
        format="WEBP",
        data=data,
        width=size[0],
        height=size[1],
        orientation=orientation,
        profile=profile,
        work=size[0] * size[1],
    )


def webp_size(kind: bytes, chunk: bytes) -> tuple[int, int] | None:
    """Width and height as a WebP's chunk says them; ``None``: it is one that does not.

    Raises:
        struct.error: It is cut off.
    """
    if kind == b"VP8X":
        width, height = chunk[4:7] + b"\0", chunk[7:10] + b"\0"
        return struct.unpack("<I", width)[0] + 1, struct.unpack("<I", height)[0] + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", chunk, 6)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", chunk, 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


def _orientation(exif: bytes) -> int:
    """Tag 0x0112 of the first directory; 1 when it is missing or makes no sense."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return 1
    try:
        (at,) = struct.unpack_from(order + "I", exif, 4)
        (entries,) = struct.unpack_from(order + "H", exif, at)
        for entry in range(entries):
            tag, kind, count, value = struct.unpack_from(order + "HHIH", exif, at + 2 + 12 * entry)
            if (tag, kind, count) == (0x0112, 3, 1):
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
