"""Rows that the ledger would make."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import insert

from coach.store import NewVersion, Store, Version
from coach.store.tables import generations
from coach.store.versions import insert_rows

PICTURE = NewVersion(
    blob="anna/pictures/a.png", sha256="0" * 64, width=1024, height=1536, media_type="image/png"
)


async def add_versions(
    store: Store, user_id: str, identity_id: str, count: int = 1, parent_id: str | None = None
) -> Sequence[Version]:
    """One generation with ``count`` pictures, as the ledger stores them: in one transaction."""
    generation = {
        "id": str(uuid.uuid4()),
        "user_id": user_id,
        "key": uuid.uuid4().hex,
        "identity_id": identity_id,
        "state": "stored",
        "params": {},
        "repairs": [],
        "quote_micros": 5_000_000_000,
        "created_at": datetime.now(UTC),
        "updated_at": datetime.now(UTC),
    }
    generation |= dict.fromkeys(
        ["request_hash", "conversation_id", "engine", "model", "operation", "prompt"], ""
    )
    async with store.database.write() as connection:
        await connection.execute(insert(generations), generation)
        return await insert_rows(
            connection,
            user_id=user_id,
            identity_id=identity_id,
            generation_id=generation["id"],
            parent_id=parent_id,
            prompt="A night sky.",
            pictures=[PICTURE] * count,
        )
