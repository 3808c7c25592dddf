"""``coach erase``, ``coach sweep`` and ``coach export``, as one types them."""

import asyncio
import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coach.cli import app
from coach.store import FolderBlobs, Store
from tests.store._canaries import USER, Planted, plant


@pytest.fixture
def planted(tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch) -> Planted:
    """The person of the canaries, in the home that is set."""
    monkeypatch.setenv("COACH_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    async def prepare() -> Planted:
        blobs = FolderBlobs(tmp_path / "blobs")
        store = await Store.open(f"sqlite:///{tmp_path}/coach.sqlite3", blobs=blobs)
        planted = await plant(store, tmp_path, photo_bytes)
        await store.close()
        return planted

    return asyncio.run(prepare())


def coach(*words: str, said: str = "") -> tuple[int, str]:
    """The exit code and the output of a command."""
    done = CliRunner().invoke(app, words, input=said)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_erase_asks_and_tells(planted: Planted) -> None:
    code, said = coach("erase", USER, said="somebody else\n")
    assert code == 1 and "Nothing was erased" in said
    assert len(planted.found()) == len(planted.canaries)

    code, said = coach("erase", USER, "--wait", "0", said=f"{USER}\n")
    assert code == 0, said
    for words in ("Erased: ", "2 messages", "1 photos", "as nobody's: 6 lines of $0.24", "kept (nobody"):
        assert words in said
    assert "Job canary" in said and len(planted.found_in(said.encode())) == 2
    assert planted.found() == []

    code, said = coach("erase", USER, "--yes", "--json")
    assert code == 0 and json.loads(said)["rows"] == {"people": 0}
    code, said = coach("erase", "ana-", "--yes")
    assert code == 0 and said == "Nothing was kept of 'ana-'.\n"


def test_export_and_sweep(planted: Planted) -> None:
    code, said = coach("export", USER)
    assert code == 0 and "6 photos and pictures" in said
    assert (planted.folder / f"{USER}.zip").is_file()

    code, said = coach("sweep")
    assert code == 0 and "Everything is where it belongs." in said
    nobodys = planted.folder / "spool" / "stray.json"
    nobodys.write_text("{}")
    os.utime(nobodys, (0, 0))
    code, said = coach("sweep")
    assert code == 1 and "stray.json" in said and "coach sweep --fix" in said
    code, said = coach("sweep", "--fix", "--json")
    assert code == 0 and [each["fixed"] for each in json.loads(said)] == [True]
    assert not nobodys.exists()
