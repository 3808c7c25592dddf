"""For whoever runs this: whether the process lives, and whether it can serve."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import text

from coach.errors import CoachError, NotFound, StoreUnavailable
from coach.server.running import Here, Running

router = APIRouter(prefix="/api/v1", tags=["health"])

PATIENCE = 5.0
"""Seconds in which the database and the place for pictures have to answer."""


class Health(BaseModel):
    """How it is."""

    status: Literal["ok"] = "ok"


@router.get("/health/")
async def health() -> Health:
    """Whether this process answers. Nothing else is looked at."""
    return Health()


@router.get("/ready/")
async def ready(here: Here) -> Health:
    """Whether this process can serve: database and pictures can be reached, and it is not stopping."""
    if here.live.closing:
        raise StoreUnavailable("The server is stopping.")
    for name, look in (("database", _database), ("place for pictures", _blobs)):
        try:
            async with asyncio.timeout(PATIENCE):
                await look(here)
        except TimeoutError:
            raise StoreUnavailable(f"The {name} does not answer.") from None
        except CoachError as error:
            raise StoreUnavailable(f"The {name} cannot be used now.") from error
    return Health()


async def _database(here: Running) -> None:
    async with here.store.database.read() as connection:
        await connection.execute(text("SELECT 1"))


async def _blobs(here: Running) -> None:
    with suppress(NotFound):
        await here.store.blobs.get("nobody/photos/none")
