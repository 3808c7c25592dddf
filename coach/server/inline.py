"""JSON with whole pictures in it, written out piece by piece: no picture is there as text at once."""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from coach.store import Blobs

PIECE = 192 * 1024
"""Bytes of a picture in one piece; a multiple of three, so that only the last one is padded."""


@dataclass(frozen=True, kw_only=True)
class Inline:
    """A text that holds a picture as base64.

    Attributes:
        blob: The key of its blob.
        before: What stands before the base64.
    """

    blob: str
    before: str = ""


async def written(document: Any, blobs: Blobs) -> AsyncIterator[bytes]:
    """A document as JSON, in which each :class:`Inline` is a string. One picture at a time is in memory.

    Raises:
        NotFound: A picture is gone.
    """
    mark, pictures = uuid4().hex, list[Inline]()

    def marked(value: Any) -> str:
        pictures.append(value)
        return f"{value.before}{mark}"

    text, *rest = json.dumps(document, default=marked).split(mark)
    yield text.encode()
    for picture, after in zip(pictures, rest, strict=True):
        async for piece in _encoded(picture, blobs):
            yield piece
        yield after.encode()


async def _encoded(picture: Inline, blobs: Blobs) -> AsyncIterator[bytes]:
    """One picture; its bytes are let go before the next one is read."""
    data = memoryview(await blobs.get(picture.blob))
    for start in range(0, len(data), PIECE):
        yield b2a_base64(data[start : start + PIECE], newline=False)
