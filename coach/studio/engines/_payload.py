"""Pictures in JSON, without the JSON: the base64 is found in the file and decoded from there, in pieces.

Only what is around the base64, a few hundred bytes, ever becomes Python objects. The file is read through one
small buffer: mapped into memory, all of it would count as ours.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path
from typing import Any, TypeVar

import pybase64

from coach._durable import private
from coach.studio._examine import Examination, Examined, Glance
from coach.studio.engines import Span

T = TypeVar("T")

_PIECE = 512 * 1024
"""Read at a time: large enough that its buffer is all there is to pay for."""

_MOST_AROUND = 1024 * 1024
"""What is around the pictures is not larger than this in an answer that means well."""

_MOST_PICTURES = 10
"""The most that one answer holds (OpenAI images reference, ``n``)."""

HOLE = "\0"
"""Stands for a picture that was left out of JSON."""

_KEY = 256
"""No key or field's name is longer, with the space around it."""


def named(key: bytes) -> re.Pattern[bytes]:
    """How a picture begins whose base64 is the text of this name."""
    return re.compile(rb'"%b"\s*:\s*"' % key)


_B64_JSON = named(b"b64_json")
_NEXT_LINE = re.compile(rb"(?:\r\n?|\n)data:")
_GZIP = b"\x1f\x8b"


class Text:
    """An answer in a file, read through one buffer from front to back. A context: leaving it closes the file.

    Raises:
        OSError: It cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._file = FileIO(path)
        self._buffer = bytearray(_PIECE)
        self._view = memoryview(self._buffer)
        self.whole = Span(0, path.stat().st_size)
        self.seek(self.whole)

    def __enter__(self) -> Text:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def seek(self, span: Span) -> None:
        """Read this part from now on."""
        self._file.seek(span.start)
        self._left = span.end - span.start
        self._from = self._to = 0

    def begins(self, pattern: re.Pattern[bytes]) -> bool:
        """Whether the file begins like this. After it comes :meth:`seek`."""
        self._file.seek(0)
        return pattern.match(self._file.read(_KEY)) is not None

    @property
    def at(self) -> int:
        """Where it goes on, in bytes from the beginning of the file."""
        return self._file.tell() - (self._to - self._from)

    def pieces(self) -> Iterator[bytes | bytearray]:
        """The part in pieces, each good until the next."""
        while self._from < self._to or self._fill():
            all_of_it = self._from == 0 and self._to == _PIECE
            piece = self._buffer if all_of_it else self._buffer[self._from : self._to]
            self._from = self._to
            yield piece

    def until(self, pattern: re.Pattern[bytes]) -> tuple[bytes, bool]:
        """Up to the end of the pattern, or to the end of the part, and whether it is there.

        Raises:
            ValueError: That is more than an answer has around its pictures.
        """
        taken = bytearray()
        while len(taken) <= _MOST_AROUND:
            if found := pattern.search(self._buffer, self._from, self._to):
                return bytes(taken + self._take(found.end())), True
            taken += self._take(max(self._from, self._to - _KEY))
            if not self._fill():
                return bytes(taken + self._take(self._to)), False
        raise ValueError("more text than an answer has")

    def base64(self) -> Iterator[memoryview]:
        """Up to the next quote, in pieces of whole base64 but the last, each good until the next.

        Raises:
            ValueError: There is no quote.
        """
        while True:
            start, quote = self._from, self._buffer.find(b'"', self._from, self._to)
            self._from = quote if quote >= 0 else self._to - (self._to - start) % 4
            if start < self._from:
                yield self._view[start : self._from]
            if quote >= 0:
                return
            if not self._fill():
                raise ValueError("a picture has no end")

    def _take(self, end: int) -> bytearray:
        start, self._from = self._from, end
        return self._buffer[start:end]

    def _fill(self) -> bool:
        """Read on, behind what was not taken yet; whether there was more."""
        kept = self._to - self._from
        self._view[:kept] = self._view[self._from : self._to]
        read = self._file.readinto(self._view[kept : kept + min(_PIECE - kept, self._left)]) or 0
        self._from, self._to, self._left = 0, kept + read, self._left - read
        return read > 0


def plain(body: Path, into: Path) -> Path:
    """An answer that was compressed although nobody asked for it, decompressed into a file.

    Base64 of a picture shrinks to three quarters, so twice the size is more than an honest answer needs, and
    a bomb does not go off.

    Returns:
        ``into``; or ``body`` when it is not compressed.

    Raises:
        ValueError: It is damaged, cut off, or far larger than it seemed.
    """
    with body.open("rb") as packed:
        if packed.read(len(_GZIP)) != _GZIP:
            return body
        packed.seek(0)
        room = 2 * body.stat().st_size + _MOST_AROUND
        unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS + 16)
        with open(into, "wb", opener=private) as file:
            while not unpack.eof:
                piece = unpack.unconsumed_tail or packed.read(_PIECE)
                try:
                    data = unpack.decompress(piece, _PIECE)
                except zlib.error:
                    raise ValueError("damaged") from None
                room -= len(data)
                if room < 0 or not (piece or data):
                    raise ValueError("larger than it seemed, or cut off")
                file.write(data)
    return into


def parse(
    text: Text,
    span: Span,
    take: Callable[[Text], T],
    *,
    begins: re.Pattern[bytes] = _B64_JSON,
    numbered: bool = False,
) -> tuple[Any, list[T]]:
    """Parse JSON, leaving the pictures out.

    Args:
        take: Takes a picture's base64 (:meth:`Text.base64`), all of it.
        begins: What is before a picture's base64.
        numbered: Whether :data:`HOLE` and its number, from 0, stand for each picture; else nothing does.

    Returns:
        The value, without the pictures, and what became of them.

    Raises:
        ValueError: It is not JSON.
    """
    text.seek(span)
    around: list[bytes] = []
    taken: list[T] = []
    more = True
    while more:
        piece, more = text.until(begins)
        around.append(piece)
        if more:
            around += [rb"\u0000%d" % len(taken)] if numbered else []
            taken.append(take(text))
    try:
        return json.loads(_NEXT_LINE.sub(b"\n", b"".join(around))), taken
    except RecursionError:
        raise ValueError("nested too deeply") from None


def decode(text: Text, into: Path, glance: Glance) -> None:
    """Decode base64 into a new file that only its owner can read, and show it to ``glance`` on the way.

    What was there under that name may have become a blob, so it is not written into.

    Raises:
        ValueError: It is not base64, or not what ``glance`` looks for.
    """
    into.unlink(missing_ok=True)
    with open(into, "xb", opener=private) as file:
        for data in _decoded(text.base64()):
            file.write(data)
            glance.feed(data)


def _decoded(pieces: Iterator[memoryview]) -> Iterator[bytes]:
    ended = False
    for piece in pieces:
        if ended:
            raise ValueError("base64 that ends before its end")
        try:
            data = pybase64.b64decode(piece, validate=True)
        except ValueError:
            if b"\\" not in (rest := bytes(piece)):
                raise
            # Some servers write `/` and `+` as JSON escapes; rare enough to decode the rest in one piece.
            rest += b"".join(map(bytes, pieces))
            data = pybase64.b64decode(json.loads(b'"%b"' % rest), validate=True)
        ended = len(data) < len(piece) // 4 * 3
        yield data


class Pictures:
    """The pictures of an answer, decoded into files that are numbered without a gap.

    Attributes:
        good: Those that are pictures.
        bad: How many are not, or are more than an answer has.
    """

    def __init__(self, into: Path) -> None:
        self._into = into
        self.good: list[Examined] = []
        self.bad = 0

    def take(self, text: Text) -> None:
        """Decode the next one."""
        number = len(self.good)
        path = self._into.with_name(f"{self._into.name}.{number}")
        try:
            if number + self.bad >= _MOST_PICTURES:
                raise ValueError("too many")
            seen = Examination()
            decode(text, path, seen)
            self.good.append(seen.finish(path))
        except ValueError:
            path.unlink(missing_ok=True)
            self.bad += 1
            for _ in text.base64():
                pass

    def skip(self) -> None:
        """One is missing, or is none."""
        self.bad += 1

    def mark(self) -> tuple[int, int]:
        """How many there are so far, for :meth:`forget`."""
        return len(self.good), self.bad

    def forget(self, mark: tuple[int, int]) -> None:
        """Those that came since are none of the answer's pictures."""
        kept, self.bad = mark
        for picture in self.good[kept:]:
            picture.path.unlink()
        del self.good[kept:]
