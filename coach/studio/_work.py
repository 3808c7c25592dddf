"""What goes on by itself when whoever asked for it has gone."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from coach.errors import PictureError, StoreUnavailable
from coach.studio._make import Wanted
from coach.studio.generated import Generated
from coach.studio.ledger import Ledger


class Work:
    """The pictures that are being made, each by a task of its own."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._tasks: set[asyncio.Task[Generated]] = set()

    async def do(self, wanted: Wanted, making: Coroutine[Any, Any, Generated]) -> Generated:
        """Have it made by a task that goes on when the caller goes away, and tell them what came of it."""
        task = asyncio.create_task(making)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            wanted.gone.set()
            if not wanted.sent.is_set():  # then stopping it costs nothing
                task.cancel()
                await asyncio.wait([task])
            raise
        except PictureError as error:
            if error.paid == "unknown" and wanted.ctx.turn_id and wanted.ctx.hears:
                # Should the database be away now, the next turn is told of it: what counts is this error.
                with suppress(StoreUnavailable):
                    await self._ledger.told(wanted.ctx.user_id, wanted.key, wanted.ctx.turn_id)
            raise

    async def ended(self) -> None:
        """Wait for all of it."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
