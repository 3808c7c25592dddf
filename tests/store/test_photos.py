"""People's photos: cleaned, at most five, one of them primary."""

import asyncio
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from coach.errors import NotFound, PhotoRefused
from coach.store import FolderBlobs, Store
from tests.store._images import exif, quadrants, save


async def test_a_photo_is_kept_with_what_is_known_about_it(store: Store, photo_bytes: bytes) -> None:
    photo = await store.photos.add("anna", photo_bytes)

    assert (photo.width, photo.height, photo.media_type, photo.primary) == (512, 600, "image/jpeg", True)
    assert photo.blob == f"anna/photos/{photo.id}.jpg"
    assert await store.photos.get("anna", photo.id) == photo
    assert await store.photos.bytes("anna", photo.id) == await store.blobs.get(photo.blob)
    assert (await store.photos.link("anna", photo.id, seconds=60)).endswith(f"{photo.id}.jpg")


async def test_the_first_photo_is_primary_until_it_is_removed(
    store: Store, photo_bytes: bytes, other_photo_bytes: bytes
) -> None:
    assert await store.photos.primary("anna") is None
    first = await store.photos.add("anna", photo_bytes)
    second = await store.photos.add("anna", other_photo_bytes)
    third = await store.photos.add("anna", save(quadrants(), "PNG"))
    assert await store.photos.primary("anna") == first
    assert [photo.id for photo in await store.photos.list("anna")] == [first.id, second.id, third.id]

    await store.photos.remove("anna", third.id)
    await store.photos.remove("anna", first.id)

    now_first = await store.photos.primary("anna")
    assert now_first is not None and now_first.id == second.id
    assert await store.blobs.list() == [second.blob]
    with pytest.raises(NotFound, match="There is no photo"):
        await store.photos.remove("anna", first.id)
    await store.photos.remove("anna", second.id)
    assert (await store.photos.primary("anna"), await store.blobs.list()) == (None, [])


async def test_another_photo_can_be_made_the_primary_one(
    store: Store, photo_bytes: bytes, other_photo_bytes: bytes
) -> None:
    first = await store.photos.add("anna", photo_bytes)
    second = await store.photos.add("anna", other_photo_bytes)
    assert (await store.photos.make_primary("anna", second.id)).primary
    assert [(row.id, row.primary) for row in await store.photos.list("anna")] == [
        (first.id, False),
        (second.id, True),
    ]
    for who, which in (("ben", second.id), ("anna", "nope")):
        with pytest.raises(NotFound):
            await store.photos.make_primary(who, which)
    assert await store.photos.primary("ben") is None


async def test_of_many_at_once_five_are_kept_and_one_is_primary(
    store: Store, photo_bytes: bytes, tmp_path, database_url: str
) -> None:
    other = await Store.open(database_url, blobs=FolderBlobs(tmp_path / "blobs"))

    added = await asyncio.gather(
        *(
            place.photos.add("anna", save(quadrants(size=(width, 80)), "PNG"))
            for place, least in ((store, 80), (other, 90))
            for width in range(least, least + 4)
        ),
        return_exceptions=True,
    )

    refusals = [photo for photo in added if isinstance(photo, PhotoRefused)]
    assert [refusal.code for refusal in refusals] == ["too_many"] * 3
    kept = await store.photos.list("anna")
    assert sorted(photo.blob for photo in kept) == await store.blobs.list()
    assert [photo.primary for photo in kept].count(True) == 1
    with pytest.raises(PhotoRefused, match="5 photos already"):
        await store.photos.add("anna", b"not even looked at")
    await other.close()


async def test_the_same_photo_is_kept_once(
    store: Store, photo_bytes: bytes, other_photo_bytes: bytes, tmp_path: Path, database_url: str
) -> None:
    await store.photos.add("anna", other_photo_bytes)
    other = await Store.open(database_url, blobs=FolderBlobs(tmp_path / "blobs"))
    adding = [place.photos.add("anna", photo_bytes) for place in (store, other) for _ in range(2)]
    first, *again = await asyncio.gather(*adding)
    await other.close()
    assert again == [first] * 3 and not first.primary

    beside = await store.photos.add("anna", photo_bytes, keep_original=True)
    assert (beside.id, beside.original is None) == (first.id, False)
    assert await store.photos.add("anna", photo_bytes, keep_original=True) == beside
    assert await store.photos.add("anna", photo_bytes) == await store.photos.get("anna", first.id) == beside
    assert len(await store.photos.list("anna")) == 2
    assert len(await store.blobs.list("anna/photos/")) == 2
    assert await store.blobs.list("anna/originals/") == [beside.original]
    assert (await store.photos.add("ben", photo_bytes)).id != first.id


async def test_a_photo_that_is_refused_leaves_nothing(store: Store) -> None:
    tiny = BytesIO()
    Image.new("RGB", (500, 63)).save(tiny, "PNG")

    for upload, code in ((b"", "empty"), (tiny.getvalue(), "too_small")):
        with pytest.raises(PhotoRefused) as refusal:
            await store.photos.add("anna", upload, keep_original=True)
        assert refusal.value.code == code

    assert (await store.photos.list("anna"), await store.blobs.list()) == ([], [])


async def test_the_upload_itself_is_kept_only_when_asked_and_goes_with_the_photo(store: Store) -> None:
    upload = save(quadrants(), "JPEG", exif=exif())
    plain = await store.photos.add("anna", save(quadrants(size=(100, 80)), "PNG"))
    assert plain.original is None
    kept = await store.photos.add("anna", upload, keep_original=True)
    assert kept.original is not None
    assert await store.blobs.get(kept.original) == upload
    assert b"Anna" not in await store.photos.bytes("anna", kept.id)

    await store.photos.remove("anna", kept.id)

    assert await store.blobs.list() == [plain.blob]


async def test_an_upload_that_comes_to_a_photo_as_it_is_removed_goes_with_it(
    store: Store, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = await store.photos.add("anna", photo_bytes)
    deleted = store.blobs.delete

    async def meanwhile(key: str) -> None:
        monkeypatch.setattr(store.blobs, "delete", deleted)
        await store.photos.add("anna", photo_bytes, keep_original=True)
        await deleted(key)

    monkeypatch.setattr(store.blobs, "delete", meanwhile)
    await store.photos.remove("anna", photo.id)

    assert (await store.photos.list("anna"), await store.blobs.list()) == ([], [])


async def test_a_photo_whose_removal_was_cut_off_can_be_added_anew(store: Store, photo_bytes: bytes) -> None:
    dead = await store.photos.add("anna", photo_bytes)
    await store.blobs.delete(dead.blob)  # as `remove` begins

    anew = await store.photos.add("anna", photo_bytes, keep_original=True)

    assert await store.photos.list("anna") == [anew] and anew.primary
    assert await store.blobs.list() == sorted([anew.blob, anew.original or ""])


async def test_what_was_seen_in_a_photo_is_kept_with_it(store: Store, photo_bytes: bytes) -> None:
    photo = await store.photos.add("anna", photo_bytes)
    assert photo.report is None

    seen = await store.photos.note_report("anna", photo.id, {"reason": "ok", "quality": 0.5})

    assert seen == await store.photos.get("anna", photo.id)
    assert seen.report == {"reason": "ok", "quality": 0.5}
    with pytest.raises(NotFound):
        await store.photos.note_report("ben", photo.id, {"reason": "no_face"})
