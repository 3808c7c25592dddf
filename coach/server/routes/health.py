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
from coach.store.roster import Roster

router = APIRouter(prefix="/api/v1", tags=["health"])

PATIENCE = 5.0
"""Seconds in which the database and the place for pictures have to answer."""


class Health(BaseModel):
    """How it is.

    Attributes:
        workers: Whether a worker takes pictures, where that is left to workers.
    """

    status: Literal["ok"] = "ok"
    workers: bool | None = None


@router.get("/health/", response_model_exclude_none=True)
async def health() -> Health:
    """Whether this process answers. Nothing else is looked at."""
    return Health()


@router.get("/ready/", response_model_exclude_none=True)
async def ready(here: Here) -> Health:
    """Whether this process can serve: database and pictures can be reached, and it is not stopping.

    That there is no worker is only said: all but new pictures works without, and nobody is helped when the
    page goes too.
    """
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
    return Health(workers=await _workers(here))


async def _database(here: Running) -> None:
    async with here.store.database.read() as connection:
        await connection.execute(text("SELECT 1"))


async def _blobs(here: Running) -> None:
    with suppress(NotFound):
        await here.store.blobs.get("nobody/photos/none")


async def _workers(here: Running) -> bool | None:
    if here.settings.queue != "workers":
        return None
    with suppress(CoachError):  # the database has just answered
        return any(each.takes for each in await Roster(here.store.database).workers())
    return None
