"""A picture service whose answers are ready before it is asked: what is measured is the client.

The first part of the path says how to answer::

    /json/v1/…             all at once, with a Content-Length
    /sse/v1/…              three partial images and the picture, in chunks of 16 KiB
    /json-small/v1/…       with a picture of 42 kB; so can sse
    /json-drip/v1/…        spread over a second, so that many are on their way at once; so can sse
    /sse-pause/v1/…        after the first partial image nothing for a while
    /sse-small-hold9/v1/…  not before nine have been asked for, and then HOLD seconds later

Run as ``python -m benchmarks.server``; the first line it prints is its port.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import socket
import sys
from collections import defaultdict
from functools import cache
from typing import Any

from benchmarks import pictures
from benchmarks.worker import HOLD, many_files

PAUSE = 0.3

_CHUNK = 16 * 1024
_DRIPS = 40
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
_USAGE = {"input_tokens": 1290, "output_tokens": 4160, "total_tokens": 5450}
_ABOUT = {"background": "opaque", "output_format": "png", "quality": "high", "size": "1024x1536"}
_HEAD = b"HTTP/1.1 200 OK\r\nserver: bench\r\nx-request-id: req_1\r\n"

_scratch = bytearray(1024 * 1024)
_waiting: dict[str, list[asyncio.Future[None]]] = defaultdict(list)


@cache
def answer(kind: str, small: bool) -> list[bytes]:
    """An answer in its pieces: JSON is one, a stream one for each event."""
    picture = pictures.small() if small else pictures.result()
    final = {"b64_json": base64.b64encode(picture).decode(), "usage": _USAGE, **_ABOUT}
    if kind == "json":
        body = _json({"created": 1763600000, **_ABOUT, "data": [final]})
        return [_HEAD + b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body]
    pieces = []
    for index in range(3):
        unfinished = base64.b64encode(pictures.small() if small else pictures.partial(index)).decode()
        event = {"b64_json": unfinished, "partial_image_index": index, **_ABOUT}
        pieces.append(_event("partial_image", event))
    pieces.append(_event("completed", final))
    head = b"content-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
    return [_HEAD + head + pieces[0], *pieces[1:-1], pieces[-1] + b"0\r\n\r\n"]


@cache
def _whole(kind: str, small: bool) -> bytes:
    return b"".join(answer(kind, small))


def _event(name: str, event: dict[str, Any]) -> bytes:
    kind = f"image_edit.{name}"
    data = _json({"type": kind, "created_at": 1763600000, **event})
    return _chunked(b"event: %b\ndata: %b\n\n" % (kind.encode(), data))


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _chunked(body: bytes) -> bytes:
    pieces = (body[at : at + _CHUNK] for at in range(0, len(body), _CHUNK))
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


async def _request(connection: socket.socket) -> list[str] | None:
    """How the next request wants to be answered; its body is read and dropped."""
    loop, head = asyncio.get_running_loop(), b""
    while b"\r\n\r\n" not in head:
        if not (piece := await loop.sock_recv(connection, 64 * 1024)):
            return None
        head += piece
    head, _, body = head.partition(b"\r\n\r\n")
    if length := _LENGTH.search(head):
        left = int(length[1]) - len(body)
        while left > 0:
            left -= await loop.sock_recv_into(connection, _scratch)
    else:
        while not body.endswith(b"0\r\n\r\n"):
            body = body[-8:] + await loop.sock_recv(connection, len(_scratch))
    return head.split(b"/")[1].decode().split("-")


async def _respond(connection: socket.socket, ways: list[str]) -> None:
    loop = asyncio.get_running_loop()
    pieces = answer(ways[0], "small" in ways)
    if ways[-1].startswith("hold"):
        await _hold(ways[-1], int(ways[-1].removeprefix("hold")))
    if "pause" in ways:
        await loop.sock_sendall(connection, pieces[0])
        await asyncio.sleep(PAUSE)
        pieces = pieces[1:]
    if "drip" in ways:
        whole = memoryview(_whole(ways[0], "small" in ways))
        size, began = len(whole) // _DRIPS + 1, loop.time()
        for drop in range(_DRIPS):
            await loop.sock_sendall(connection, whole[drop * size : (drop + 1) * size])
            await asyncio.sleep(max(0.0, began + (drop + 1) / _DRIPS - loop.time()))
        return
    for piece in pieces:
        await loop.sock_sendall(connection, piece)


async def _hold(name: str, number: int) -> None:
    waiting = _waiting[name]
    waiting.append(asyncio.get_running_loop().create_future())
    if len(waiting) == number:
        await asyncio.sleep(HOLD)
        for future in _waiting.pop(name):
            future.set_result(None)
        return
    await waiting[-1]


async def _serve(connection: socket.socket) -> None:
    connection.setblocking(False)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection:
        try:
            while ways := await _request(connection):
                await _respond(connection, ways)
        except ConnectionError:
            return


async def main() -> None:
    """Serve until ended."""
    many_files()
    tasks: set[asyncio.Task[None]] = set()
    for kind in ("json", "sse"):
        answer(kind, False), answer(kind, True)
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listening:
        listening.setblocking(False)
        sys.stdout.write(f"{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            connection, _ = await asyncio.get_running_loop().sock_accept(listening)
            task = asyncio.create_task(_serve(connection))
            tasks.add(task)
            task.add_done_callback(tasks.discard)


if __name__ == "__main__":
    asyncio.run(main())
