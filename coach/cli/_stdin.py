"""Standard input line by line, without a thread that a stop would have to wait for."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from threading import Thread

_PIECE = 65536


async def lines() -> AsyncIterator[str]:
    """The lines of standard input until its end. Bytes that are no UTF-8 become U+FFFD."""
    # Not `sys.stdin`: whoever reads that holds a lock which Python wants when it ends.
    source, loop = os.dup(0), asyncio.get_running_loop()
    queue: asyncio.Queue[bytes] = asyncio.Queue(maxsize=1)

    def read() -> None:
        with suppress(OSError, RuntimeError):  # it was closed, or nobody listens any more
            while piece := os.read(source, _PIECE):
                asyncio.run_coroutine_threadsafe(queue.put(piece), loop).result()
            asyncio.run_coroutine_threadsafe(queue.put(b""), loop).result()

    Thread(target=read, daemon=True).start()
    begun = b""
    while piece := await queue.get():
        *whole, begun = (begun + piece).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace")
    if begun:
        yield begun.decode("utf-8", "replace")
