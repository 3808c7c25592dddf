"""Writing down what happens, in few transactions: pieces of speech that come together are one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from coach.events import Event, Say
from coach.folder import Coach
from coach.server.told import Told, told
from coach.store.happenings import Happenings

TOGETHER = 0.05
"""Seconds of speech that are written down together."""


class Record:
    """What happens in one channel, for one turn or run.

    Args:
        ring: Told which channel has something new.
    """

    def __init__(
        self,
        happenings: Happenings,
        user_id: str,
        channel: str,
        turn_id: str,
        *,
        ring: Callable[[str], None],
    ) -> None:
        self._happenings, self._ring = happenings, ring
        self._where = user_id, channel
        self._turn_id = turn_id
        self._speech: list[str] = []
        self._since = 0.0

    async def event(self, event: Event, coach: Coach) -> None:
        """Write down an event. Speech may wait for what follows it.

        Raises:
            Erasing: The person is being erased.
        """
        if isinstance(event, Say):
            await self._hear(event.text)
        elif (new := told(event, coach)) is not None:
            await self.add(*new)

    async def add(self, kind: str, data: Mapping[str, Any]) -> None:
        """Write something down, and the speech before it."""
        await self._write([*self._spoken(), (kind, data)])

    async def end(self, data: Mapping[str, Any]) -> None:
        """Write down that the turn or run has ended."""
        await self.add("done", {"turn_id": self._turn_id, **data})

    async def _hear(self, text: str) -> None:
        now = asyncio.get_running_loop().time()
        if not self._speech:
            self._since = now
        self._speech.append(text)
        if now - self._since >= TOGETHER:
            await self._write(self._spoken())

    def _spoken(self) -> list[Told]:
        text = "".join(self._speech)
        return [("say", {"text": text})] if text else []

    async def _write(self, some: list[Told]) -> None:
        user_id, channel = self._where
        await self._happenings.append(user_id, channel, some, turn_id=self._turn_id)
        self._speech = []  # not before: what could not be kept is tried again
        self._ring(channel)
