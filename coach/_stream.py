"""Turning a coroutine that emits events into an async iterator of them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import TypeVar

from coach.events import Event

T = TypeVar("T")

Emit = Callable[[Event], Awaitable[None]]

_running: set[asyncio.Task[None]] = set()


async def stream(produce: Callable[[Emit], Awaitable[None]]) -> AsyncGenerator[Event, None]:
    """Yield what ``produce`` emits, then raise what it raised.

    When the reader goes away, ``produce`` goes on: a picture that is being paid for is still received and
    kept. :func:`drain` waits for what is left.
    """
    events: deque[Event] = deque()
    news = asyncio.Event()

    async def emit(event: Event) -> None:
        events.append(event)
        news.set()

    def ended(task: asyncio.Task[None]) -> None:
        _running.discard(task)
        news.set()

    task = asyncio.ensure_future(produce(emit))
    _running.add(task)
    task.add_done_callback(ended)
    # Woken once for all that happened meanwhile: a queue wakes its reader for each event.
    while not task.done():
        await news.wait()
        news.clear()
        while events:
            yield events.popleft()
    await task


async def drain() -> None:
    """Wait for everything whose reader went away."""
    loop = asyncio.get_running_loop()
    mine = [task for task in _running if task.get_loop() is loop and task is not asyncio.current_task()]
    await asyncio.gather(*mine, return_exceptions=True)


async def all_ended(tasks: Sequence[asyncio.Task[T]]) -> list[T]:
    """Every result; when one raises, only after the others ended: a picture is never left to itself."""
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    for result in ended:
        if isinstance(result, BaseException):
            raise result
    return [result for result in ended if not isinstance(result, BaseException)]
