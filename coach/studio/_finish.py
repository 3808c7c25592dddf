"""Work that must not stop halfway when whoever waits for it goes away."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def finish(work: Coroutine[Any, Any, T]) -> T:
    """Do ``work``. When cancelled meanwhile, do it to the end first, and then be cancelled.

    For short work after money was spent: a file to be made durable, a row to be written.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # seen: being cancelled is what is raised
        raise
