"""What an erasure cannot wipe at once, and says so: pages others still read, and what a bucket forbids."""

import sqlite3
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from coach.errors import StoreUnavailable
from coach.store import FolderBlobs, S3Blobs, Store
from coach.store import database as database_module
from coach.store import erase as erase_module
from coach.studio.erase import erase
from tests._s3 import S3Server
from tests.store._canaries import USER

WORDS = "canary of the pages " * 500


def has_words(folder: Path) -> bool:
    """Whether the words are in the database's files."""
    return any(WORDS[:20].encode() in path.read_bytes() for path in folder.glob("coach.db*"))


async def erased_with_a_reader(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What may still be there while somebody reads, and what when they have gone."""
    file = folder / "coach.db"
    store = await Store.open(f"sqlite:///{file}", blobs=FolderBlobs(folder / "blobs"))
    await store.notes.add(USER, WORDS)
    reader = sqlite3.connect(file)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM notes").fetchall()
    first = await erase(store, USER)
    reader.close()
    second = await erase(store, USER)
    assert not has_words(folder)
    await store.close()
    return first.still, second.still


async def test_while_others_read_the_log_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.05)
    first, second = await erased_with_a_reader(tmp_path)
    assert "Erase once more" in first[0] and second == ()


async def test_a_large_file_is_not_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erase_module, "VACUUM_UP_TO", 0)
    store = await Store.open(f"sqlite:///{tmp_path}/coach.db", blobs=FolderBlobs(tmp_path / "blobs"))
    await store.notes.add(USER, WORDS)
    assert "VACUUM" in (await erase(store, USER)).still[0]
    assert not has_words(tmp_path)  # deleted rows are overwritten all the same
    await store.close()


@pytest.fixture
def bucket(s3: S3Server) -> S3Blobs:
    return S3Blobs(s3.endpoint, s3.bucket, s3.access_key, s3.secret_key, s3.region)


@pytest.fixture
def refusing(bucket: S3Blobs, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the bucket refuses to list, with which code."""
    refused = ["AccessDenied"]
    real = bucket._client.get_paginator

    def paginator(what: str) -> Any:
        if what == "list_objects_v2":
            return real(what)
        raise ClientError({"Error": {"Code": refused[0]}}, what)

    monkeypatch.setattr(bucket._client, "get_paginator", paginator)
    yield refused


async def test_what_a_bucket_forbids_is_said(bucket: S3Blobs, refusing: list[str]) -> None:
    await bucket.put("ann/photos/a.jpg", b"a", "image/jpeg")
    emptied = await bucket.empty("ann")
    assert [blob.key for blob in emptied.blobs] == ["ann/photos/a.jpg"] and await bucket.list() == []
    assert "open uploads and older versions" in emptied.still
    refusing[0] = "SlowDown"
    with pytest.raises(StoreUnavailable):
        await bucket.empty("ann")


async def test_only_one_owner_is_emptied(bucket: S3Blobs, tmp_path: Path) -> None:
    before = datetime.now(UTC) - timedelta(minutes=1)
    for blobs in (bucket, FolderBlobs(tmp_path)):
        for owner in ("ann", "ann-2", "an"):
            await blobs.put(f"{owner}/photos/a.jpg", b"bytes", "image/jpeg")
        emptied = await blobs.empty("ann")
        [blob] = emptied.blobs
        assert (blob.key, blob.size) == ("ann/photos/a.jpg", 5) and blob.put_at > before
        assert await blobs.list() == ["an/photos/a.jpg", "ann-2/photos/a.jpg"]
        assert (await blobs.empty("ann")).blobs == ()
        for wrong in ("", "..", "a/b", "*"):
            with pytest.raises(ValueError):
                await blobs.empty(wrong)


async def test_only_old_uploads_in_parts_are_ended(bucket: S3Blobs, s3: S3Server) -> None:
    s3.client().create_multipart_upload(Bucket=s3.bucket, Key=f"ann/photos/{uuid.UUID(int=0)}.jpg")
    now = datetime.now(UTC)
    assert await bucket.unfinished(now - timedelta(hours=1), remove=True) == 0
    later = now + timedelta(hours=1)
    assert await bucket.unfinished(later, remove=False) == await bucket.unfinished(later, remove=True) == 1
    assert await bucket.unfinished(later, remove=True) == 0
