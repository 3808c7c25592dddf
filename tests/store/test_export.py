"""The zip holds everything of one person, and nothing of anybody else."""

import json
import stat
from pathlib import Path
from zipfile import ZipFile

import pytest

from coach.errors import NotFound
from coach.store import Store
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


async def test_of_nobody_nothing_is_written(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await export(store, "nobody", tmp_path / "zip.zip")
    assert not (tmp_path / "zip.zip").exists() and not (tmp_path / "zip.zip.part").exists()
