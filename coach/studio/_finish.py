"""Work that must not stop halfway when whoever waits for it goes away."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def finish(work: Coroutine[Any, Any, T]) -> T:
    """Do ``work``. When cancelled meanwhile, however often, do it to the end first, and then be cancelled.

    For short work after money was spent: a file to be made durable, a row to be written.
    """
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as exc:
            cancelled = exc
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # seen: being cancelled is what is raised
    raise cancelled
