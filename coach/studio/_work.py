"""Pictures that are made in this process, which go on when whoever asked for them has gone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from coach.errors import PictureError
from coach.studio.generated import Generated
from coach.studio.ledger import Ledger
from coach.studio.queue import Asked, note_doubt

if TYPE_CHECKING:
    from coach.studio.studio import Studio


class InProcess:
    """The queue of a studio that makes its pictures itself: who is next is its gates' affair."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._tasks: set[asyncio.Task[Generated]] = set()

    async def make(self, asked: Asked, here: Studio) -> Generated:
        """Have it made by a task that goes on when the caller goes away, and tell them what came of it."""
        task, wanted = asyncio.create_task(here.make(asked)), asked.wanted
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
            await note_doubt(self._ledger, wanted, error)
            raise

    async def close(self) -> None:
        """Wait for all of it."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
