"""Work that tells what happens while it is done, and goes on when nobody follows it any more."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from typing import Any, Generic, Self, TypeVar

from coach.errors import CoachError
from coach.events import Event

logger = logging.getLogger("coach")

T = TypeVar("T")

Emit = Callable[[Event], Awaitable[None]]

_running: set[asyncio.Task[Any]] = set()


class Stream(Generic[T]):
    """Some work: iterated it gives what happens, awaited it gives what came of it. Both raise what it raises.

    It begins when it is first asked. When whoever asked goes away, it goes on: a picture that is being paid
    for is still received and kept. :func:`drain` waits for what is left.

    Args:
        work: Is given what tells an event, and never waits for who is told.
    """

    def __init__(self, work: Callable[[Emit], Coroutine[Any, Any, T]]) -> None:
        self._work = work
        self._events: deque[Event] = deque()
        self._task: asyncio.Task[T] | None = None
        self._waiter: asyncio.Future[None] | None = None

    def __aiter__(self) -> Self:
        """Itself: each event is given once."""
        return self

    async def __anext__(self) -> Event:
        """The next event."""
        task = self._begun()
        while not self._events:
            if task.done():
                task.result()
                raise StopAsyncIteration
            await self._wait()
        return self._events.popleft()

    def __await__(self) -> Generator[Any, None, T]:
        """What came of it, whether its events were followed or not."""
        return self._ended().__await__()

    async def _ended(self) -> T:
        task = self._begun()
        while not task.done():  # to wait for the task itself would end it together with who waits
            await self._wait()
        return task.result()

    def _begun(self) -> asyncio.Task[T]:
        if self._task is None:
            self._task = asyncio.create_task(self._work(self._emit))
            _running.add(self._task)
            self._task.add_done_callback(self._end)
        return self._task

    async def _emit(self, event: Event) -> None:
        self._events.append(event)
        self._wake()

    def _end(self, task: asyncio.Task[T]) -> None:
        _running.discard(task)
        # Looked at here: otherwise asyncio complains of it, whenever the garbage collector comes. It may be
        # that all is being closed, with what was still to be used.
        why = None if task.cancelled() else task.exception()
        if why is not None and self._waiter is None:
            expected = isinstance(why, CoachError)
            logger.info("failed while nobody waited for it: %s", why, exc_info=None if expected else why)
        self._wake()

    async def _wait(self) -> None:
        """Until something happened. Wakes once for all that did meanwhile: a queue would for each event."""
        if self._waiter is not None:
            raise RuntimeError("A stream is followed by one at a time.")
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


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
