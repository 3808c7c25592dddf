"""Identities, their handles, and which one the talk is about."""

import asyncio

import pytest

from coach.errors import Conflict, NotFound
from coach.store import FolderBlobs, Identity, Store
from tests.store._rows import add_versions


@pytest.fixture
async def three(store: Store) -> list[Identity]:
    await store.people.ensure("anna")
    names = ("Night-sky guide", "Baker", "Runner")
    return [await store.identities.add("anna", name, f"note on {name}") for name in names]


async def test_a_new_identity_is_proposed_and_not_the_current_one(store: Store) -> None:
    await store.people.ensure("anna")

    identity = await store.identities.add("anna", "Night-sky guide", "loves the dark")

    assert (identity.handle, identity.name, identity.note) == ("i1", "Night-sky guide", "loves the dark")
    assert (identity.stage, identity.current, identity.archived_at) == ("proposed", False, None)
    assert (identity.statement, identity.visualization, identity.accepted_version_id) == (None, None, None)
    assert await store.identities.current("anna") is None


async def test_an_identity_is_found_by_handle_and_by_id(store: Store, three: list[Identity]) -> None:
    for identity in three:
        assert await store.identities.get("anna", identity.handle) == identity
        assert await store.identities.get("anna", identity.id) == identity


@pytest.mark.parametrize(
    "ref", ["i4", "i0", "i01", "I1", "i1 ", "1", "", "i٣", "i-1", "i99999999999999999999", "i1\0", "x" * 9999]
)
async def test_whatever_else_is_asked_for_is_not_there(store: Store, three: list[Identity], ref: str) -> None:
    with pytest.raises(NotFound, match="There is no identity"):
        await store.identities.get("anna", ref)


async def test_handles_are_given_once_even_to_many_at_once(store: Store, database_url: str) -> None:
    await store.people.ensure("anna")
    await store.people.ensure("ben")
    other = await Store.open(database_url, blobs=FolderBlobs("unused"))

    made = await asyncio.gather(
        *(place.identities.add(who, "x") for place in (store, other) for who in ("anna", "ben") * 6)
    )

    for who in ("anna", "ben"):
        handles = {identity.handle for identity in made if identity.user_id == who}
        assert handles == {f"i{number}" for number in range(1, 13)}
    await other.close()


async def test_only_what_is_named_changes(store: Store, three: list[Identity]) -> None:
    changed = await store.identities.update("anna", "i2", statement="I am a baker.", stage="stated")

    assert (changed.name, changed.note) == ("Baker", "note on Baker")
    assert (changed.statement, changed.stage) == ("I am a baker.", "stated")
    assert changed.updated_at > three[1].updated_at
    assert (await store.identities.update("anna", "i2", statement=None)).statement is None
    assert await store.identities.get("anna", "i1") == three[0]


async def test_a_stage_that_was_reached_is_never_gone_back_from(store: Store, three: list[Identity]) -> None:
    stages = ("refined", "proposed", "stated", "accepted")

    await asyncio.gather(*(store.identities.update("anna", "i1", stage=stage) for stage in stages))

    assert (await store.identities.get("anna", "i1")).stage == "stated"


async def test_one_identity_is_current_even_when_many_are_chosen_at_once(
    store: Store, three: list[Identity], database_url: str
) -> None:
    other = await Store.open(database_url, blobs=FolderBlobs("unused"))
    handles = [identity.handle for identity in three] * 3

    await asyncio.gather(
        *(place.identities.focus("anna", handle) for place in (store, other) for handle in handles)
    )

    current = [identity for identity in await store.identities.list("anna") if identity.current]
    assert current == [await store.identities.current("anna")]
    await other.close()


async def test_an_archived_identity_is_kept_but_not_listed(store: Store, three: list[Identity]) -> None:
    await store.identities.focus("anna", "i2")

    archived = await store.identities.archive("anna", "i2")

    assert archived.archived_at is not None
    assert await store.identities.archive("anna", "i2") == archived
    assert await store.identities.current("anna") is None
    assert [identity.handle for identity in await store.identities.list("anna")] == ["i1", "i3"]
    assert len(await store.identities.list("anna", archived=True)) == 3
    assert (await store.identities.add("anna", "new")).handle == "i4"
    with pytest.raises(Conflict, match="i2 is archived"):
        await store.identities.focus("anna", "i2")


async def test_merging_keeps_the_first_with_every_note(store: Store, three: list[Identity]) -> None:
    await add_versions(store, "anna", three[0].id, count=2)
    await store.identities.focus("anna", "i3")

    merged = await store.identities.merge("anna", ["i1", three[2].id, "i1"], "Night runner")

    assert (merged.handle, merged.name) == ("i1", "Night runner")
    assert merged.note == "note on Night-sky guide\nnote on Runner"
    assert merged.current
    assert [identity.handle for identity in await store.identities.list("anna")] == ["i1", "i2"]
    assert len(await store.versions.list("anna", "i1")) == 2


@pytest.mark.parametrize("refs", [[], ["i1"], ["i1", "i1"]])
async def test_merging_takes_two_different_ones(store: Store, three: list[Identity], refs: list[str]) -> None:
    with pytest.raises(Conflict, match="at least two"):
        await store.identities.merge("anna", refs, "x")


async def test_a_merge_that_fails_changes_nothing(store: Store, three: list[Identity]) -> None:
    with pytest.raises(NotFound, match="'i9'"):
        await store.identities.merge("anna", ["i1", "i2", "i9"], "x")

    assert await store.identities.list("anna") == three
