"""The specs of stickers: named by handle and hash, each its owner's, with the quote that was given last."""

import asyncio

import pytest

from coach.errors import Erasing, NotFound
from coach.store import StickerSpecs, Store, blob_key
from coach.store.erase import begin
from coach.store.serving import BaseKind
from coach.studio import add_upload
from coach.studio.uploads import find_upload
from tests.store._aged import ANN, DAY, found, named, put

SPEC = {"version": "3.0", "prompt": "a dog"}
BASE: tuple[BaseKind, str] = ("upload", "u" * 64)
URL = "https://example.com/a.png"


async def test_the_same_spec_is_kept_once_and_quoted_anew(store: Store) -> None:
    specs = StickerSpecs(store.database)
    added = [specs.add("anna", "h1", SPEC, base=BASE, url=URL, quote_micros=n) for n in range(8)]
    rows = await asyncio.gather(*added)
    assert {(row.id, row.handle) for row in rows} == {(rows[0].id, "s1")}
    again = await specs.add("anna", "h1", SPEC, base=BASE, quote_micros=None)
    assert (again.quote_micros, again.url) == (None, None) and again.quoted_at > rows[0].created_at
    other = await specs.add("anna", "h2", SPEC | {"prompt": "a cat"}, base=BASE, quote_micros=5)
    assert other.handle == "s2" and other.spec == {"version": "3.0", "prompt": "a cat"}
    assert await specs.list("anna") == [other, again]
    assert await specs.get("anna", "s1") == await specs.get("anna", "h1") == again


async def test_the_last_quoted_one_of_a_picture_is_found_again(store: Store) -> None:
    specs = StickerSpecs(store.database)
    first = await specs.add("anna", "h1", SPEC, base=BASE, url=URL, quote_micros=1)
    second = await specs.add("anna", "h2", SPEC, base=BASE, url=URL, quote_micros=1)
    third = await specs.add("anna", "h3", SPEC, base=("photo", "p"), quote_micros=1)
    assert await specs.latest("anna", url=URL) == await specs.latest("anna", base=BASE) == second
    assert await specs.latest("anna", base=("photo", "p")) == third
    again = await specs.add("anna", "h1", SPEC, base=BASE, url=URL, quote_micros=1)
    assert again.id == first.id and await specs.latest("anna", url=URL) == again
    assert await specs.latest("anna", url=URL + "?") is None and await specs.latest("ben", url=URL) is None


async def test_what_was_made_of_it_is_written_down(store: Store) -> None:
    specs = StickerSpecs(store.database)
    row = await specs.add("anna", "h", SPEC, base=BASE, quote_micros=1)
    assert (row.version_id, row.violations) == (None, None)
    made = await specs.made(row, "a version", [{"rule": "margin", "say": "It touches the edge."}])
    assert await specs.get("anna", "h") == made
    assert (made.version_id, made.violations) == (
        "a version",
        [{"rule": "margin", "say": "It touches the edge."}],
    )


async def test_somebody_elses_spec_is_as_one_that_is_not_there(store: Store) -> None:
    specs = StickerSpecs(store.database)
    row = await specs.add("anna", "h", SPEC, base=BASE, url=URL, quote_micros=1)
    said = set()
    for ref in (row.hash, row.handle, row.id, "s2", "s0", "s01", "", "none"):
        with pytest.raises(NotFound) as refused:
            await specs.get("ben", ref)
        said.add(str(refused.value).replace(repr(ref), "it"))
    assert len(said) == 1 and await specs.list("ben") == []
    assert (await specs.add("ben", "h", SPEC, base=BASE, quote_micros=1)).handle == "s1"


async def test_for_somebody_who_is_being_erased_none_is_kept(store: Store) -> None:
    await store.people.ensure("anna")
    await begin(store.database, "anna")
    with pytest.raises(Erasing):
        await StickerSpecs(store.database).add("anna", "h", SPEC, base=BASE, quote_micros=1)


async def test_the_picture_of_a_spec_is_kept_by_a_sweep_and_goes_with_the_agreement(
    store: Store, photo_bytes: bytes, other_photo_bytes: bytes
) -> None:
    await store.consents.give(ANN, statement="yes")
    used, unused = [await add_upload(store, ANN, each) for each in (photo_bytes, other_photo_bytes)]
    keys = [await find_upload(store, ANN, each.id) for each in (used, unused)]
    for key in keys:
        await put(store, key, 90 * DAY)
    await StickerSpecs(store.database).add(ANN, "h", SPEC, base=("upload", used.id), quote_micros=1)
    assert await found(store, fix=True, all=True) == set()
    assert [await store.blobs.exists(key) for key in keys] == [True, False]
    await store.consents.revoke(ANN)
    assert not await store.blobs.exists(keys[0])


async def test_an_old_sticker_is_swept_as_it_can_be_made_again(store: Store) -> None:
    [name] = named("1", ending="-0123456789abcdef.png")
    await store.people.ensure(ANN)
    key = await put(store, blob_key(ANN, "derived", f"sticker-{name}"), 90 * DAY)
    assert await found(store, fix=True, all=True) == set() and not await store.blobs.exists(key)
