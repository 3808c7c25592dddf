"""What is made of a person's pictures while they take their consent back, delete a photo, or are erased."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from PIL import Image

from coach.errors import CoachError, ConsentMissing, Erasing, NotFound
from coach.store import Store
from coach.store.erase import begin
from coach.studio.compare import Sheet, Sheets
from coach.studio.erase import erase
from coach.studio.masks import add_mask
from coach.studio.request import Reference
from tests.studio._drawn import holed
from tests.studio.test_compare import Pictures, pictures, png

__all__ = ["pictures"]

Make = Callable[[Store], Awaitable[object]]
Happens = Callable[[Store], Awaitable[None]]


async def compare(store: Store) -> Sheet:
    return await Sheets(store, model=None).compare("ann", "i1")


async def versions(store: Store) -> object:
    return await Sheets(store, model=None).versions("ann", "i1")


async def mask(store: Store) -> object:
    photo = await store.photos.primary("ann")
    assert photo is not None
    hole = holed((photo.width, photo.height), (10, 10, 40, 40))
    return await add_mask(store, "ann", Reference(kind="photo", id=photo.id), hole)


async def revoke(store: Store) -> None:
    await store.consents.revoke("ann")


async def revoke_and_agree_again(store: Store) -> None:
    await revoke(store)
    await store.consents.give("ann", statement="yes")


async def remove(store: Store) -> None:
    [photo] = await store.photos.list("ann")
    await store.photos.remove("ann", photo.id)


async def begin_erasing(store: Store) -> None:
    await begin(store.database, "ann")


async def erase_all(store: Store) -> None:
    assert (await erase(store, "ann")).done


async def erase_and_come_back(store: Store) -> None:
    await erase_all(store)
    await store.people.ensure("ann")


BEFORE, AFTER = "before it is put", "after it is put"
LEAVE: list[tuple[Make, Happens, str, type[CoachError]]] = [
    (compare, revoke, BEFORE, ConsentMissing),
    (compare, revoke, AFTER, ConsentMissing),
    (compare, revoke_and_agree_again, BEFORE, NotFound),
    (compare, remove, BEFORE, NotFound),
    (compare, begin_erasing, BEFORE, Erasing),
    (compare, erase_and_come_back, BEFORE, Erasing),
    (versions, erase_all, BEFORE, Erasing),
    (versions, erase_all, AFTER, Erasing),
    (versions, erase_and_come_back, BEFORE, Erasing),
    (mask, revoke, BEFORE, NotFound),
    (mask, begin_erasing, AFTER, Erasing),
    (mask, erase_all, BEFORE, Erasing),
]


@pytest.mark.parametrize(
    ("make", "happens", "when", "error"), LEAVE, ids=lambda each: getattr(each, "__name__", each)
)
async def test_nothing_is_left_when_it_may_not_be_kept_any_more(
    store: Store,
    pictures: Pictures,
    monkeypatch: pytest.MonkeyPatch,
    make: Make,
    happens: Happens,
    when: str,
    error: type[CoachError],
) -> None:
    await pictures.add(png(Image.new("RGB", (60, 90))))
    put = store.blobs.put

    async def meanwhile(key: str, data: bytes | Path, media_type: str) -> None:
        if when == BEFORE:
            await happens(store)
        await put(key, data, media_type)
        if when == AFTER:
            await happens(store)

    monkeypatch.setattr(store.blobs, "put", meanwhile)
    with pytest.raises(error):
        await make(store)
    assert [key for key in await store.blobs.list() if "/derived/" in key] == []


async def test_a_sheet_that_was_made_before_goes_with_its_photo_even_while_that_is_deleted(
    store: Store, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sheets are listed, one more is kept and finds the photo still there, and then the photo goes."""
    await pictures.add(png(Image.new("RGB", (60, 90))))
    [photo] = await store.photos.list("ann")
    delete = store.blobs.delete

    async def one_more(key: str) -> None:
        monkeypatch.setattr(store.blobs, "delete", delete)
        monkeypatch.setattr(store.photos, "bytes", bytes_of_photo)
        await compare(store)
        await delete(key)

    async def bytes_of_photo(user_id: str, photo_id: str) -> bytes:
        return data

    data = await store.photos.bytes("ann", photo.id)
    monkeypatch.setattr(store.blobs, "delete", one_more)
    await store.photos.remove("ann", photo.id)
    assert [key for key in await store.blobs.list() if "/derived/" in key] == []


async def test_also_when_nobody_waits_for_it_any_more(
    store: Store, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pictures.add(png(Image.new("RGB", (60, 90))))
    put = store.blobs.put

    async def meanwhile(key: str, data: bytes | Path, media_type: str) -> None:
        making.cancel()
        await revoke(store)
        await put(key, data, media_type)

    monkeypatch.setattr(store.blobs, "put", meanwhile)
    making = asyncio.create_task(compare(store))
    with pytest.raises(asyncio.CancelledError):
        await making
    assert [key for key in await store.blobs.list() if "/derived/" in key] == []


async def test_what_shows_no_photo_stays_when_consent_is_taken_back(store: Store, pictures: Pictures) -> None:
    await pictures.add(png(Image.new("RGB", (60, 90))))
    await revoke(store)
    await versions(store)
    assert [key for key in await store.blobs.list() if "/derived/sheet-" in key]
