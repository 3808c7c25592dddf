"""Versions: the pictures of an identity."""

import asyncio
from dataclasses import asdict

import pytest
from sqlalchemy.exc import IntegrityError

from coach.errors import NotFound
from coach.store import FolderBlobs, Identity, Store, Version
from coach.store._handles import next_handle, read_handle
from coach.store.versions import insert_rows
from tests.store._rows import PICTURE, add_versions


@pytest.fixture
async def guide(store: Store) -> Identity:
    await store.people.ensure("anna")
    return await store.identities.add("anna", "Night-sky guide")


async def test_versions_are_numbered_per_identity(store: Store, guide: Identity) -> None:
    baker = await store.identities.add("anna", "Baker")

    first, second = await add_versions(store, "anna", guide.id, count=2)
    [third] = await add_versions(store, "anna", guide.id, parent_id=second.id)
    [other] = await add_versions(store, "anna", baker.id)

    assert [version.handle for version in (first, second, third, other)] == ["v1", "v2", "v3", "v1"]
    assert await store.versions.list("anna", "i1") == [first, second, third]
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


FAMILY = [f"v1{chr(ord('a') + place)}" for place in range(26)]


@pytest.mark.parametrize(
    ("existing", "parent", "handle"),
    [
        ([], None, "v1"),
        (["v1"], None, "v2"),
        (["v1"], "v1", "v2"),
        (["v1", "v2", "v3"], "v2", "v2a"),
        (["v1", "v2", "v3", "v2a"], "v2a", "v2b"),
        (["v1", "v2", "v3", "v2a", "v2b"], "v2", "v2c"),
        (["v1", "v2", "v2a", "v10"], "v10", "v11"),
        (["v1", "v2", "v1a"], "v2", "v3"),
        (["v1", "v2", *FAMILY], "v1", "v1aa"),
        (["v1", "v2", *FAMILY, "v1aa", "v1az"], "v1aa", "v1ba"),
        (["v12", "v12a", "v1"], "v1", "v1a"),
    ],
)
def test_what_a_picture_is_called_says_what_it_was_made_from(
    existing: list[str], parent: str | None, handle: str
) -> None:
    assert next_handle(existing, parent) == handle


@pytest.mark.parametrize(
    "ref", ["v0", "v01", "v1A", "V1", "v", "va", "v1-a", "v1\n", "v1234567890", "v1٣", "i1"]
)
def test_what_is_no_handle_is_not_read_as_one(ref: str) -> None:
    assert read_handle(ref) is None
    assert read_handle("v12ab") == (12, "ab")


async def test_handles_are_given_once_even_to_many_at_once(
    store: Store, guide: Identity, database_url: str
) -> None:
    other = await Store.open(database_url, blobs=FolderBlobs("unused"))
    [first] = await add_versions(store, "anna", guide.id)

    await asyncio.gather(
        *(
            add_versions(place, "anna", guide.id, count=2, parent_id=parent)
            for place in (store, other)
            for parent in (None, None, None, first.id, first.id)
        )
    )

    made = await store.versions.list("anna", "i1")
    assert [version.number for version in made] == list(range(1, 22))
    assert len({version.handle for version in made}) == 21
    assert {version.parent_id for version in made if version.handle[-1].isalpha()} == {first.id}
    await other.close()


async def test_several_pictures_of_one_generation_stay_together(store: Store, guide: Identity) -> None:
    first, second = await add_versions(store, "anna", guide.id, count=2)

    older = await add_versions(store, "anna", guide.id, count=3, parent_id=first.id)
    newest = await add_versions(store, "anna", guide.id, count=2, parent_id=second.id)
    again = await add_versions(store, "anna", guide.id, parent_id=older[1].id)

    assert [version.handle for version in older] == ["v1a", "v1b", "v1c"]
    assert [version.handle for version in newest] == ["v3", "v4"]
    assert [version.handle for version in again] == ["v1d"]
    assert await store.versions.get("anna", "i1", "v1b") == older[1]


async def test_the_tree_knows_what_each_was_made_from_and_how_far_from_the_photos(
    store: Store, guide: Identity
) -> None:
    def asked(*versions: Version, photo: bool = True) -> dict[str, object]:
        references = [{"kind": "version", "id": version.id} for version in versions]
        return {"references": [*references, *([{"kind": "photo", "id": "p"}] if photo else [])]}

    tree: dict[str, Version] = {}

    async def add(parent: str | None, request: object, wish: str | None = None) -> None:
        parent_id = tree[parent].id if parent else None
        [made] = await add_versions(
            store, "anna", guide.id, parent_id=parent_id, request=request, wish=wish, actual_micros=7
        )
        tree[made.handle] = made

    await add(None, asked(), "on a hill")
    await add("v1", asked(tree["v1"]), "at sunrise")
    await add("v2", asked(tree["v2"]), "with a scarf")
    await add("v1", asked(tree["v1"]), "in snow")
    await add("v3", asked())  # rendered afresh: made from the photos, but for what v3 was to become
    await add("v4", None)  # from before requests were kept

    nodes = await store.versions.tree("anna", "i1")
    assert [(node.handle, node.parent, node.depth) for node in nodes] == [
        ("v1", None, 0),
        ("v2", "v1", 1),
        ("v3", "v2", 2),
        ("v1a", "v1", 1),
        ("v4", "v3", 0),
        ("v5", "v4", 1),
    ]
    assert nodes[1].made.wish == "at sunrise" and nodes[1].made.actual_micros == 7
    assert [one["kind"] for one in nodes[1].made.references] == ["version", "photo"]
    assert nodes[5].made.references == () and nodes[5].made.pictures == 1
    assert nodes[1].likeness is None
    assert await store.versions.node("anna", "i1", "v1a") == nodes[3]
    assert await store.versions.node("anna", "i1", nodes[2].version.id) == nodes[2]
    with pytest.raises(NotFound, match="There is no version 'v9'"):
        await store.versions.node("anna", "i1", "v9")
    for reading in (store.versions.tree("bob", "i1"), store.versions.node("bob", "i1", "v1")):
        with pytest.raises(NotFound, match="There is no identity"):
            await reading


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
    assert len(await store.versions.list("anna", "i1")) == 2


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


async def test_the_outline_says_the_same_as_the_tree(store: Store, guide: Identity) -> None:
    baker = await store.identities.add("anna", "Baker")
    [elsewhere] = await add_versions(store, "anna", baker.id)
    [first] = await add_versions(store, "anna", guide.id, parent_id=elsewhere.id, wish="on a hill")
    await add_versions(store, "anna", guide.id, parent_id=first.id, wish="at night")
    await add_versions(store, "anna", guide.id, parent_id=first.id)
    await store.versions.accept("anna", "i1", "v1a")

    found = await store.versions.outline("anna", "i1")

    assert [(each.handle, each.parent, each.wish, each.likeness, each.accepted) for each in found] == [
        (node.handle, node.parent, node.made.wish, node.likeness, node.version.accepted_at is not None)
        for node in await store.versions.tree("anna", "i1")
    ]
    assert [(each.parent, each.accepted) for each in found] == [(None, False), ("v1", False), ("v1", True)]
    with pytest.raises(NotFound):
        await store.versions.outline("ben", "i1")
