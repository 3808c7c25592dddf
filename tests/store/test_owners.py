"""Somebody else's thing and a missing thing give the same answer, and nothing of it changes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from coach.errors import NotFound
from coach.store import Store
from tests.store._rows import add_versions


@dataclass(frozen=True, kw_only=True)
class Things:
    """The ids of one person's things."""

    photo: str = "missing-photo"
    identity: str = "missing-identity"
    version: str = "missing-version"
    talk: str = "missing-talk"


async def fill(store: Store, user_id: str, photo: bytes) -> Things:
    await store.people.ensure(user_id)
    identity = await store.identities.add(user_id, "Guide")
    [version] = await add_versions(store, user_id, identity.id)
    talk = await store.conversations.start(user_id, coach="c", phase="p")
    kept = await store.photos.add(user_id, photo)
    return Things(photo=kept.id, identity=identity.id, version=version.id, talk=talk.id)


Ask = Callable[[Store, str, Things, Things], Awaitable[Any]]
# Who asks, then what is asked for, then what the asking person has themselves. What takes away comes last.
ASKS: dict[str, Ask] = {
    "photos.get": lambda s, who, it, own: s.photos.get(who, it.photo),
    "photos.bytes": lambda s, who, it, own: s.photos.bytes(who, it.photo),
    "photos.link": lambda s, who, it, own: s.photos.link(who, it.photo),
    "identities.get": lambda s, who, it, own: s.identities.get(who, it.identity),
    "identities.focus": lambda s, who, it, own: s.identities.focus(who, it.identity),
    "identities.update": lambda s, who, it, own: s.identities.update(who, it.identity, name="x"),
    "versions.list": lambda s, who, it, own: s.versions.list(who, it.identity),
    "versions.outline": lambda s, who, it, own: s.versions.outline(who, it.identity),
    "versions.get": lambda s, who, it, own: s.versions.get(who, own.identity, it.version),
    "versions.get its identity": lambda s, who, it, own: s.versions.get(who, it.identity, "v1"),
    "versions.find": lambda s, who, it, own: s.versions.find(who, it.version),
    "versions.accept": lambda s, who, it, own: s.versions.accept(who, own.identity, it.version),
    "versions.bytes": lambda s, who, it, own: s.versions.bytes(who, it.version),
    "versions.link": lambda s, who, it, own: s.versions.link(who, it.version),
    "conversations.get": lambda s, who, it, own: s.conversations.get(who, it.talk),
    "conversations.messages": lambda s, who, it, own: s.conversations.messages(who, it.talk),
    "conversations.append": lambda s, who, it, own: s.conversations.append(who, it.talk, {"role": "user"}),
    "conversations.move": lambda s, who, it, own: s.conversations.move(who, it.talk, "x"),
    "identities.merge": lambda s, who, it, own: s.identities.merge(who, [own.identity, it.identity], "x"),
    "photos.remove": lambda s, who, it, own: s.photos.remove(who, it.photo),
    "identities.archive": lambda s, who, it, own: s.identities.archive(who, it.identity),
}


async def answer(ask: Awaitable[Any], ref: Things) -> str:
    """The refusal, with what was asked for struck out."""
    with pytest.raises(NotFound) as refusal:
        await ask
    said = f"{refusal.value.kind}: {refusal.value}"
    for value in vars(ref).values():
        said = said.replace(value, "…")
    return said


async def snapshot(store: Store, user_id: str) -> list[Any]:
    identities = await store.identities.list(user_id, archived=True)
    talks = await store.conversations.list(user_id)
    return [
        identities,
        talks,
        await store.photos.list(user_id),
        [await store.versions.list(user_id, identity.id) for identity in identities],
        [await store.conversations.messages(user_id, talk.id) for talk in talks],
    ]


async def test_what_is_somebody_elses_is_not_there(
    store: Store, photo_bytes: bytes, other_photo_bytes: bytes
) -> None:
    hers = await fill(store, "anna", photo_bytes)
    his = await fill(store, "ben", other_photo_bytes)
    missing = Things()
    before = await snapshot(store, "anna"), await snapshot(store, "ben")

    for name, ask in ASKS.items():
        told = {
            await answer(ask(store, "anna", his, hers), his),
            await answer(ask(store, "anna", missing, hers), missing),
        }
        assert len(told) == 1, name

    assert (await snapshot(store, "anna"), await snapshot(store, "ben")) == before


async def test_what_is_ones_own_is_there(store: Store, photo_bytes: bytes) -> None:
    hers = await fill(store, "anna", photo_bytes)
    spare = Things(identity=(await store.identities.add("anna", "Spare")).id)
    await store.blobs.put((await store.versions.find("anna", hers.version)).blob, b"x", "image/png")

    for name, ask in ASKS.items():
        await ask(store, "anna", spare if name == "identities.merge" else hers, hers)
