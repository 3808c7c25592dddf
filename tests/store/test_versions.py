"""Versions: the pictures of an identity."""

import asyncio
from dataclasses import asdict

import pytest
from sqlalchemy.exc import IntegrityError

from coach.errors import NotFound
from coach.store import FolderBlobs, Identity, Store
from coach.store.versions import insert_rows
from tests.store._rows import PICTURE, add_versions


@pytest.fixture
async def guide(store: Store) -> Identity:
    await store.people.ensure("anna")
    return await store.identities.add("anna", "Night-sky guide")


async def test_versions_are_numbered_per_identity(store: Store, guide: Identity) -> None:
    baker = await store.identities.add("anna", "Baker")
    assert await store.versions.latest("anna", "i1") is None

    first, second = await add_versions(store, "anna", guide.id, count=2)
    [third] = await add_versions(store, "anna", guide.id, parent_id=second.id)
    [other] = await add_versions(store, "anna", baker.id)

    assert [version.handle for version in (first, second, third, other)] == ["v1", "v2", "v3", "v1"]
    assert await store.versions.list("anna", "i1") == [first, second, third]
    assert await store.versions.latest("anna", "i1") == third
    assert third.parent_id == second.id
    assert asdict(third)["handle"] == "v3"
    for ref in ("v1", first.id):
        assert await store.versions.get("anna", "i1", ref) == first
    assert await store.versions.find("anna", other.id) == other


@pytest.mark.parametrize("ref", ["v2", "v0", "1", "", "V1", "v1\0"])
async def test_another_version_is_not_there(store: Store, guide: Identity, ref: str) -> None:
    baker = await store.identities.add("anna", "Baker")
    await add_versions(store, "anna", guide.id)
    [elsewhere] = await add_versions(store, "anna", baker.id)

    for wrong in (ref, elsewhere.id):
        with pytest.raises(NotFound, match="There is no version"):
            await store.versions.get("anna", "i1", wrong)


async def test_handles_are_given_once_even_to_many_at_once(
    store: Store, guide: Identity, database_url: str
) -> None:
    other = await Store.open(database_url, blobs=FolderBlobs("unused"))

    await asyncio.gather(
        *(add_versions(place, "anna", guide.id, count=2) for place in (store, other) for _ in range(5))
    )

    numbers = [version.number for version in await store.versions.list("anna", "i1")]
    assert numbers == list(range(1, 21))
    await other.close()


async def test_accepting_pins_one_and_frees_the_one_before(store: Store, guide: Identity) -> None:
    await add_versions(store, "anna", guide.id, count=2)

    first = await store.versions.accept("anna", "i1", "v1")
    assert first.accepted_at is not None
    assert await store.versions.accept("anna", "i1", "v1") == first
    identity = await store.identities.get("anna", "i1")
    assert (identity.accepted_version_id, identity.stage) == (first.id, "visualized")

    second = await store.versions.accept("anna", "i1", "v2")
    assert (await store.versions.get("anna", "i1", "v1")).accepted_at is None
    assert (await store.identities.get("anna", "i1")).accepted_version_id == second.id


async def test_one_version_is_pinned_even_when_many_are_accepted_at_once(
    store: Store, guide: Identity, database_url: str
) -> None:
    await add_versions(store, "anna", guide.id, count=4)
    other = await Store.open(database_url, blobs=FolderBlobs("unused"))

    await asyncio.gather(
        *(place.versions.accept("anna", "i1", f"v{n}") for place in (store, other) for n in (1, 2, 3, 4))
    )

    pinned = [version for version in await store.versions.list("anna", "i1") if version.accepted_at]
    assert len(pinned) == 1
    await other.close()


async def test_rows_that_fail_take_their_numbers_back(store: Store, guide: Identity) -> None:
    with pytest.raises(IntegrityError):
        await add_versions(store, "anna", guide.id, parent_id="nothing")

    assert await store.versions.list("anna", "i1") == []
    [version] = await add_versions(store, "anna", guide.id)
    assert version.handle == "v1"


async def test_rows_need_an_identity_of_the_same_person(store: Store, guide: Identity) -> None:
    rows = {"generation_id": "g", "parent_id": None, "prompt": "", "pictures": [PICTURE]}

    for owner, identity_id in (("anna", "somewhere"), ("ben", guide.id)):
        async with store.database.write() as connection:
            with pytest.raises(NotFound, match="There is no identity"):
                await insert_rows(connection, user_id=owner, identity_id=identity_id, **rows)


async def test_a_generation_without_pictures_adds_none(store: Store, guide: Identity) -> None:
    assert await add_versions(store, "anna", guide.id, count=0) == ()
    assert await store.versions.list("anna", "i1") == []


async def test_the_database_refuses_a_picture_under_another_persons_identity(
    store: Store, guide: Identity
) -> None:
    await store.people.ensure("ben")

    with pytest.raises(IntegrityError):
        await add_versions(store, "ben", guide.id)


async def test_the_bytes_come_back_as_they_were_put(store: Store, guide: Identity) -> None:
    [version] = await add_versions(store, "anna", guide.id)
    with pytest.raises(NotFound, match=r"There is no blob 'a\.png'"):
        await store.versions.bytes("anna", version.id)

    await store.blobs.put(PICTURE.blob, b"\x89PNG untouched", "image/png")

    assert await store.versions.bytes("anna", version.id) == b"\x89PNG untouched"
    assert (await store.versions.link("anna", version.id)).startswith("file:///")
