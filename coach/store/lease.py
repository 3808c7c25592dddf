"""Having a conversation to oneself, over all processes that share the database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
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
    holder = uuid4().hex
    waited = 0.0
    while not await conversations.take(user_id, conversation_id, holder, LEASE):
        if waited >= patience:
            raise Conflict("This conversation is being answered elsewhere. Try again in a moment.")
        await asyncio.sleep(_LOOK_AGAIN)
        waited += _LOOK_AGAIN

    async def keep() -> None:
        while True:
            await asyncio.sleep(_BEAT)
            try:
                if not await conversations.take(user_id, conversation_id, holder, LEASE):
                    logger.warning("another process took over a conversation that is being answered here")
            except CoachError as exc:
                logger.warning("a conversation could not be held on to: %s", exc)

    beat = asyncio.ensure_future(keep())
    try:
        yield
    finally:
        beat.cancel()
        # When the database is away, the lease runs out by itself.
        with suppress(CoachError):
            await conversations.release(user_id, conversation_id, holder)
