"""Rows that the ledger would make."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import insert

from coach.store import NewVersion, Store, Version
from coach.store.states import LEGAL, GenerationState
from coach.store.tables import generations
from coach.store.versions import insert_rows

PICTURE = NewVersion(
    blob="anna/pictures/a.png", sha256="0" * 64, width=1024, height=1536, media_type="image/png"
)


async def add_versions(
    store: Store,
    user_id: str,
    identity_id: str,
    count: int = 1,
    parent_id: str | None = None,
    picture: NewVersion = PICTURE,
    **values: object,
) -> Sequence[Version]:
    """One generation with ``count`` pictures, made in one transaction as the ledger does.

    Args:
        values: Other columns of the generation.
    """
    generation = {
        "id": str(uuid.uuid4()),
        "user_id": user_id,
        "key": uuid.uuid4().hex,
        "identity_id": identity_id,
        "attempt": 1,
        "posts": 1,
        "moves": 1,
        "state": "planned",
        "params": {},
        "repairs": [],
        "quote_micros": 5_000_000_000,
        "created_at": datetime.now(UTC),
        "updated_at": datetime.now(UTC),
    }
    generation |= dict.fromkeys(
        ["request_hash", "tenant", "conversation_id", "turn_id", "engine", "model", "operation", "prompt"], ""
    )
    async with store.database.write() as connection:
        await connection.execute(insert(generations), generation | values)
        return await insert_rows(
            connection,
            user_id=user_id,
            identity_id=identity_id,
            generation_id=generation["id"],
            parent_id=parent_id,
            prompt="A night sky.",
            pictures=[picture] * count,
        )


def way_to(state: GenerationState, here: GenerationState = "planned") -> list[GenerationState]:
    """The shortest legal way to a state; none, when there is none."""
    waiting: deque[list[GenerationState]] = deque([[here]])
    while waiting:
        way = waiting.popleft()
        if way[-1] == state:
            return way[1:]
        waiting.extend([*way, to] for to in sorted(LEGAL[way[-1]]) if to not in way)
    return []
