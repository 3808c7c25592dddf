"""How it stands with workers, for ``coach doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coach.settings import Settings

FOLDER = "a folder, which every worker must see: on this machine, or shared; else set S3_BUCKET_NAME"
NOBODY = "No worker takes orders: start `coach worker`. Until then pictures wait, and are refused unpaid."


async def workers(settings: Settings) -> tuple[list[tuple[str, str]], list[str]]:
    """How the queue stands, and what is wrong with it; nothing where pictures are made by who is asked."""
    from coach.errors import CoachError
    from coach.runtime import unshared
    from coach.store import Database, Store

    if settings.queue != "workers":
        return [], []
    rows, problems = [], list(unshared(settings))
    if settings.s3_bucket_name is None:
        rows.append(("pictures for workers", FOLDER))
    try:
        if problems or await Store.inspect(settings.database) != "current":
            return rows, problems
        from coach.workers.state import read_state

        database = Database(settings.database, read_only=True)
        try:
            state = await read_state(database)
        finally:
            await database.close()
    except CoachError:
        return rows, problems  # said of the database
    takers = [each for each in state.workers if each.takes]
    made = sum(bool(each.held_by) for each in state.orders)
    waiting = len(state.orders) - made
    rows.append(("workers", f"{len(takers)} take orders; {waiting} wait, {made} are made: coach queue"))
    return rows, problems if takers else [*problems, NOBODY]
