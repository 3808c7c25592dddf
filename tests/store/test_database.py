"""Reading, writing, and what a database address may be."""

import asyncio
import sqlite3
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from coach.errors import SettingsError
from coach.store import Database, FolderBlobs, Store
from coach.store.database import read_url


async def test_what_is_raised_inside_a_write_takes_it_back(store: Store) -> None:
    await store.people.ensure("anna")

    with pytest.raises(RuntimeError, match="stop"):
        async with store.database.write() as connection:
            await connection.execute(text("UPDATE people SET name = 'Anna'"))
            raise RuntimeError("stop")

    assert (await store.people.get("anna")).name is None


async def test_a_cancelled_write_is_taken_back_and_holds_up_nobody(store: Store) -> None:
    await store.people.ensure("anna")
    inside = asyncio.Event()

    async def write_for_ever() -> None:
        async with store.database.write() as connection:
            await connection.execute(text("UPDATE people SET name = 'Anna'"))
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write_for_ever())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async with asyncio.timeout(10):
        assert (await store.people.rename("anna", "A.")).name == "A."


async def test_reading_goes_on_while_somebody_writes(store: Store) -> None:
    await store.people.ensure("anna")

    async with store.database.write() as connection:
        await connection.execute(text("UPDATE people SET name = 'Anna'"))
        assert (await store.people.get("anna")).name is None

    assert (await store.people.get("anna")).name == "Anna"


async def test_deleting_a_person_deletes_every_row_of_theirs(store: Store, photo_bytes: bytes) -> None:
    for user_id in ("anna", "ben"):
        await store.people.ensure(user_id)
        await store.notes.add(user_id, "note")
        await store.consents.give(user_id, statement="yes")
        await store.photos.add(user_id, photo_bytes)
        await store.identities.add(user_id, "Guide")
        talk = await store.conversations.start(user_id, coach="c", phase="p")
        await store.conversations.append(user_id, talk.id, {"role": "user"})

    async with store.database.write() as connection:
        await connection.execute(text("DELETE FROM people WHERE user_id = 'anna'"))

    tables = ("notes", "consents", "photos", "identities", "conversations", "messages")
    async with store.database.read() as connection:
        for table in tables:
            owners = await connection.execute(text(f"SELECT user_id FROM {table}"))
            assert owners.scalars().all() == ["ben"]


async def test_sqlite_waits_for_another_process_without_stopping_the_loop(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/coach.db", blobs=FolderBlobs(tmp_path))
    other = sqlite3.connect(tmp_path / "coach.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    writing = asyncio.create_task(store.people.ensure("anna"))
    for _ in range(20):
        await asyncio.sleep(0.005)
    assert not writing.done()
    other.execute("ROLLBACK")
    other.close()

    async with asyncio.timeout(10):
        assert (await writing).user_id == "anna"
    await store.close()


async def test_sqlite_is_a_private_file_with_a_log_foreign_keys_and_full_durability(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/new/coach.db")

    async with database.read() as connection:
        pragmas = ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        told = [(await connection.exec_driver_sql(f"PRAGMA {name}")).scalar() for name in pragmas]

    assert told == ["wal", 1, 2, 30_000]
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "new").iterdir()} == {0o600}
    await database.close()


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:secret@host/db",
        "secret",
        "postgresql://me:secret@host:port/db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:secret?mode=memory&uri=true",
    ],
)
def test_another_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(SettingsError, match="sqlite:///path") as refusal:
        Database(url)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("sqlite:///a.db", "sqlite+aiosqlite:///a.db"),
        ("sqlite+aiosqlite:////tmp/a b.db", "sqlite+aiosqlite:////tmp/a b.db"),
        ("postgres://me:pw@h/db", "postgresql+asyncpg://me:pw@h/db"),
        ("postgresql+asyncpg://h/db", "postgresql+asyncpg://h/db"),
        ("postgresql://h/db?sslmode=require", "postgresql+asyncpg://h/db?ssl=require"),
    ],
)
def test_the_usual_addresses_get_the_asynchronous_driver(url: str, read: str) -> None:
    assert read_url(url).render_as_string(hide_password=False) == read


def test_a_missing_postgresql_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)

    with pytest.raises(SettingsError, match="extra `postgres`"):
        Database("postgresql://h/db")


async def test_a_server_that_is_not_there_is_a_settings_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be opened") as refusal:
        await Store.open("postgresql://me:secret@127.0.0.1:1/db", blobs=FolderBlobs(tmp_path))
    assert "secret" not in str(refusal.value)


async def test_a_file_that_is_no_database_is_a_settings_error(tmp_path: Path) -> None:
    (tmp_path / "coach.db").write_bytes(b"This is a shopping list. " * 100)

    with pytest.raises(SettingsError, match="cannot be opened"):
        await Store.open(f"sqlite:///{tmp_path}/coach.db", blobs=FolderBlobs(tmp_path))


async def test_an_error_of_the_database_does_not_repeat_personal_text(store: Store) -> None:
    async with store.database.write() as connection:
        with pytest.raises(Exception) as failure:  # every driver has its own class
            await connection.execute(text("INSERT INTO nowhere VALUES (:name)"), {"name": "Anna Secret"})
    assert "Anna Secret" not in str(failure.value)
