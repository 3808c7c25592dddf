"""The zip holds everything of one person, and nothing of anybody else."""

import asyncio
import json
import stat
import threading
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from coach.errors import NotFound
from coach.store import Store
from coach.store import export as export_module
from coach.store.blobs import blob_key
from coach.store.export import export
from tests.store._canaries import USER, plant


async def test_everything_of_a_person_is_in_it(store: Store, tmp_path: Path, photo_bytes: bytes) -> None:
    planted = await plant(store, tmp_path, photo_bytes)
    await store.notes.add("ben", "Ben's own note")
    await store.photos.add("ben", photo_bytes)
    out = tmp_path / "out" / "zip.zip"
    out.parent.mkdir()

    done = await export(store, USER, out)

    assert stat.S_IMODE(out.stat().st_mode) == 0o600 and list(out.parent.iterdir()) == [out]
    with ZipFile(out) as zipped:
        files = {name: zipped.read(name) for name in zipped.namelist()}
    assert done.missing == () and done.files == 6
    everything = b"".join(files.values())
    lost = set(planted.canaries) - {each for each in planted.canaries if each in everything}
    # What the service sent is in the spool until it is put away: pictures are here, an answer is not.
    kinds = {each.decode().split("-")[-1] for each in lost}
    assert kinds <= {"body", "json", "picture.0", "picture.plain", "preview", "incoming"}
    assert not [name for name, data in files.items() if b"ben" in data.lower() or "ben" in name]
    assert {name for name in files if not name.startswith("data/")} == {
        "README.txt",
        "conversations/1.txt",
        "originals/photo-1.jpg",
        "other/derived-g0-0.png",
        "other/previews-g0-0.png",
        "photos/photo-1-primary.jpg",
        "pictures/i1/v1-provider.png",
        "pictures/i1/v1.png",
    }
    talk = files["conversations/1.txt"].decode()
    assert talk.startswith("You, 20") and "\nCoach, 20" in talk
    rows = {name: files[f"data/{name}.jsonl"].decode().splitlines() for name in ("versions", "generations")}
    assert json.loads(rows["versions"][0])["judgement"]["why"].startswith("canary")
    assert len(rows["generations"]) == 7


async def test_a_picture_that_is_gone_is_named(store: Store, tmp_path: Path, photo_bytes: bytes) -> None:
    photo = await store.photos.add(USER, photo_bytes)
    await store.blobs.delete(photo.blob)
    await store.blobs.put(blob_key("ben", "photos", "his.jpg"), b"his", "image/jpeg")
    done = await export(store, USER, tmp_path / "zip.zip")
    assert done.missing == ("photos/photo-1-primary.jpg",) and done.files == 0
    with ZipFile(tmp_path / "zip.zip") as zipped:
        assert zipped.read("missing.txt") == b"photos/photo-1-primary.jpg"


async def test_rows_are_written_beside_the_event_loop(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        await store.notes.add(USER, f"note {number}")
    writers, plain = set(), json.dumps

    def noted(row: Any, **options: Any) -> str:
        writers.add(threading.current_thread())
        return plain(row, **options)

    monkeypatch.setattr(export_module, "_AT_ONCE", 2)
    monkeypatch.setattr(json, "dumps", noted)
    assert (await export(store, USER, tmp_path / "zip.zip")).rows == 4
    assert writers and threading.current_thread() not in writers
    with ZipFile(tmp_path / "zip.zip") as zipped:
        assert zipped.read("data/notes.jsonl").count(b"\n") == 3


async def test_two_at_once_are_whole_and_a_link_is_not_followed(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    for user_id in (USER, "ben"):
        await store.photos.add(user_id, photo_bytes)
        await store.notes.add(user_id, f"note of {user_id}")
    victim, out = tmp_path / "victim", tmp_path / "zip.zip"
    victim.write_text("precious")
    (tmp_path / "zip.zip.part").symlink_to(victim)
    await asyncio.gather(export(store, USER, out), export(store, "ben", out))
    with ZipFile(out) as zipped:
        assert zipped.testzip() is None
        assert zipped.read("data/notes.jsonl").count(b"note of ") == 1
    assert victim.read_text() == "precious" and not out.is_symlink()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


async def test_of_nobody_nothing_is_written(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await export(store, "nobody", tmp_path / "zip.zip")
    assert not (tmp_path / "zip.zip").exists() and not _parts(tmp_path)


def _parts(folder: Path) -> list[Path]:
    return list(folder.glob(".*.part"))
