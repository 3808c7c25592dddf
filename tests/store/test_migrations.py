"""The migrations give exactly the tables the code has, on both databases, from wherever the package is."""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from coach.errors import SettingsError
from coach.store import Database, Store
from coach.store import migrate as migrate_module
from coach.store.migrate import config_for, migrate
from coach.store.tables import metadata
from tests._tree import ROOT

PACKAGE = ROOT / "coach"


async def test_alembic_finds_no_difference_between_migrations_and_tables(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    await migrate(database)

    def compare(connection: Connection) -> Any:
        options = {"compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

    async with database.read() as connection:
        assert await connection.run_sync(compare) == []
    await database.close()


async def test_constraints_and_partial_indexes_are_the_same_too(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    await migrate(database)
    async with database.read() as connection:
        migrated = await connection.run_sync(describe)
    async with database.write() as connection:
        await connection.run_sync(lambda plain: command.downgrade(config_for(plain), "base"))
        assert set(await connection.run_sync(lambda plain: inspect(plain).get_table_names())) == {
            "alembic_version"
        }
        await connection.run_sync(metadata.create_all)
        made = await connection.run_sync(describe)
    await database.close()

    assert migrated == made
    assert len(made["triggers"]["all"]) == 2
    assert "stage IN" in str(made["identities"]) or "stage = ANY" in str(made["identities"])


def describe(connection: Connection) -> dict[str, dict[str, Any]]:
    """Every table as the database itself tells it, in no order."""
    inspector = inspect(connection)
    return {"triggers": {"all": triggers(connection)}} | {
        table: {
            "columns": by_name(inspector.get_columns(table)),
            "primary key": inspector.get_pk_constraint(table),
            "foreign keys": by_name(inspector.get_foreign_keys(table)),
            "unique": by_name(inspector.get_unique_constraints(table)),
            "checks": by_name(inspector.get_check_constraints(table)),
            "indexes": by_name(inspector.get_indexes(table)),
        }
        for table in metadata.tables
    }


TRIGGERS = {
    "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
    "postgresql": "SELECT pg_get_triggerdef(oid) || pg_get_functiondef(tgfoid) FROM pg_trigger "
    "WHERE NOT tgisinternal ORDER BY tgname",
}


def triggers(connection: Connection) -> list[str]:
    """What every trigger does."""
    return list(connection.execute(text(TRIGGERS[connection.dialect.name])).scalars())


def by_name(rows: Any) -> dict[str, Any]:
    return {row["name"]: plain(row) for row in rows}


def plain(value: Any) -> Any:
    """Types and conditions as the words they stand for."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return str(value)


async def test_opening_again_changes_nothing(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    await migrate(database)
    async with database.write() as connection:
        await connection.execute(
            text("INSERT INTO people (user_id, created_at) VALUES ('anna', '2026-11-20')")
        )

    await migrate(database)

    async with database.read() as connection:
        assert (await connection.execute(text("SELECT user_id FROM people"))).scalars().all() == ["anna"]
    await database.close()


async def test_a_database_of_a_newer_version_is_refused(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    await migrate(database)
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SettingsError, match="newer version"):
        await migrate(database)
    await database.close()


async def test_the_state_of_a_database_is_told_without_changing_it(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await Store.inspect(empty_database_url) == "new"
    database = Database(empty_database_url)
    async with database.write() as connection:
        assert await connection.run_sync(lambda plain: inspect(plain).get_table_names()) == []
    assert await Store.inspect(empty_database_url) == "new"

    await migrate(database)
    assert await Store.inspect(empty_database_url) == "current"

    later = shutil.copytree(PACKAGE / "store" / "migrations", tmp_path / "later" / "migrations")
    newest = ScriptDirectory(PACKAGE / "store/migrations").get_current_head()
    (later / "versions" / "r9999.py").write_text(f'revision, down_revision = "9999", "{newest}"')
    monkeypatch.setattr(migrate_module, "__file__", str(later.parent / "migrate.py"))
    assert await Store.inspect(empty_database_url) == "older"
    monkeypatch.undo()

    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert await Store.inspect(empty_database_url) == "newer"
    await database.close()


async def test_inspecting_makes_no_file_and_touches_none(tmp_path: Path) -> None:
    file = tmp_path / "new 100%" / "coach.db"
    assert await Store.inspect(f"sqlite:///{file}") == "new"
    assert files_in(tmp_path) == {}

    database = Database(f"sqlite:///{file}")
    await migrate(database)
    in_use = files_in(tmp_path)
    assert len(in_use) == 3
    assert await Store.inspect(f"sqlite:///{file}") == "current"
    assert files_in(tmp_path).keys() == in_use.keys()
    await database.close()

    closed = files_in(tmp_path)
    assert await Store.inspect(f"sqlite:///{file}") == "current"
    assert files_in(tmp_path) == closed and list(closed) == [file]

    file.write_bytes(b"This is a shopping list. " * 100)
    with pytest.raises(SettingsError, match="cannot be opened"):
        await Store.inspect(f"sqlite:///{file}")


def files_in(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_who_comes_second_waits_for_the_migration(empty_database_url: str) -> None:
    first, second = Database(empty_database_url), Database(empty_database_url)
    async with first.write() as connection:
        if first.dialect == "postgresql":
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({migrate_module._LOCK})"))
        waiting = asyncio.create_task(migrate(second))
        async with asyncio.timeout(10), first.read() as watcher:
            while first.dialect == "postgresql":
                asked = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
                if (await watcher.execute(asked)).scalar() == 1:
                    break
        assert not waiting.done()

    await waiting
    async with second.read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM people"))).scalar() == 0
    await first.close()
    await second.close()


def test_three_processes_can_open_a_new_database_at_once(empty_database_url: str, tmp_path: Path) -> None:
    processes = [start_opening(empty_database_url, tmp_path, ROOT) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    assert [finish(process) for process in processes] == ["", "", ""]


def test_the_package_migrates_from_a_folder_with_an_odd_name(tmp_path: Path) -> None:
    folder = tmp_path / "100% mine or %(not)s"
    shutil.copytree(PACKAGE, folder / "coach", ignore=shutil.ignore_patterns("__pycache__"))

    assert finish(start_opening(f"sqlite:///{tmp_path}/coach.db", tmp_path, folder)) == ""


def start_opening(url: str, blobs: Path, package_parent: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tests.store._opening", url, str(blobs)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=blobs,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(dict.fromkeys(map(str, (package_parent, ROOT))))},
    )


def finish(process: subprocess.Popen[str]) -> str:
    """What the process complains about."""
    _, complaints = process.communicate("\n", timeout=60)
    return complaints if process.returncode == 0 else complaints or f"exit code {process.returncode}"
