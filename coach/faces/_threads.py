"""The faces' own threads.

Unlike the standard library's pool, these replace one that does not come back, and do not wait for it when the
process ends.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

LOST = 20.0
"""Seconds after which a thread is taken for lost; what it does takes a tenth of one."""

_AT_ONCE, _MOST_LOST = 2, 6
_GRACE = 2.0
"""Seconds the end of the process waits: Python aborts it when a thread is inside of OpenCV just then."""

T = TypeVar("T")
logger = logging.getLogger(__name__)


class Threads:
    """Runs what blocks, two at a time."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._began: dict[threading.Thread, float | None] = {}
        self._lost: set[threading.Thread] = set()
        atexit.register(self._close)

    def submit(self, function: Callable[[], T]) -> Future[T]:
        """Have it run; one that is cancelled before its turn does not run at all."""
        future: Future[T] = Future()
        self._jobs.put(lambda: _run(function, future))
        with self._lock:
            self._replace()
        return future

    def _replace(self) -> None:
        now = time.monotonic()
        for thread, began in list(self._began.items()):
            # Each holds a picture, so there is an end to it: with too many lost nobody is waited for less.
            if began is not None and now - began > LOST and len(self._lost) < _MOST_LOST:
                del self._began[thread]
                self._lost.add(thread)
        while len(self._began) < _AT_ONCE:
            thread = threading.Thread(target=self._work, name="coach-faces", daemon=True)
            self._began[thread] = None
            thread.start()

    def _work(self) -> None:
        me = threading.current_thread()
        while (job := self._jobs.get()) is not None:
            with self._lock:
                self._began[me] = time.monotonic()
            job()
            del job  # or the photos in it would stay until the next one
            with self._lock:
                if me in self._lost:
                    self._lost.remove(me)
                    return
                self._began[me] = None

    def _close(self) -> None:
        with suppress(Empty):
            while True:
                self._jobs.get_nowait()
        until = time.monotonic() + _GRACE
        for _ in self._began:
            self._jobs.put(None)
        for thread in list(self._began):
            thread.join(max(0.0, until - time.monotonic()))


def _run(function: Callable[[], T], future: Future[T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        found = function()
    except BaseException as exc:
        logger.debug("It is raised to whom it is done for.", exc_info=exc)
        future.set_exception(exc)
    else:
        future.set_result(found)
