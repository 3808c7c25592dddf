"""Blobs are kept alike in a folder and in a bucket."""

import asyncio
import errno
import os
import stat
import uuid
from pathlib import Path

import pytest

from coach.errors import NotFound
from coach.store import Blobs, FolderBlobs, S3Blobs, blob_key, owner_of
from tests._s3 import S3Server

KEY = blob_key("anna@example.org", "photos", "a-1.jpg")
BAD = [
    *("", "a", "a/b", "a/b/c/d", "/a/b/c", "a//b", "a/b/", "../a/b", "a/../b", "a/b/..", "a/.b/c"),
    *(".incoming/a/b", "a/b/c\0", "a/b/c d", "a\\b/c/d", "ä/b/c", "a/b/c\n"),
]


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "folder":
        return FolderBlobs(tmp_path / "blobs")
    server: S3Server = request.getfixturevalue("s3")
    return S3Blobs(server.endpoint, server.bucket, server.access_key, server.secret_key, server.region)


async def test_what_is_put_comes_back(blobs: Blobs, tmp_path: Path) -> None:
    assert not await blobs.exists(KEY)

    await blobs.put(KEY, bytes(range(256)), "image/jpeg")
    assert await blobs.exists(KEY)
    assert await blobs.get(KEY) == bytes(range(256))
    assert await blobs.get(KEY, 10) == bytes(range(10))
    assert await blobs.get(KEY, 1000) == bytes(range(256))

    (tmp_path / "spool").write_bytes(b"from a file" * 100_000)
    await blobs.put(KEY, tmp_path / "spool", "image/png")
    assert await blobs.get(KEY) == b"from a file" * 100_000
    assert (tmp_path / "spool").exists()


async def test_what_is_not_there_names_no_owner(blobs: Blobs) -> None:
    with pytest.raises(NotFound, match=r"^There is no blob 'a-1\.jpg'\.$"):
        await blobs.get(KEY)


async def test_deleting_is_safe_to_repeat(blobs: Blobs) -> None:
    await blobs.delete(KEY)
    await blobs.put(KEY, b"x", "image/jpeg")
    await blobs.delete(KEY)
    await blobs.delete(KEY)
    assert not await blobs.exists(KEY)
    assert await blobs.list() == []


async def test_keys_are_listed_by_owner_and_kind(blobs: Blobs) -> None:
    keys = [blob_key("a", "photos", "1"), blob_key("a", "pictures", "2"), blob_key("ab", "photos", "3")]
    for key in keys:
        await blobs.put(key, b"x", "image/png")

    assert await blobs.list() == sorted(keys)
    assert await blobs.list("a/") == keys[:2]
    assert await blobs.list("a/photos/") == keys[:1]
    assert await blobs.list("b/") == []
    for prefix in ("a", "../", "/", "a/../"):
        with pytest.raises(ValueError, match="not a prefix"):
            await blobs.list(prefix)


async def test_many_can_be_put_at_once(blobs: Blobs) -> None:
    keys = [blob_key("a", "previews", f"{number:02}") for number in range(20)]

    await asyncio.gather(*(blobs.put(key, key.encode(), "image/png") for key in keys))

    assert await blobs.list("a/") == keys
    assert await asyncio.gather(*(blobs.get(key) for key in keys)) == [key.encode() for key in keys]


def files_below(folder: Path) -> list[Path]:
    """Every file and folder, hidden ones too."""
    return sorted(folder.rglob("*"))


@pytest.mark.parametrize("key", BAD)
async def test_a_key_cannot_leave_its_place(key: str, tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path / "blobs")

    for attempt in (
        blobs.put(key, b"x", "text/plain"),
        blobs.get(key),
        blobs.exists(key),
        blobs.delete(key),
        blobs.link(key, 60),
    ):
        with pytest.raises(ValueError, match="not a blob key"):
            await attempt
    assert files_below(tmp_path) == []


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "a b", "a\0", "ä", "a\n"])
def test_a_blob_has_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of a blob"):
        blob_key("anna", "photos", name)


def test_every_person_has_a_folder_of_their_own_even_where_capitals_do_not_count() -> None:
    people = ["anna", "Anna", "ANNA", "%41nna", "a.b", "..", ".", "a/b", "a%2fb", "ä", "a\u0308", "日本", " "]
    people += ["x" * 100, "x" * 101, "x" * 102, "%sha256-" + "0" * 64, "👩‍🚀" * 20]

    owners = [owner_of(user_id) for user_id in people]

    assert len({owner.lower() for owner in owners}) == len(people)
    assert all(len(owner) <= 100 and "/" not in owner and not owner.startswith(".") for owner in owners)
    assert owner_of("user-1_b") == "user-1_b"
    assert KEY == "anna%40example%2eorg/photos/a-1.jpg"
    with pytest.raises(ValueError, match="at least one character"):
        owner_of("")


async def test_files_are_private_and_nothing_half_written_stays(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path / "blobs")
    await blobs.put(KEY, b"x", "image/jpeg")

    with pytest.raises(FileNotFoundError):
        await blobs.put(blob_key("anna", "photos", "b"), tmp_path / "nowhere", "image/jpeg")

    owner = tmp_path / "blobs" / "anna%40example%2eorg"
    folders = [tmp_path / "blobs", tmp_path / "blobs" / ".incoming", owner, owner / "photos"]
    made = files_below(tmp_path)
    assert set(made) == {*folders, blobs.path(KEY)}
    assert {path.stat().st_mode & 0o777 for path in made if path.suffix} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in made if not path.suffix} == {0o700}
    assert await blobs.list() == [KEY]


async def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    await blobs.put(KEY, b"old", "image/jpeg")
    before = blobs.path(KEY).stat()

    await blobs.put(KEY, b"brand new", "image/jpeg")

    assert blobs.path(KEY).stat().st_ino != before.st_ino
    assert await blobs.get(KEY) == b"brand new"
    assert await blobs.link(KEY, 60) == blobs.path(KEY).as_uri()


async def test_what_a_crash_left_behind_is_no_blob(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    await blobs.put(KEY, b"x", "image/jpeg")
    (tmp_path / ".incoming" / uuid.uuid4().hex).write_bytes(b"half")

    assert await blobs.list() == [KEY]


PICTURE, PREVIEW = blob_key("anna", "pictures", "a.png"), blob_key("anna", "previews", "a.png")


@pytest.fixture
def decoded(tmp_path: Path) -> Path:
    path = tmp_path / "decoded"
    path.write_bytes(b"a picture")
    return path


async def test_a_file_becomes_the_blob_without_being_copied(decoded: Path, tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path / "blobs")
    for _ in range(2):  # after a crash it is done again
        await blobs.put(PICTURE, decoded, "image/png")
        assert blobs.path(PICTURE).samefile(decoded)
    assert blobs.path(PICTURE) in (made := files_below(tmp_path))
    assert blobs.path(PICTURE).stat().st_mode & 0o777 == 0o600
    assert len([path for path in made if path.is_file()]) == 2, "the one that was given, and the blob"


async def test_a_file_on_another_disk_is_copied(
    decoded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(source: object, target: object, **options: object) -> None:
        raise OSError(errno.EXDEV, "another disk")

    monkeypatch.setattr(os, "link", elsewhere)
    blobs = FolderBlobs(tmp_path / "blobs")
    await blobs.put(PICTURE, decoded, "image/png")
    assert not blobs.path(PICTURE).samefile(decoded)
    assert await blobs.get(PICTURE) == b"a picture"


async def test_a_link_is_followed_and_not_kept(decoded: Path, tmp_path: Path) -> None:
    (tmp_path / "name").symlink_to(decoded)
    blobs = FolderBlobs(tmp_path / "blobs")
    await blobs.put(PICTURE, tmp_path / "name", "image/png")
    assert not blobs.path(PICTURE).is_symlink()


@pytest.mark.parametrize("given", ["bytes", "file"])
async def test_a_blob_is_durable_before_it_gets_its_name(
    given: str, decoded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs, done = FolderBlobs(tmp_path / "blobs"), list[str]()
    for key in (PICTURE, PREVIEW):
        await blobs.put(key, b"the one before", "image/png")
    fsync, rename = os.fsync, os.rename

    def watched_fsync(descriptor: int) -> None:
        state = os.fstat(descriptor)
        done.append("fsync folder" if stat.S_ISDIR(state.st_mode) else f"fsync {state.st_size} bytes")
        fsync(descriptor)

    def watched_rename(source: str, target: str, **options: int) -> None:
        done.append("rename")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_rename)
    for key in (PICTURE, PREVIEW):
        await blobs.put(key, decoded if given == "file" else b"a picture", "image/png")
    assert done == ["fsync 9 bytes", "rename", "fsync folder", "rename"], "a preview is only for now"
