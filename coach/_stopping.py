"""Ctrl-C and SIGTERM for what runs until it is told to stop, and has to end in an orderly way."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """The first signal calls ``stop``, the second one ends whatever goes on in this block."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    asked = False

    def heard() -> None:
        nonlocal asked
        if asked and task is not None:
            task.cancel()
        asked = True
        stop()

    both = (signal.SIGINT, signal.SIGTERM)
    for each in both:
        loop.add_signal_handler(each, heard)
    try:
        yield
    finally:
        for each in both:
            loop.remove_signal_handler(each)
