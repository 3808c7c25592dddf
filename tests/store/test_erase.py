"""Erasing a person: of 40 canaries none is left, the books add up, and dying in between does no harm."""

import asyncio
import logging
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import update

from coach.errors import Erasing, InputRefused
from coach.store import FolderBlobs, S3Blobs, Store
from coach.store import erase as erase_module
from coach.store.erase import NOBODY, at_work, begin, begun, nobodys_identity
from coach.store.tables import metadata, people
from coach.studio import sweep as sweep_module
from coach.studio.books import Books
from coach.studio.erase import Receipt, erase
from coach.studio.spool import Spool
from coach.studio.sweep import finish_erasures, finish_later
from tests._s3 import S3Server
from tests._tree import ROOT
from tests.store._canaries import COST, OTHER, USER, Planted, plant
from tests.store._rows import add_versions

STEPS = ("marked", "stopped", "forgotten", "spool", "rows", "blobs", "wiped", "person")


@asynccontextmanager
async def opened(home: Path) -> AsyncIterator[Store]:
    """A store in a folder as `coach` has it, and a log in there of everything that is said."""
    store = await Store.open(f"sqlite:///{home}/coach.sqlite3", blobs=FolderBlobs(home / "blobs"))
    log = logging.FileHandler(home / "log")
    logging.getLogger().addHandler(log)
    yield store
    logging.getLogger().removeHandler(log)
    log.close()
    await store.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, photo_bytes: bytes) -> Planted:
    """A home with the canaries in it, to copy."""
    folder = tmp_path_factory.mktemp("canaries")

    async def prepare() -> Planted:
        async with opened(folder) as store:
            return await plant(store, folder, photo_bytes)

    return asyncio.run(prepare())


@pytest.fixture
def planted(home: Planted, tmp_path: Path) -> Planted:
    folder = tmp_path / "home"
    shutil.copytree(home.folder, folder)
    return Planted(folder=folder, canaries=home.canaries)


async def erased(store: Store, folder: Path, user_id: str = USER) -> Receipt:
    return await erase(store, user_id, spool=Spool(folder / "spool"), patience=0)


async def test_no_canary_is_left_and_the_books_add_up(planted: Planted) -> None:
    assert len(planted.canaries) >= 40
    assert planted.found() == [each.decode("latin-1") for each in planted.canaries]
    async with opened(planted.folder) as store:
        books = Books(store.database)
        before = {by: await books.spending(by) for by in ("day", "tenant", "model")}
        receipt = await erased(store, planted.folder)

        assert planted.found() == []  # while it is open: neither in the log beside it
        for by, [line] in before.items():
            [now] = await books.spending(by)
            assert now.of == line.of and now.held_micros == now.in_doubt == 0
            known = line.spent_micros + line.held_micros + line.doubt_micros
            assert known - now.spent_micros == COST  # that of the one that was not sent
        assert await books.differences() == []
        assert [line.of for line in await books.spending("person")] == [NOBODY]
        assert (await store.people.get(OTHER)).user_id == OTHER
    assert receipt.done and receipt.kept_micros == 6 * COST and receipt.kept_lines == 6
    assert sorted(receipt.settled) == ["g2", "g3", "g4"]
    theirs = {table.name for table in metadata.sorted_tables if "user_id" in table.c}
    # What they spent goes with the ledger's lines, and is not counted.
    assert {name for name, count in receipt.rows.items() if count} == theirs - {"accounts"}
    assert receipt.rows["messages"] == 2 and receipt.rows["generations"] == 1
    assert receipt.blobs == {"derived": 1, "originals": 1, "photos": 1, "pictures": 2, "previews": 1}
    assert receipt.unfinished == 1 and receipt.spool_files == 11
    # Their id, and that of a job, which may have to be quoted.
    assert planted.found_in(repr(receipt).encode()) == [USER, receipt.jobs[0].id]


async def test_a_second_time_there_is_nothing_and_the_person_can_begin_anew(planted: Planted) -> None:
    async with opened(planted.folder) as store:
        await erased(store, planted.folder)
        again = await erased(store, planted.folder)
        assert not any([*again.rows.values(), again.blobs, again.spool_files, again.kept_lines])
        await store.notes.add(USER, "Hello again.")
        with pytest.raises(InputRefused):
            await erased(store, planted.folder, NOBODY)


async def test_several_at_once_are_one(planted: Planted) -> None:
    async with opened(planted.folder) as store:
        await asyncio.gather(*(erased(store, planted.folder) for _ in range(3)))
        assert (await erased(store, planted.folder)).done
        assert planted.found() == []
        assert await Books(store.database).differences() == []


async def test_killed_at_any_step_it_is_done_again_with_one_receipt(home: Planted, tmp_path: Path) -> None:
    for step in (*STEPS, "at once"):
        shutil.copytree(home.folder, tmp_path / step)
    command = [sys.executable, "-m", "tests.store._eraser", str(tmp_path), *STEPS]
    died = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert died.stdout.split() == ["-9"] * len(STEPS)
    async with opened(tmp_path / "at once") as store:
        whole = await erased(store, tmp_path / "at once")
    left = {}
    for step in STEPS:
        planted = Planted(folder=tmp_path / step, canaries=home.canaries)
        left[step] = len(planted.found())
        async with opened(planted.folder) as store:
            unfinished = await begun(store.database)
            assert unfinished == ([] if step == "person" else [USER])
            receipt = await erased(store, planted.folder)
            assert receipt.done and (step == "person" or timeless(receipt) == timeless(whole))
            assert planted.found() == []
            assert await Books(store.database).differences() == []
    # Their id, and in the receipt that of a job.
    assert left["marked"] >= 40 and left["wiped"] == left["person"] == 2


def timeless(receipt: Receipt) -> dict[str, Any]:
    """A receipt without its times."""
    return vars(receipt) | {"at": None, "outside": [each.request_ids for each in receipt.outside]}


async def test_what_goes_with_its_parent_is_counted(store: Store) -> None:
    identity = await store.identities.add(USER, "Guide")
    parent = None
    for _ in range(4):
        [version] = await add_versions(store, USER, identity.id, parent_id=parent)
        parent = version.id
    assert (await erase(store, USER)).rows["versions"] == 4


async def test_while_it_is_waited_for_it_is_nobody_elses(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erase_module, "_BEAT", 0.0)
    await store.notes.add(USER, "a note")
    await begin(store.database, USER)
    async with store.database.write() as connection:
        await connection.execute(update(people).values(erasing_at=datetime(2020, 1, 1, tzinfo=UTC)))
    assert await begun(store.database, idle=True) == [USER]
    async with at_work(store.database, USER):
        for _ in range(1000):
            if not await begun(store.database, idle=True):
                break
        assert (await begun(store.database), await begun(store.database, idle=True)) == ([USER], [])
    assert await begun(store.database, idle=True) == [USER], "it ended before the erasure did"


async def test_one_that_died_just_before_a_start_is_finished_later(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.notes.add(USER, "a note")
    await begin(store.database, USER)
    assert await finish_erasures(store) == 0
    for module in (erase_module, sweep_module):
        monkeypatch.setattr(module, "LEASE", timedelta(0))
    await finish_later(store)
    assert await begun(store.database) == [] == await store.notes.list(USER)


async def test_nobodys_id_is_no_persons(store: Store) -> None:
    for work in (store.people.ensure(NOBODY), store.notes.add(NOBODY, "a note")):
        with pytest.raises(InputRefused, match="Nobody can have the id"):
            await work
    async with store.database.write() as connection:
        assert await nobodys_identity(connection) == NOBODY
    with pytest.raises(InputRefused, match="Nobody can have the id"):
        await store.people.ensure(NOBODY)


async def test_nothing_is_begun_for_who_is_being_erased(store: Store) -> None:
    await store.consents.give(USER, statement="yes")
    identity = await store.identities.add(USER, "Guide")
    assert await begin(store.database, USER)
    for work in (
        store.notes.add(USER, "a note"),
        store.identities.add(USER, "another"),
        store.identities.update(USER, identity.handle, note="more"),
        store.consents.give(USER, statement="yes"),
        store.conversations.start(USER, coach="c", phase="p"),
        store.people.rename(USER, "Ann"),
    ):
        with pytest.raises(Erasing):
            await work
    assert await store.consents.active(USER, "pictures") is None
    assert await begun(store.database) == [USER]


@pytest.mark.parametrize("dialect", ["postgres"])
async def test_nothing_is_left_in_postgres_and_s3(
    database_url: str, s3: S3Server, tmp_path: Path, photo_bytes: bytes
) -> None:
    client = s3.client()
    client.put_bucket_versioning(Bucket=s3.bucket, VersioningConfiguration={"Status": "Enabled"})
    blobs = S3Blobs(s3.endpoint, s3.bucket, s3.access_key, s3.secret_key, s3.region)
    store = await Store.open(database_url, blobs=blobs)
    planted = await plant(store, tmp_path, photo_bytes)
    client.create_multipart_upload(Bucket=s3.bucket, Key=f"{USER}/photos/begun.jpg")
    await blobs.put(f"{USER}/derived/g0-0.png", b"newer", "image/png")  # the older one has a canary
    there = {*planted.found(), *planted.found_in(await everything(database_url, s3))}
    assert len(there) == len(planted.canaries) >= 40

    receipt = await erased(store, tmp_path)

    assert planted.found() == planted.found_in(await everything(database_url, s3)) == []
    assert "PostgreSQL" in receipt.still[-1]
    assert receipt.older >= 6 and receipt.unfinished == 1
    assert await Books(store.database).differences() == []
    await store.close()


async def everything(url: str, s3: S3Server) -> bytes:
    """Every row as text, and every version of every object with its key."""
    connection = await asyncpg.connect(url)
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    rows = [str(await connection.fetch(f'SELECT t::text FROM "{name}" t')) for (name,) in tables]
    await connection.close()
    client: Any = s3.client()
    found = client.list_object_versions(Bucket=s3.bucket)
    uploads = client.list_multipart_uploads(Bucket=s3.bucket).get("Uploads", [])
    keys = [each["Key"] for each in (*found.get("DeleteMarkers", []), *uploads)]
    objects = [
        each["Key"].encode()
        + client.get_object(Bucket=s3.bucket, Key=each["Key"], VersionId=each["VersionId"])["Body"].read()
        for each in found.get("Versions", [])
    ]
    return "\n".join([*rows, *keys]).encode() + b"".join(objects)
