"""A database, a bucket or a folder that cannot be used: one error that names it and shows no address."""

import asyncio
import re
import sqlite3
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from coach.errors import SettingsError, StoreUnavailable
from coach.store import Blobs, Database, FolderBlobs, S3Blobs, Store, blob_key
from tests._postgres import running_postgres
from tests._s3 import running_s3

KEY = blob_key("anna", "photos", "a-1.jpg")


async def test_a_postgresql_that_is_stopped_is_unavailable(tmp_path: Path) -> None:
    with ExitStack() as running:
        url = running.enter_context(running_postgres())
        store = await Store.open(f"{url}/postgres", blobs=FolderBlobs(tmp_path))
        await store.people.ensure("anna")

        async with store.database.read() as connection:
            running.close()
            with pytest.raises(DBAPIError):
                await connection.execute(text("SELECT 1"))

    for attempt in (store.people.get("anna"), store.notes.add("anna", "secret")):
        with pytest.raises(StoreUnavailable, match=r"cannot be used now \(ECONNREFUSED\)") as caught:
            await attempt
        assert "127.0.0.1" not in str(caught.value) and "secret" not in str(caught.value)
    with pytest.raises(SettingsError, match="cannot be opened"):
        await Store.inspect(f"{url}/postgres")
    await store.close()


async def test_a_connection_that_the_server_ends_is_unavailable(postgres: str, tmp_path: Path) -> None:
    database = Database(f"{postgres}/postgres")
    with pytest.raises(StoreUnavailable, match="The database cannot be used now"):
        async with database.write() as connection:
            await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    async with database.read() as connection:
        assert (await connection.execute(text("SELECT 1"))).scalar() == 1
    await database.close()


@pytest.mark.parametrize("name", ["nowhere", "postgres?user=stranger"])
async def test_a_database_that_lets_nobody_in_is_a_setting(postgres: str, tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="cannot be opened"):
        await Store.open(f"{postgres}/{name}", blobs=FolderBlobs(tmp_path))


async def test_a_full_disk_is_unavailable_and_the_row_is_not_kept(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/coach.db", blobs=FolderBlobs(tmp_path))
    await store.people.ensure("anna")
    # The pool has this one connection, and the limit is the connection's.
    async with store.database.read() as connection:
        await connection.exec_driver_sql("PRAGMA max_page_count = 1")

    with pytest.raises(StoreUnavailable, match="OperationalError"):
        await store.notes.add("anna", "x" * 100_000)

    assert await store.notes.list("anna") == []
    await store.close()


async def test_a_sqlite_that_another_process_never_lets_go_of_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coach.store.database.BUSY_SECONDS", 0)
    store = await Store.open(f"sqlite:///{tmp_path}/coach.db", blobs=FolderBlobs(tmp_path))
    other = sqlite3.connect(tmp_path / "coach.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreUnavailable, match="OperationalError"):
        await store.people.ensure("anna")
    other.execute("ROLLBACK")
    other.close()

    assert (await store.people.ensure("anna")).user_id == "anna"
    await store.close()


async def test_a_wrong_statement_stays_the_error_it_is(store: Store) -> None:
    for statement in ("SELECT * FROM nowhere", "INSERT INTO people (user_id) VALUES (NULL)", "SELEKT"):
        with pytest.raises(DBAPIError):
            async with store.database.write() as connection:
                await connection.execute(text(statement))


async def test_what_a_caller_raises_inside_stays_what_it_is(store: Store) -> None:
    with pytest.raises(ConnectionError, match="somebody else's"):
        async with store.database.read():
            raise ConnectionError("somebody else's")


async def test_a_database_file_that_cannot_be_made_is_a_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(SettingsError, match=r"file cannot be made \(\w+\).* COACH_HOME"):
        await Store.open(f"sqlite:///{tmp_path}/file/coach.db", blobs=FolderBlobs(tmp_path))


async def refusals(blobs: Blobs) -> list[str]:
    """What is said to every way of using blobs at once."""
    ways = (blobs.put(KEY, b"x", "image/jpeg"), blobs.get(KEY), blobs.delete(KEY))
    said = await asyncio.gather(*ways, return_exceptions=True)
    assert [type(one) for one in said] == [StoreUnavailable] * 3
    return [str(one) for one in said]


async def test_a_bucket_whose_server_stopped_is_unavailable(tmp_path: Path) -> None:
    with running_s3(tmp_path) as endpoint:
        blobs = S3Blobs(endpoint, "coach", "test", "top-secret")

    for said in await refusals(blobs):
        assert said.startswith("The bucket 'coach' cannot be used now (EndpointConnectionError)")
        assert not any(secret in said for secret in ("anna", "top-secret", "127.0.0.1"))


async def test_a_folder_that_cannot_be_made_or_read_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    for said in await refusals(FolderBlobs(tmp_path / "file" / "blobs")):
        assert re.match(r"The folder for photos and pictures cannot be used now \((ENOTDIR|EEXIST)\)", said)
        assert "anna" not in said and str(tmp_path) not in said
