"""Rows of the ledger, without a studio or a service."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, update

from coach.store import Database
from coach.store.identities import Identities
from coach.store.people import People
from coach.store.tables import generations
from coach.studio import Generation, GenerationState
from coach.studio.budgets import Budgets
from coach.studio.ledger import Ledger
from tests.store._rows import way_to

TODAY = datetime(2026, 3, 20, 23, 30, tzinfo=UTC)


async def new_row(database: Database, *, user_id: str = "ana", **fields: Any) -> Generation:
    """A generation that can be added. The person and an identity are made."""
    await People(database).ensure(user_id)
    identities = Identities(database)
    identity = await identities.current(user_id) or await identities.add(user_id, "Guide")
    plain: dict[str, Any] = {
        "id": uuid.uuid4().hex,
        "key": uuid.uuid4().hex,
        "request_hash": "0" * 64,
        "conversation_id": "talk",
        "parent_id": None,
        "engine": "gpt-image",
        "model": "m",
        "operation": "edit",
        "params": {"n": 1, "stream": True},
        "repairs": ("One repair.",),
        "prompt": "a prompt",
        "created_at": TODAY,
        "updated_at": TODAY,
    }
    return Generation(**plain | {"user_id": user_id, "identity_id": identity.id} | fields)


async def planned(database: Database, quote: int | None = 100, **fields: Any) -> Generation:
    """A generation with its quote in micro-dollars, not written down yet."""
    return await new_row(database, quote_micros=quote, **fields)


async def add_reserved(database: Database, quote: int | None = 100, **fields: Any) -> Generation:
    """A generation that holds its quote, whatever the budgets."""
    return await Ledger(database).reserve(await planned(database, quote, **fields), Budgets())


async def add_lost(database: Database, quote: int | None = 100, **fields: Any) -> Generation:
    """A generation that was sent and may have been charged."""
    here, ledger = await add_reserved(database, quote, **fields), Ledger(database)
    here = await ledger.advance(here, "sending")
    lost = {"error_code": "interrupted", "paid": "unknown", "request_id": "req_1", "spool": here.id}
    return await ledger.advance(here, "unknown", **lost)


async def add_in(
    database: Database, state: GenerationState, *, updated_at: datetime, **fields: Any
) -> Generation:
    """A generation that came to a state the shortest way, and was last moved at ``updated_at``."""
    row = await new_row(database, **fields)
    async with database.write() as connection:
        written = {name: value for name, value in vars(row).items() if name in generations.c}
        await connection.execute(insert(generations), written)
        if way := way_to(state):
            row = await Ledger(database).advance(row, *way, connection=connection)
        mine = generations.c.id == row.id
        await connection.execute(update(generations).where(mine).values(updated_at=updated_at))
    return replace(row, updated_at=updated_at)
