"""What an operator sees of everybody's conversations: that there are some, and nothing of what is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from coach.store.database import Database
from coach.store.pages import MOST, Dated, Page, page
from coach.store.tables import conversations


@dataclass(frozen=True, kw_only=True)
class Talk(Dated):
    """A conversation without its words.

    Attributes:
        messages_made: How many messages it has.
    """

    user_id: str
    tenant: str
    coach: str
    phase: str
    messages_made: int
    updated_at: datetime


async def talks(database: Database, *, after: str | None = None, most: int = MOST) -> Page[Talk]:
    """A page of everybody's conversations, the newest first.

    Raises:
        InputRefused: ``after`` is no page's ``next``.
    """
    async with database.read() as connection:
        return await page(connection, conversations, Talk, after=after, most=most)
