"""A person's workshop: where pictures are that are of no identity, and that nobody takes for one."""

import asyncio

import pytest
from alembic import command
from sqlalchemy import func, select

from coach.errors import Erasing, NotFound
from coach.store import FolderBlobs, Store
from coach.store.erase import begin
from coach.store.migrate import config_for
from coach.store.tables import identities
from tests.store._rows import add_versions


async def test_everybody_who_asks_at_once_gets_the_same_one(store: Store, database_url: str) -> None:
    other = await Store.open(database_url, blobs=FolderBlobs("unused"))
    made = await asyncio.gather(
        *(place.identities.workshop(who) for place in (store, other) for who in ("anna", "ben") * 6)
    )
    assert len({workshop.id for workshop in made}) == 2
    assert {(each.kind, each.handle, each.current) for each in made} == {("workshop", "workshop", False)}
    async with store.database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(identities)) == 2
    await other.close()


async def test_it_is_seen_by_nobody_who_looks_for_identities(store: Store) -> None:
    workshop = await store.identities.workshop("anna")
    first = await store.identities.add("anna", "Baker")
    assert (first.handle, first.kind) == ("i1", "identity"), "it takes no number of theirs"
    assert await store.identities.list("anna", archived=True) == [first]
    assert await store.identities.current("anna") is None
    assert await store.identities.get("anna", workshop.id) == workshop
    for ref in ("i0", "workshop", workshop.handle):
        with pytest.raises(NotFound):
            await store.identities.get("anna", ref)
    with pytest.raises(NotFound):
        await store.identities.get("ben", workshop.id)


async def test_it_cannot_be_changed_merged_or_put_away(store: Store) -> None:
    workshop = await store.identities.workshop("anna")
    await store.identities.add("anna", "Baker")
    for change in (
        lambda: store.identities.focus("anna", workshop.id),
        lambda: store.identities.update("anna", workshop.id, name="Me"),
        lambda: store.identities.merge("anna", ["i1", workshop.id], "Me"),
        lambda: store.identities.archive("anna", workshop.id),
    ):
        with pytest.raises(NotFound, match="There is no identity"):
            await change()
    assert await store.identities.workshop("anna") == workshop


async def test_it_has_versions_as_an_identity_has(store: Store) -> None:
    workshop = await store.identities.workshop("anna")
    [first] = await add_versions(store, "anna", workshop.id)
    [second] = await add_versions(store, "anna", workshop.id, parent_id=first.id)
    assert [node.handle for node in await store.versions.tree("anna", workshop.id)] == ["v1", "v2"]
    accepted = await store.versions.accept("anna", workshop.id, "v2")
    assert (accepted.id, accepted.parent_id) == (second.id, first.id)
    assert (await store.identities.workshop("anna")).accepted_version_id == second.id


async def test_of_somebody_who_is_being_erased_none_is_made(store: Store) -> None:
    await store.people.ensure("anna")
    await begin(store.database, "anna")
    with pytest.raises(Erasing):
        await store.identities.workshop("anna")


async def test_it_stays_one_when_the_tables_go_back_and_forth(store: Store) -> None:
    workshop = await store.identities.workshop("anna")
    baker = await store.identities.add("anna", "Baker")
    async with store.database.write() as connection:
        await connection.run_sync(lambda plain: command.downgrade(config_for(plain), "0002"))
        await connection.run_sync(lambda plain: command.upgrade(config_for(plain), "head"))
    assert await store.identities.list("anna") == [baker]
    assert await store.identities.workshop("anna") == workshop
