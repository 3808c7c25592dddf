"""Faults of what the answer says: good HTTP, status 200, charged."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
import zlib
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from functools import cache
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse

from coach.sandbox import painter
from coach.sandbox.faults.mode import Answer, add, polite

PAGE = "<!doctype html><title>One moment</title><h1>Checking your browser</h1>"
BOMB = 300 * 1024 * 1024
"""How many bytes a gzip bomb becomes."""
STREAM = "text/event-stream"

_PICTURES = ("b64_json", "result")
_DEEP = 100_000
_GONE = object()
_HUGE = b"\x89PNG\r\n\x1a\n" + b"".join(
    (
        painter.png_chunk(b"IHDR", struct.pack(">IIBBBBB", 46_000, 46_000, 8, 2, 0, 0, 0)),
        painter.png_chunk(b"IDAT", zlib.compress(b"\0")),
        painter.png_chunk(b"IEND", b""),
    )
)


@polite()
async def html_200(answer: Answer) -> Response:
    """A page of HTML."""
    return HTMLResponse(PAGE)


@polite()
async def empty_200(answer: Answer) -> Response:
    """No body at all."""
    return Response(media_type="application/json")


@polite()
async def json_cut(answer: Answer) -> Response:
    """Half of the body, and the length says so."""
    body = await answer.body()
    return Response(body[: len(body) // 2], media_type=STREAM if answer.streamed else "application/json")


@polite()
async def json_array(answer: Answer) -> Response:
    """An array where there must be an object."""
    return JSONResponse([{"b64_json": None}])


@polite()
async def json_deep(answer: Answer) -> Response:
    """Arrays in arrays, a hundred thousand deep."""
    return Response("[" * _DEEP + "]" * _DEEP, media_type="application/json")


@polite()
async def gzip_bomb(answer: Answer) -> Response:
    """An answer without a picture: 300 KB of gzip that become 300 MB."""
    return await bomb(200)


def _with_data(data: object, name: str, what: str) -> None:
    async def spoil(answer: Answer) -> Response:
        good = {"created": 1} if answer.streamed else json.loads(await answer.body())
        return JSONResponse({**good, "data": data})

    add(name, what, spoil, charged=True)


_with_data([], "data_empty", "The list of pictures is empty.")
_with_data(None, "data_null", "The list of pictures is null.")
_with_data([{"url": "https://example.org/a.png"}], "url_only", "A link to the picture, not the picture.")


def _with_picture(change: Callable[[str], object], name: str, what: str) -> None:
    async def spoil(answer: Answer) -> Response:
        return await _changed(answer, _PICTURES, change, needs="an answer with a picture")

    add(name, what, spoil, charged=True)


def _shown(data: bytes) -> str:
    return base64.b64encode(data).decode()


_with_picture(lambda text: None, "b64_null", "The picture is null.")
_with_picture(lambda text: "not*base64*" + text, "b64_invalid", "The picture is not base64.")
_with_picture(lambda text: _shown(PAGE.encode()), "b64_html", "The picture is a page of HTML.")
_with_picture(lambda text: text[: len(text) // 8 * 4], "b64_cut", "Half of the picture, in good base64.")
_with_picture(lambda text: _shown(_HUGE), "b64_huge", "A tiny PNG that says it has 2,116 megapixels.")


@polite()
async def usage_missing(answer: Answer) -> Response:
    """The good answer without its usage."""
    return await _changed(answer, ("usage",), lambda usage: _GONE, needs="an answer with usage")


@polite(streamed=True)
async def sse_bad_preview(answer: Answer) -> Response:
    """A stream whose previews are not base64; its picture is good."""
    keys = ("b64_json", "partial_image_b64")
    needs = "a stream with previews"
    return await _changed(answer, keys, lambda text: "not*base64*", needs=needs, previews=True)


@polite()
async def other_face(answer: Answer) -> Response:
    """Another person's face in the picture, if there is one in it: the likeness is a no."""
    return _sent(answer, await asyncio.to_thread(_spoilt, await answer.events(), _PICTURES, _strange))


def _strange(text: str) -> str:
    return _shown(painter.other_face(base64.b64decode(text)))


async def _changed(
    answer: Answer,
    keys: Collection[str],
    change: Callable[[Any], object],
    *,
    needs: str,
    previews: bool = False,
) -> Response:
    """The answer with other values under some keys: of its previews, or of everything else.

    Raises:
        ApiError: There are no such keys; ``needs`` says what should have been there.
    """
    good = await answer.events()
    spoilt = _spoilt(good, keys, change, previews=previews)
    if spoilt == good:
        raise answer.out_of_place(needs)
    return _sent(answer, spoilt)


def _spoilt(
    good: Iterable[bytes],
    keys: Collection[str],
    change: Callable[[Any], object],
    previews: bool = False,
) -> list[bytes]:
    return [
        _with(piece, keys, change) if (b"partial_image" in piece) is previews else piece for piece in good
    ]


def _sent(answer: Answer, pieces: Sequence[bytes]) -> Response:
    return stream(pieces) if answer.streamed else Response(pieces[0], media_type="application/json")


def _with(piece: bytes, keys: Collection[str], change: Callable[[Any], object]) -> bytes:
    """A piece of an answer, JSON or an event of it, with other values under some keys."""
    lead, brace, rest = piece.partition(b"{")
    if not brace:
        return piece
    good = json.loads(brace + rest)
    new = _replaced(good, keys, change)
    return piece if new == good else lead + json.dumps(new).encode() + (b"\n\n" if lead else b"")


def _replaced(value: object, keys: Collection[str], change: Callable[[Any], object]) -> object:
    if isinstance(value, list):
        return [_replaced(each, keys, change) for each in value]
    if not isinstance(value, dict):
        return value
    new = {key: change(v) if key in keys and v else _replaced(v, keys, change) for key, v in value.items()}
    return {key: v for key, v in new.items() if v is not _GONE}


def stream(events: Iterable[bytes], *, media_type: str = STREAM) -> Response:
    """These events as a stream."""

    async def sent() -> AsyncIterator[bytes]:
        for each in events:
            yield each

    return StreamingResponse(sent(), media_type=media_type)


async def bomb(status: int) -> Response:
    """An answer of :data:`BOMB` bytes in gzip, nearly all of them blanks."""
    packed = await asyncio.to_thread(_packed)
    return Response(packed, status, {"content-encoding": "gzip"}, "application/json")


@cache
def _packed() -> bytes:
    # A block that ends with a full flush can be repeated: that is quick, compressing it all is not.
    start, end = b'{"data": [', b"]}"
    packer, blanks, times = zlib.compressobj(9, zlib.DEFLATED, -15), b" " * 2**20, BOMB // 2**20
    first, block = (packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH) for part in (start, blanks))
    last, crc = packer.compress(end) + packer.flush(), zlib.crc32(start)
    for _ in range(times):
        crc = zlib.crc32(blanks, crc)
    trailer = struct.pack("<II", zlib.crc32(end, crc), len(start) + times * len(blanks) + len(end))
    return b"\x1f\x8b\x08\0\0\0\0\0\2\xff" + first + block * times + last + trailer
