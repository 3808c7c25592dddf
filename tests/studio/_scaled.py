"""An event loop whose clock jumps to the next timer instead of waiting for it: hours pass at once."""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

P = ParamSpec("P")


class ScaledLoop(asyncio.SelectorEventLoop):
    """Only for what happens inside one loop: threads and sockets do not jump along."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[asyncio.TimerHandle] = []
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, *args: Any, **kwargs: Any) -> asyncio.TimerHandle:
        self.timers.append(super().call_at(when, *args, **kwargs))
        return self.timers[-1]

    def pending(self) -> list[asyncio.TimerHandle]:
        """The timers that are still to go off."""
        return [timer for timer in self.timers if timer.when() > self.now and not timer.cancelled()]


class _Jumping(selectors.SelectSelector):
    def __init__(self, loop: ScaledLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("everybody waits, and for nothing that will ever happen")
        self._loop.now += timeout
        return super().select(0)


def scaled(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an async test on such a loop; afterwards no task and no timer may be left."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def whole() -> None:
            await test(*args, **kwargs)
            assert asyncio.all_tasks() == {asyncio.current_task()}

        loop = ScaledLoop()
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(whole())
            assert not loop.pending()

    return run
