"""Credentials, turns and what happened: a restart, a rival or a reader of the database changes nothing."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import select, update

from coach.errors import Conflict, NotFound
from coach.store import Credentials, Happenings, Store, Turns
from coach.store._rows import now
from coach.store._work import LEASE
from coach.store.credentials import PREFIX
from coach.store.export import export
from coach.store.serving import credentials, turns

BODY = {"type": "say", "text": "Hello"}


async def test_a_secret_speaks_for_its_person_until_it_ends(store: Store) -> None:
    keys = Credentials(store.database)
    secret, made = await keys.issue("anna", "key", label="my\nprogram", operator=True)
    assert secret.startswith(PREFIX) and made.label == "my program"
    assert await keys.find(secret, "key") == made
    assert await keys.find(secret, "session") is None
    ended, _ = await keys.issue("anna", "session", lasts=timedelta(seconds=-1))
    for wrong in ("", PREFIX, secret[:-1], secret + "a", PREFIX + "é" * 43, ended):
        assert await keys.find(wrong, "session") is None and await keys.find(wrong, "key") is None
    assert not await keys.revoke("ben", made.id)
    assert await keys.revoke("anna", made.id) and await keys.find(secret, "key") is None


async def test_neither_the_database_nor_an_export_holds_a_secret_or_its_hash(
    store: Store, tmp_path: Path
) -> None:
    secret, made = await Credentials(store.database).issue("anna", "key")
    async with store.database.read() as connection:
        [row] = (await connection.execute(select(credentials))).mappings()
    assert secret not in str(dict(row))
    await export(store, "anna", tmp_path / "anna.zip")
    told = ZipFile(tmp_path / "anna.zip").read("data/credentials.jsonl").decode()
    assert json.loads(told)["id"] == made.id and row["secret_hash"] not in told


async def test_a_key_asks_for_one_turn(store: Store) -> None:
    talk = await store.conversations.start("anna", coach="c", phase="p")
    rows = Turns(store.database)
    asked = [rows.begin("anna", talk.id, key="k", body=BODY, holder=str(n)) for n in range(8)]
    begun = await asyncio.gather(*asked)
    assert sum(is_new for _, is_new in begun) == 1 and len({turn.id for turn, _ in begun}) == 1
    with pytest.raises(Conflict, match="send a new one"):
        await rows.begin("anna", talk.id, key="k", body={"type": "greet"}, holder="1")
    with pytest.raises(NotFound):
        await rows.begin("ben", talk.id, key="k", body=BODY, holder="1")


async def test_what_a_dead_process_left_goes_to_one_other(store: Store) -> None:
    talk = await store.conversations.start("anna", coach="c", phase="p")
    rows = Turns(store.database)
    turn, _ = await rows.begin("anna", talk.id, key="k", body=BODY, holder="dead")
    assert await rows.adopt("b") == []
    old = update(turns).values(beat_at=now() - 2 * LEASE)
    async with store.database.write() as connection:
        await connection.execute(old)
    taken = await asyncio.gather(*(rows.adopt(str(n)) for n in range(4)))
    assert [each.id for some in taken for each in some] == [turn.id]
    await rows.end(turn, "done")  # by the one that was taken for dead: it has nothing to say any more
    assert (await rows.get("anna", turn.id)).state == "running"
    [[mine]] = [some for some in taken if some]
    assert await rows.beat(mine.held_by) == {turn.id}
    await rows.end(mine, "done")
    assert (await rows.get("anna", turn.id)).state == "done"


async def test_what_happens_at_once_is_numbered_without_gaps(store: Store) -> None:
    kept = Happenings(store.database)
    adding = [kept.append("anna", "c1", [("a", {"n": n}), ("b", {"n": n})], turn_id="t") for n in range(10)]
    await asyncio.gather(
        *adding, kept.append("anna", "c2", [("x", {})]), kept.append("ben", "c3", [("x", {})])
    )
    seen = await kept.after("anna", "c1", 0)
    assert [each.seq for each in seen] == list(range(1, 21))
    assert all(
        a.kind == "a" and b.kind == "b" and a.data == b.data
        for a, b in zip(seen[::2], seen[1::2], strict=True)
    )
    assert [each.seq for each in await kept.after("anna", "c1", 18, turn_id="t")] == [19, 20]
    assert await kept.after("ben", "c1", 0) == []
