"""Whether somebody may still watch: what lets them can end while they do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from coach.errors import NotFound, StoreUnavailable
from coach.store.people import People

ASK_AGAIN = 4.0
"""Seconds after which it is looked up again."""

May = Callable[[], Awaitable[bool]]
"""Whether the watcher may look now."""


async def always() -> bool:
    """A watcher who may look as long as the person is there."""
    return True


class Still:
    """Whether somebody may still watch what is a person's, looked up now and then.

    Args:
        people: Who is there.
        user_id: The person.
        may: Asked too, but not at once: whoever begins to watch was just let in.
    """

    def __init__(self, people: People, user_id: str, may: May) -> None:
        self._people, self._user_id, self._may = people, user_id, may
        self._since: datetime | None = None
        self._next = 0.0

    async def so(self) -> bool:
        """Whether they may. What cannot be looked up now is as it was."""
        now = asyncio.get_running_loop().time()
        if now < self._next:
            return True
        self._next = now + ASK_AGAIN
        try:
            since = (await self._people.get(self._user_id)).created_at
            if self._since is None:
                self._since = since
                return True
            # Somebody who was erased and is back is another person.
            return since == self._since and await self._may()
        except NotFound:
            return False
        except StoreUnavailable:
            return True
