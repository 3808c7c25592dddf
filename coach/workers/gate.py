"""A worker's gate in front of a service: its own, and then the limits that all workers share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar

from coach.errors import CoachError, PictureError
from coach.studio._finish import finish
from coach.studio.faults import fault
from coach.studio.gate import Gate, GateLimits, Pass
from coach.workers.limits import SharedLimits, Slot, SlotLost, Wait

IN_HAND: ContextVar[list[Slot]] = ContextVar("in_hand")
"""The slot that was taken for the order at work here, until it is used."""


class SharedGate(Gate):
    """Lets requests of this worker through, in so far as the workers together may ask.

    Args:
        limits: What this worker may ask for; its pace is the shared one.
        shared: The limits of all workers.
        holder: The worker.
    """

    def __init__(self, limits: GateLimits, shared: SharedLimits, holder: str) -> None:
        super().__init__(limits)
        self.shared, self._holder = shared, holder
        self._pausing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def admit(
        self, person: str, pictures: int = 1, *, patience: float | None = None
    ) -> AsyncIterator[Pass]:
        """Wait for one's turn here, and for room among all workers."""
        patience = self.limits.patience if patience is None else patience
        async with super().admit(person, pictures, patience=patience) as passed:
            slot = await self._sent(pictures, patience)
            try:
                yield passed
            finally:
                with suppress(CoachError):  # it ends by itself
                    await finish(slot.release())

    async def _sent(self, pictures: int, patience: float) -> Slot:
        """A slot in which the request may leave now."""
        while True:
            slot = await self._slot(pictures, patience)
            try:
                await slot.send()
            except SlotLost:
                continue
            except BaseException:
                with suppress(CoachError):
                    await finish(slot.release())
                raise
            return slot

    async def _slot(self, pictures: int, patience: float) -> Slot:
        in_hand = IN_HAND.get([])
        if in_hand and in_hand[0].pictures == pictures:
            return in_hand.pop()
        while in_hand:
            await in_hand.pop().release()
        try:
            async with asyncio.timeout(patience):
                # What others do, in a database, sets no event here.
                while isinstance(  # noqa: ASYNC110
                    taken := await self.shared.take(self._holder, pictures), Wait
                ):
                    await asyncio.sleep(taken.seconds)
        except TimeoutError:
            detail = f"Its turn among all workers did not come in {patience:.0f} seconds."
            raise fault("busy", paid="unpaid", detail=detail) from None
        return taken

    def _failed(self, passed: Pass, error: PictureError) -> None:
        super()._failed(passed, error)
        if error.code == "rate_limited":
            task = asyncio.create_task(self._pause(error.retry_after))
            self._pausing.add(task)
            task.add_done_callback(self._pausing.discard)

    async def _pause(self, seconds: float | None) -> None:
        with suppress(CoachError):
            await self.shared.pause(seconds)
