"""Turning a coroutine that emits events into an async iterator of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from coach.events import Event

Emit = Callable[[Event], Awaitable[None]]

_running: set[asyncio.Task[None]] = set()


async def stream(produce: Callable[[Emit], Awaitable[None]]) -> AsyncIterator[Event]:
    """Yield what ``produce`` emits, then raise what it raised.

    When the reader goes away, ``produce`` goes on: a picture that is being paid for is still received and
    kept. :func:`drain` waits for what is left.
    """
    queue: asyncio.Queue[Event | None] = asyncio.Queue()

    async def work() -> None:
        try:
            await produce(queue.put)
        finally:
            queue.put_nowait(None)

    task = asyncio.ensure_future(work())
    _running.add(task)
    task.add_done_callback(_running.discard)
    while (event := await queue.get()) is not None:
        yield event
    await task


async def drain() -> None:
    """Wait for everything whose reader went away."""
    loop = asyncio.get_running_loop()
    mine = [task for task in _running if task.get_loop() is loop and task is not asyncio.current_task()]
    await asyncio.gather(*mine, return_exceptions=True)
