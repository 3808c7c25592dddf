"""An answer of 24 MB of base64, and a proof that an engine reads it without ever holding it."""

from __future__ import annotations

import asyncio
import base64
import tracemalloc
from pathlib import Path

from coach.studio.engines import Engine, Order
from tests.studio._service import Reply, ignore, picture, says

SIZE = 24 * 1024 * 1024
_PIECE = b"A" * 65_536


def large(before: bytes, after: bytes) -> Reply:
    """An answer whose picture stands between these bytes of JSON."""

    async def reply(writer: asyncio.StreamWriter) -> None:
        head = before + _begun()
        await says(b"", more={"content-length": str(len(head) + SIZE + len(after))})(writer)
        writer.write(head)
        for _ in range(SIZE // len(_PIECE)):
            writer.write(_PIECE)
            await writer.drain()
        writer.write(after)
        await writer.drain()

    return reply


async def check_never_in_memory(engine: Engine, order: Order, folder: Path) -> None:
    """Send, receive and read; the peak of memory is an eighth of the answer at most."""
    body = folder / "a.body"
    with body.open("wb") as file:
        tracemalloc.start()
        async with engine.send(order, begun=ignore) as answer:
            async for chunk in answer.chunks():
                file.write(chunk)
    received = engine.read(body, answer.media_type, folder / "a.picture")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert received.pictures[0].path.stat().st_size == (len(_begun()) + SIZE) // 4 * 3
    assert most < SIZE // 8


def _begun() -> bytes:
    made = picture(form="WEBP")  # more may follow such a one than it says
    return base64.b64encode(made + bytes(-len(made) % 3))
