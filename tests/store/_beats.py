"""The renewals of a store's leases, to follow, to hold up and to let fail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence


class Beats:
    """Stands before ``Conversations.renew``.

    Attributes:
        fail_with: What is raised instead.
        begun: Set when one begins.
        may_go_on: Cleared: who has begun waits.
        ended: The leases of each that came to its end.
    """

    def __init__(self, renew: Callable[[Mapping[str, str], float], Awaitable[Sequence[str]]]) -> None:
        self._renew = renew
        self.fail_with: Exception | None = None
        self.begun, self.may_go_on = asyncio.Event(), asyncio.Event()
        self.may_go_on.set()
        self.ended: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    async def __call__(self, leases: Mapping[str, str], seconds: float) -> Sequence[str]:
        asked = dict(leases)
        self.begun.set()
        await self.may_go_on.wait()
        lost = [] if self.fail_with else await self._renew(asked, seconds)
        self.ended.put_nowait(asked)
        if self.fail_with:
            raise self.fail_with
        return lost

    async def whole(self) -> dict[str, str]:
        """Wait for one from its beginning to its end; gives the leases it renewed."""
        while not self.ended.empty():
            self.ended.get_nowait()
        async with asyncio.timeout(20):
            await self.ended.get()
            return await self.ended.get()
