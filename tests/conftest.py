"""What many tests need: the two databases, a store, a bucket, and the two people of the test-suite."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from coach import folder, runtime
from coach.store import Database, FolderBlobs, Store
from coach.store.migrate import migrate
from tests._postgres import run_sql, running_postgres
from tests._s3 import S3Server, running_s3
from tests._trust import trust_nobody

pytest_plugins = ["tests._guard", "tests._browser", "tests._forked"]

on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"])
"""For what the database has no part in."""


@pytest.fixture(scope="session", autouse=True)
def quick_to_open() -> Iterator[None]:
    """What every opening of a coach does anew is done once: the reference coach is read and proven."""
    load = folder.load
    once = cache(load)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime, "load", lambda source: (once if source == "coach.reference" else load)(source))
        trust_nobody(patch)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server, without a database name."""
    with running_postgres() as address:
        yield address


@pytest.fixture(scope="session")
def migrated_postgres(postgres: str) -> str:
    """The name of a migrated database to copy."""
    run_sql(postgres, "CREATE DATABASE migrated")
    asyncio.run(_migrate(f"{postgres}/migrated"))
    return "migrated"


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database to copy."""
    path = tmp_path_factory.mktemp("migrated") / "coach.db"
    asyncio.run(_migrate(f"sqlite:///{path}"))
    return path


async def _migrate(url: str) -> None:
    database = Database(url)
    await migrate(database)
    await database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Every test that uses a database runs once on each."""
    name: str = request.param
    return name


@pytest.fixture
def empty_database_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if dialect == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    with new_database(request.getfixturevalue("postgres"), template="template0") as url:
        yield url


@pytest.fixture
def database_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of its own, with its tables."""
    if dialect == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "coach.db")
        yield f"sqlite:///{tmp_path}/coach.db"
        return
    template = request.getfixturevalue("migrated_postgres")
    with new_database(request.getfixturevalue("postgres"), template=template) as url:
        yield url


@pytest.fixture
async def store(database_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    """An open store with its blobs in a folder."""
    opened = await Store.open(database_url, blobs=FolderBlobs(tmp_path / "blobs"))
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an S3 server."""
    with running_s3(tmp_path_factory.mktemp("s3")) as address:
        yield address


@pytest.fixture
def s3(s3_server: str) -> S3Server:
    """An empty private bucket."""
    server = S3Server(endpoint=s3_server, bucket=f"coach-{uuid.uuid4().hex}")
    server.client().create_bucket(Bucket=server.bucket)
    return server


@pytest.fixture(scope="session")
def photo_bytes() -> bytes:
    """Grace Hopper, 512 x 600 pixels (US Navy, public domain), as it comes with matplotlib."""
    return inside("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")


@pytest.fixture(scope="session")
def other_photo_bytes() -> bytes:
    """Eileen Collins, 512 x 512 pixels (NASA, public domain), as it comes with scikit-image."""
    return inside("skimage", "data/astronaut.png")


def inside(package: str, name: str) -> bytes:
    """A file that comes with a package."""
    # Looked up without importing: these packages are large.
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.origin is not None
    return (Path(spec.origin).parent / name).read_bytes()


@contextmanager
def new_database(server: str, *, template: str) -> Iterator[str]:
    """A database of its own, copied from another."""
    name = f"test_{uuid.uuid4().hex}"
    run_sql(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield f"{server}/{name}"
    run_sql(server, f"DROP DATABASE {name} WITH (FORCE)")
