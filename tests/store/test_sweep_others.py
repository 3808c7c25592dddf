"""What another database, or another program, has on the same place is let be."""

from typing import Any

import pytest
from sqlalchemy import delete

from coach.store import Store, blob_key
from coach.store import sweep as store_sweep
from coach.store._rows import insert_if_new
from coach.store.sweep import Finding
from coach.store.tables import photos
from tests.store._aged import ANN, DAY, found, named, put


async def test_nothing_is_removed_by_the_wrong_database(store: Store) -> None:
    [name] = named("1", ending=".jpg")
    key = await put(store, blob_key(ANN, "photos", name), 90 * DAY)
    assert await found(store, fix=True) == {f"blob without a row: {name}"}
    assert await store.blobs.exists(key)
    assert await found(store, fix=True, all=True) == set() and not await store.blobs.exists(key)


async def test_nothing_is_removed_where_another_database_may_have_it(
    store: Store, photo_bytes: bytes
) -> None:
    await store.photos.add(ANN, photo_bytes)
    names = named(*"123456", ending=".jpg")
    keys = [await put(store, blob_key("ben", "photos", name), 90 * DAY) for name in names]
    others = {f"blob without a row: {name}" for name in names}
    assert await found(store, fix=True) == others
    assert [await store.blobs.exists(key) for key in keys] == [True] * 6
    assert await found(store, fix=True, all=True) == set()


async def test_what_got_its_row_meanwhile_is_let_be(
    store: Store, photo_bytes: bytes, other_photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The clock of a bucket may be behind ours: then what was just put looks as if it were old.
    await store.photos.add(ANN, photo_bytes)
    photo = await store.photos.add(ANN, other_photo_bytes)
    await put(store, photo.blob, 90 * DAY)
    async with store.database.write() as connection:
        await connection.execute(delete(photos).where(photos.c.id == photo.id))
    judged = store_sweep._judged

    async def then_it_comes(*asked: Any) -> list[Finding]:
        first = await judged(*asked)
        async with store.database.write() as connection:
            await insert_if_new(connection, photos, vars(photo))
        return first

    monkeypatch.setattr(store_sweep, "_judged", then_it_comes)
    assert await found(store, fix=True) == set()
    assert await store.photos.bytes(ANN, photo.id)
