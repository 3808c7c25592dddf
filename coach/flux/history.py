"""What was made in a style."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import JSON, type_coerce

from coach.store import Store
from coach.store._rows import every
from coach.store.tables import generations
from coach.studio import Entry, Generation
from coach.studio.accounts import GENERATIONS
from coach.studio.generated import entries_of


async def history(store: Store, user_id: str, style_id: str, *, most: int = 100) -> Sequence[Entry]:
    """A person's last pictures in a style, and what came of those that failed; the newest first.

    Args:
        style_id: Also of a style that is not in the registry any more.
        most: How many at most.
    """
    row = generations.c
    style = type_coerce(row.request, JSON)["flux"]["style"].as_string()
    mine = GENERATIONS.where(row.user_id == user_id, style == style_id)
    async with store.database.read() as connection:
        newest = mine.order_by(row.created_at.desc(), row.id).limit(most)
        rows = await every(connection, newest, Generation)
    return await entries_of(store, user_id, rows)
