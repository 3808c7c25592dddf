"""Pictures in JSON, without the JSON: the base64 is found in the file and decoded from there, in pieces.

Only what is around the base64, a few hundred bytes, ever becomes Python objects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import pybase64

from coach.studio.engines import Span

_PIECE = 256 * 1024
"""Decoded at a time; a multiple of 4, so that every piece is whole base64."""

_MOST_AROUND = 1024 * 1024
"""What is around the pictures is not larger than this in an answer that means well."""

_OPENING = re.compile(rb'"b64_json"\s*:\s*"')
_NEXT_LINE = re.compile(rb"\r?\ndata:")


@contextmanager
def mapped(path: Path) -> Iterator[mmap]:
    """A file's bytes without reading them.

    Raises:
        ValueError: It is empty.
    """
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as text:
        yield text


def parse(text: mmap, span: Span) -> tuple[Any, list[Span]]:
    """Parse JSON, leaving the pictures out.

    Returns:
        The value, in which every ``b64_json`` text is the index of its picture, and where the pictures lie.

    Raises:
        ValueError: It is not JSON.
    """
    around: list[bytes] = []
    pictures: list[Span] = []
    at = span.start
    while opening := _OPENING.search(text, at, span.end):
        closing = text.find(b'"', opening.end(), span.end)
        if closing < 0:
            raise ValueError("a picture has no end")
        around += [_slice(text, at, opening.end()), b"%d" % len(pictures)]
        pictures.append(Span(opening.end(), closing))
        at = closing
    around.append(_slice(text, at, span.end))
    try:
        return json.loads(_NEXT_LINE.sub(b"\n", b"".join(around))), pictures
    except RecursionError:
        raise ValueError("nested too deeply") from None


def decode(text: mmap, span: Span, into: Path) -> None:
    """Decode base64 into a file.

    Raises:
        ValueError: It is not base64, or there is none.
    """
    if span.start >= span.end or text.find(b"=", span.start, span.end - 2) >= 0:
        raise ValueError("not base64")
    with into.open("wb") as file:
        if text.find(b"\\", span.start, span.end) >= 0:
            # Some servers write `/` and `+` as JSON escapes; rare enough to decode in one piece.
            file.write(pybase64.b64decode(json.loads(b'"%b"' % text[span.start : span.end]), validate=True))
            return
        for start in range(span.start, span.end, _PIECE):
            file.write(pybase64.b64decode(text[start : min(start + _PIECE, span.end)], validate=True))


def _slice(text: mmap, start: int, end: int) -> bytes:
    if end - start > _MOST_AROUND:
        raise ValueError("more text than an answer has")
    return text[start:end]
