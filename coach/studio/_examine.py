"""Is it a picture, and of which kind and size: told from its head and its checksums while it is written."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Protocol

from PIL import Image

from coach.store._image_file import webp_size
from coach.store.blobs import ENDINGS

_PNG = b"\x89PNG\r\n\x1a\n"
ENOUGH = 12
"""Bytes."""

_NEXT = struct.Struct(">II4s")
_SIZE = struct.Struct(">II")
_MOST_PIXELS = 2**27
_HEAD, _LAST = 64 * 1024, 64 * 1024

_MOST_HEAD = 1024 * 1024
"""A JPEG may have a manifest before its size, with pictures in it; this is more than honest ones take."""


@dataclass(frozen=True, kw_only=True)
class Glanced:
    """What a file is. ``width`` and ``height`` are pixels, ``ending`` goes with the media type."""

    path: Path
    width: int
    height: int
    media_type: str

    @property
    def ending(self) -> str:
        """The usual ending of such a file's name, without the dot."""
        return ENDINGS[self.media_type]


@dataclass(frozen=True, kw_only=True)
class Examined(Glanced):
    """And that it is whole, with the SHA-256 of its bytes in hex."""

    sha256: str


class Glance:
    """Looks at a picture's head; enough for one that is shown for a moment."""

    def __init__(self) -> None:
        self._head, self._enough = b"", _HEAD
        self._found: tuple[int, int, str] | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            ValueError: It is no PNG, JPEG or WebP.
        """
        if self._found is not None:
            return
        self._head += data
        if len(self._head) < self._enough:
            return
        try:
            self._begin()
        except ValueError:
            if self._found is not None or self._enough >= _MOST_HEAD:
                raise
            self._enough *= 4

    def finish(self, path: Path) -> Glanced:
        """What was seen, once all of it was fed.

        Raises:
            ValueError: As :meth:`feed`.
        """
        width, height, media_type = self._found or self._begin()
        return Glanced(path=path, width=width, height=height, media_type=media_type)

    def _begin(self) -> tuple[int, int, str]:
        found = self._found = _look(self._head)
        self._head = b""
        return found


class Examination(Glance):
    """Looks whether it is whole too, as far as its kind tells without decoding, and hashes it on the way."""

    def __init__(self) -> None:
        super().__init__()
        self._digest = hashlib.sha256()
        self._check: _Check | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            ValueError: It is no PNG, JPEG or WebP, or it is damaged.
        """
        self._digest.update(data)
        if self._check is None:
            super().feed(data)
        else:
            self._check.feed(data)

    def finish(self, path: Path) -> Examined:
        """What was seen, once all of it was fed.

        Raises:
            ValueError: As :meth:`feed`, or it is cut off.
        """
        seen = super().finish(path)
        if self._check is None or not self._check.is_whole:
            raise ValueError("cut off")
        return Examined(**vars(seen), sha256=self._digest.hexdigest())

    def _begin(self) -> tuple[int, int, str]:
        head = self._head
        found = super()._begin()
        self._check = _CHECKS[found[2]]()
        self._check.feed(head)
        return found


def looks_like_picture(head: bytes) -> bool:
    """Whether something begins as PNG, JPEG and WebP do; of :data:`ENOUGH` bytes that can be told."""
    return head.startswith((_PNG, b"\xff\xd8\xff")) or (head[:4], head[8:ENOUGH]) == (b"RIFF", b"WEBP")


def _look(head: bytes) -> tuple[int, int, str]:
    try:
        width, height, media_type = _said(head)
    except (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError) as exc:
        raise ValueError(f"no picture ({type(exc).__name__})") from None
    if not 0 < width * height <= _MOST_PIXELS:
        raise ValueError("a picture of an impossible size")
    return width, height, media_type


def _said(head: bytes) -> tuple[int, int, str]:
    # 8 bytes of signature, then IHDR, which begins with width and height (PNG specification, 11.2.1).
    if head[:8] == _PNG and head[12:16] == b"IHDR":
        return *_SIZE.unpack_from(head, 16), "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":  # Pillow would want all of it
        return *(webp_size(head[12:16], head[20:]) or (0, 0)), "image/webp"
    with Image.open(BytesIO(head), formats=("JPEG",)) as image:
        return *image.size, "image/jpeg"


class _Check(Protocol):
    @property
    def is_whole(self) -> bool:
        """Whether all of it came."""

    def feed(self, data: bytes) -> None:
        """Take the next bytes, the first ones too."""


class _Png:
    """Every chunk has its length and kind before it and its CRC-32 after it; ``IEND`` is the last (5.3).

    Pillow checks them too, but reads each chunk into memory, and some files are one chunk.
    """

    def __init__(self) -> None:
        self.is_whole = False
        self._skip = len(_PNG)
        self._left, self._sum = 0, 0
        # Between two chunks are the sum of one, and length and kind of the next. Nothing sums up to zero.
        self._between, self._wanted = bytes(4), _NEXT.size

    def feed(self, data: bytes) -> None:
        at, size = self._skip, len(data)
        self._skip = 0
        with memoryview(data) as view:
            while at < size and not self.is_whole:
                if self._left:
                    end = min(at + self._left, size)
                    with view[at:end] as part:
                        self._sum = zlib.crc32(part, self._sum)
                    self._left -= end - at
                else:
                    end = min(at + self._wanted - len(self._between), size)
                    self._between += data[at:end]
                    if len(self._between) == self._wanted:
                        self._turn()
                at = end

    def _turn(self) -> None:
        """From one chunk to the next."""
        if int.from_bytes(self._between[:4]) != self._sum:
            raise ValueError("damaged")
        if self._wanted == 4:
            self.is_whole = True
            return
        _, self._left, kind = _NEXT.unpack(self._between)
        self._sum = zlib.crc32(kind)
        # After the last one there is nothing but its sum.
        self._between, self._wanted = b"", 4 if kind == b"IEND" else _NEXT.size


class _Jpeg:
    """It ends with its end marker (ITU T.81, B.1.1); inside, a thumbnail may have one of its own."""

    def __init__(self) -> None:
        self._last = b""

    def feed(self, data: bytes) -> None:
        self._last = (self._last + data[-_LAST:])[-_LAST:]

    @property
    def is_whole(self) -> bool:
        return self._last.rstrip(b"\0").endswith(b"\xff\xd9")


class _Webp:
    """A RIFF file says how many bytes follow its first eight (WebP container specification)."""

    def __init__(self) -> None:
        self._size, self._said = 0, 0

    def feed(self, data: bytes) -> None:
        if not self._size:
            self._said = 8 + int.from_bytes(data[4:8], "little")
        self._size += len(data)

    @property
    def is_whole(self) -> bool:
        return self._size >= self._said


_CHECKS: Mapping[str, Callable[[], _Check]] = {"image/png": _Png, "image/jpeg": _Jpeg, "image/webp": _Webp}
