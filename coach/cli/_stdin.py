"""Standard input line by line, without a thread that a stop would have to wait for."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from threading import Thread

_PIECE = 65536


async def lines() -> AsyncIterator[str]:
    """The lines of standard input until its end. Bytes that are no UTF-8 become U+FFFD."""
    # Not `sys.stdin`: whoever reads that holds a lock which Python wants when it ends.
    source, loop = os.dup(0), asyncio.get_running_loop()
    queue: asyncio.Queue[bytes] = asyncio.Queue(maxsize=1)

    def read() -> None:
        with suppress(CancelledError, RuntimeError):  # nobody listens any more
            for piece in _pieces(source):
                asyncio.run_coroutine_threadsafe(queue.put(piece), loop).result()

    Thread(target=read, daemon=True).start()
    begun = b""
    while piece := await queue.get():
        *whole, begun = (begun + piece).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace")
    if begun:
        yield begun.decode("utf-8", "replace")


def _pieces(source: int) -> Iterator[bytes]:
    """What can be read, and an empty piece at the end: that is also where its terminal went away."""
    with suppress(OSError):
        while piece := os.read(source, _PIECE):
            yield piece
    yield b""
