"""``python -m benchmarks.scale.counted``: what one picture leaves in PostgreSQL, counted there.

People in conversations with the reference coach, one picture each turn: a scripted model, the sandbox as the
picture service, and a PostgreSQL server of its own. Made in process: what coach/workers adds is in
:mod:`benchmarks.scale.parameters`. Prints JSON, a picture's share of each.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import matplotlib

import coach
from coach.sandbox import Sandbox
from coach.testing import ScriptedModel, call
from tests._postgres import run_sql, running_postgres

PEOPLE, TURNS = 12, 6
PHOTO = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
TABLES = "SELECT relname, n_tup_ins, pg_total_relation_size(relid) FROM pg_stat_user_tables"
TOTALS = """
SELECT xact_commit, pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
    pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint
FROM pg_stat_database WHERE datname = current_database()
"""


async def talk(here: coach.Coach, person: str) -> None:
    """A person's pictures, one after the other."""
    store = here.service("store", coach.Store)
    await store.people.ensure(person)
    await store.consents.give(person, statement="yes")
    await store.photos.add(person, PHOTO.read_bytes())
    identity = await store.identities.add(person, "Guide")
    await store.identities.update(
        person, identity.handle, visualization="On a hill at night, by a telescope."
    )
    wish = call("generate_identity_image", identity_id=identity.handle)
    replies = [reply for _ in range(TURNS) for reply in ([wish], "There you are.")]
    conversation = await coach.Conversation.start(here, ScriptedModel(replies), user_id=person)
    for _ in range(TURNS):
        events = [event async for event in conversation.say("Another one, please.")]
        if not any(isinstance(event, coach.Finished) and event.state == "done" for event in events):
            raise RuntimeError(f"It made no picture: {events}")


async def counted(settings: coach.Settings) -> dict[str, float]:
    """Rows, bytes and transactions of a picture and the turn it was asked for in."""
    async with coach.open("coach.reference", settings, faces=None) as opened:
        here = replace(opened, first_phase="identity_visualization")
        await talk(here, "warm")
        connection = await asyncpg.connect(settings.database)

        async def figures() -> tuple[Any, Any]:
            await asyncio.sleep(2)  # A server process reports what it did once a second at most.
            return await connection.fetch(TABLES), await connection.fetchrow(TOTALS)

        before, totals = await figures()
        await asyncio.gather(*(talk(here, f"person-{number}") for number in range(PEOPLE)))
        after, totals_after = await figures()
        await connection.close()
    then, pictures = {name: (rows, size) for name, rows, size in before}, PEOPLE * TURNS
    found: dict[str, float] = {
        f"rows in {name}": (rows - then[name][0]) / pictures
        for name, rows, _ in sorted(after, key=tuple)
        if rows > then[name][0]
    }
    found["rows"] = sum(found.values())
    found["bytes of tables and indexes"] = sum(size - then[name][1] for name, _, size in after) / pictures
    names = ("transactions", "transactions that write", "bytes of WAL")
    found |= {name: (totals_after[at] - totals[at]) / pictures for at, name in enumerate(names)}
    return {name: round(value, 2) for name, value in found.items()}


def main() -> None:
    """Count, and print."""
    with running_postgres() as server, Sandbox() as sandbox, tempfile.TemporaryDirectory() as folder:
        run_sql(server, "CREATE DATABASE counted")
        address = f"{server}/counted"
        settings = coach.Settings.read(**{**sandbox.settings, "database_url": address, "home": Path(folder)})
        sys.stdout.write(json.dumps(asyncio.run(counted(settings)), indent=1) + "\n")


if __name__ == "__main__":
    main()
