"""Having a conversation to oneself, over all processes that share the database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from uuid import uuid4

from coach.errors import CoachError, Conflict
from coach.store.conversations import Conversations

logger = logging.getLogger("coach")

LEASE = 10.0
"""Seconds a conversation stays taken when its process dies; so long a restart waits at most."""

_BEAT = LEASE / 3
_LOOK_AGAIN = 0.1


@asynccontextmanager
async def held(
    conversations: Conversations, user_id: str, conversation_id: str, *, patience: float
) -> AsyncIterator[None]:
    """Hold a conversation while the block runs.

    Args:
        patience: Seconds to wait while another process has it.

    Raises:
        Conflict: Another process has had it all that time.
        NotFound: This person has no such conversation.
    """
    # One for each block, not for the process: two blocks of one process exclude each other too.
    holder = uuid4().hex
    waited = 0.0
    while not await conversations.take(user_id, conversation_id, holder, LEASE):
        if waited >= patience:
            raise Conflict("This conversation is being answered elsewhere. Try again in a moment.")
        await asyncio.sleep(_LOOK_AGAIN)
        waited += _LOOK_AGAIN
    heart = _Heart.of(conversations)
    heart.leases[holder] = conversation_id
    try:
        yield
    finally:
        await heart.forget(holder)
        # When the database is away, the lease runs out by itself.
        with suppress(CoachError):
            await conversations.release(user_id, conversation_id, holder)


class _Heart:
    """One task that renews every lease of one store on one event loop, from the first to the last of them.

    Attributes:
        leases: The conversation of each holder.
    """

    def __init__(self, conversations: Conversations) -> None:
        self.leases: dict[str, str] = {}
        self._conversations = conversations
        self._key = asyncio.get_running_loop(), conversations
        self._beating = asyncio.Lock()
        # It works for everybody, so it has nothing of the context of who came first.
        self._task = asyncio.create_task(self._beat_on(), context=Context())

    @classmethod
    def of(cls, conversations: Conversations) -> _Heart:
        """The one that beats, or a new one; nothing may be awaited before a lease is put into it."""
        key = asyncio.get_running_loop(), conversations
        if key not in _hearts:
            _hearts[key] = cls(conversations)
        return _hearts[key]

    async def forget(self, holder: str) -> None:
        """Renew it no more. With the last lease the task ends."""
        del self.leases[holder]
        if not self.leases:
            del _hearts[self._key]
            # In the middle of a beat it is let be: it ends after it, and no transaction is broken off.
            if not self._beating.locked():
                self._task.cancel()
        # A beat that has begun may still name the lease, and would take back what is let go of.
        async with self._beating:
            pass

    async def _beat_on(self) -> None:
        while self.leases:
            await asyncio.sleep(_BEAT)
            async with self._beating:
                await self._beat()

    async def _beat(self) -> None:
        try:
            lost = await self._conversations.renew(self.leases, LEASE)
        except CoachError as exc:
            logger.warning("%d conversation(s) could not be held on to: %s", len(self.leases), exc)
        except Exception:
            # Every lease hangs on this task: whatever it was, the next time may go well.
            logger.exception("%d conversation(s) could not be held on to.", len(self.leases))
        else:
            for holder in self.leases.keys() & lost:
                logger.warning(
                    "another process took over conversation %s while it is answered here, or it was deleted",
                    self.leases[holder],
                )


_hearts: dict[tuple[asyncio.AbstractEventLoop, Conversations], _Heart] = {}
