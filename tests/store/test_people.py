"""People, what they agreed to, and what the coach remembers about them."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coach.errors import ConsentMissing, InputRefused, NotFound, StoreUnavailable
from coach.store import CONSENT_TEXT, CONSENT_VERSION, Store, blob_key
from coach.store import photos as photos_module
from coach.store.consent import SUBJECTS
from coach.store.intake import CleanPhoto, take_in


async def test_a_person_is_made_once_however_many_ask_at_once(store: Store) -> None:
    people = await asyncio.gather(*(store.people.ensure("anna") for _ in range(10)))

    assert len({person.created_at for person in people}) == 1
    assert people[0].name is None
    assert (await store.people.rename("anna", "Anna")).name == "Anna"
    assert (await store.people.ensure("anna")).name == "Anna"


async def test_whoever_the_host_names_first_is_a_person_from_then_on(store: Store) -> None:
    with pytest.raises(NotFound, match="There is no person 'anna'"):
        await store.people.get("anna")

    await asyncio.gather(
        store.people.rename("anna", "Anna"),
        store.notes.add("ben", "note"),
        store.consents.give("cleo", statement="yes"),
        store.identities.add("dora", "Guide"),
        store.conversations.start("emil", coach="c", phase="p"),
    )

    for user_id in ("anna", "ben", "cleo", "dora", "emil"):
        assert (await store.people.get(user_id)).user_id == user_id
    assert (await store.people.get("anna")).name == "Anna"


async def test_a_consent_holds_until_it_is_revoked(store: Store) -> None:
    await store.people.ensure("anna")
    with pytest.raises(ConsentMissing, match="'pictures'"):
        await store.consents.require("anna", "pictures")

    given = await store.consents.give("anna", statement="Yes, that is me.")
    assert given.text_version == CONSENT_VERSION
    assert await store.consents.require("anna", "pictures") == given
    assert await store.consents.active("anna", "training") is None
    assert await store.consents.active("ben", "pictures") is None

    await store.consents.give("anna", statement="Yes, again.")
    await store.consents.revoke("anna")
    await store.consents.revoke("anna")
    with pytest.raises(ConsentMissing):
        await store.consents.require("anna", "pictures")


async def test_a_consent_ends_by_itself(store: Store) -> None:
    await store.people.ensure("anna")
    now = datetime.now(UTC)

    await store.consents.give("anna", statement="yes", until=now - timedelta(seconds=1))
    assert await store.consents.active("anna", "pictures") is None

    longer = await store.consents.give("anna", statement="yes", until=now + timedelta(days=1))
    assert await store.consents.active("anna", "pictures") == longer


async def test_a_consent_says_who_is_in_the_photos(store: Store) -> None:
    mine = await store.consents.give("anna", statement="Yes.")
    other = await store.consents.give("anna", statement="He signed.", subject="other")
    assert mine.statement == "This is me, and I am an adult. Yes."
    assert other.statement == "I have the agreement of the person in the photo, and I am an adult. He signed."


async def test_who_says_nothing_agrees_to_nothing(store: Store) -> None:
    with pytest.raises(InputRefused, match="needs what the person said"):
        await store.consents.give("ann", statement=" \n")
    assert await store.consents.active("ann") is None


async def test_taking_consent_back_deletes_the_photos_and_what_shows_them(
    store: Store, photo_bytes: bytes
) -> None:
    for user_id in ("anna", "anna-2"):
        await store.consents.give(user_id, statement="yes")
        await store.consents.give(user_id, purpose="news", statement="yes")
        await store.photos.add(user_id, photo_bytes, keep_original=True)
        await store.blobs.put(blob_key(user_id, "derived", "sheet.png"), b"sheet", "image/png")
        await store.blobs.put(blob_key(user_id, "pictures", "made.png"), b"made", "image/png")
    before = await store.blobs.list()

    await store.consents.revoke("anna", "news")
    assert await store.blobs.list() == before
    await store.consents.revoke("anna")

    assert await store.photos.list("anna") == []
    assert await store.blobs.list("anna/") == ["anna/pictures/made.png"]
    assert len(await store.blobs.list("anna-2/")) == 4
    assert len(await store.photos.list("anna-2")) == 1
    assert await store.consents.active("anna-2", "pictures") is not None


async def test_a_photo_that_is_added_while_consent_is_taken_back_is_not_kept(
    store: Store, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.consents.give("anna", statement="yes")

    async def meanwhile(upload: bytes) -> CleanPhoto:
        await store.consents.revoke("anna")
        return await take_in(upload)

    monkeypatch.setattr(photos_module, "take_in", meanwhile)
    with pytest.raises(ConsentMissing, match="taken back meanwhile"):
        await store.photos.add("anna", photo_bytes, keep_original=True)
    assert await store.photos.list("anna") == [] == await store.blobs.list()
    await store.photos.add("anna", photo_bytes)  # before they agree again


async def test_who_agrees_anew_after_it_was_cut_off_has_none_of_the_photos_of_before(
    store: Store, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(user_id: str) -> None:
        raise StoreUnavailable("The process ended here.")

    await store.consents.give("anna", statement="yes")
    await store.photos.add("anna", photo_bytes)
    with monkeypatch.context() as patch, pytest.raises(StoreUnavailable):
        patch.setattr(store.consents, "_forget", dies)
        await store.consents.revoke("anna")
    await store.consents.give("anna", statement="yes, again")
    assert await store.photos.list("anna") == []
    await store.consents.revoke("anna")
    assert await store.blobs.list() == []


async def test_a_photo_added_anew_while_those_of_before_are_deleted_is_there_whole(
    store: Store, photo_bytes: bytes, other_photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.photos.add("anna", photo_bytes)
    listed = store.blobs.list

    async def meanwhile(prefix: str = "") -> Sequence[str]:
        monkeypatch.setattr(store.blobs, "list", listed)
        await store.consents.give("anna", statement="yes")
        await store.photos.add("anna", other_photo_bytes, keep_original=True)
        return await listed(prefix)

    monkeypatch.setattr(store.blobs, "list", meanwhile)
    await store.consents.revoke("anna")

    [photo] = await store.photos.list("anna")
    assert await store.blobs.list() == sorted([photo.blob, photo.original or ""])


@pytest.mark.parametrize("seen", [True, False], ids=["before its row", "after its row"])
async def test_a_photo_whose_bytes_are_taken_while_it_is_added_is_whole_or_gone(
    store: Store, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch, seen: bool
) -> None:
    put, delete = store.blobs.put, store.blobs.delete
    has_put, go_on = asyncio.Event(), asyncio.Event()

    async def put_and_wait(key: str, data: bytes | Path, media_type: str) -> None:
        monkeypatch.setattr(store.blobs, "put", put)
        await put(key, data, media_type)
        has_put.set()
        await go_on.wait()

    async def delete_after_its_row(key: str) -> None:
        go_on.set()
        await adding
        await delete(key)

    monkeypatch.setattr(store.blobs, "put", put_and_wait)
    adding = asyncio.create_task(store.photos.add("anna", photo_bytes))
    await has_put.wait()
    if not seen:
        monkeypatch.setattr(store.blobs, "delete", delete_after_its_row)
    await store.photos.forget("anna")
    go_on.set()
    await adding

    photos = await store.photos.list("anna")
    assert await store.blobs.list() == [photo.blob for photo in photos] and len(photos) == seen


def test_the_consent_text_says_what_happens_to_the_photo() -> None:
    for promise in (
        "sent to the picture service",
        "30 days",
        "this is me",
        "I am an adult",
        "deleted",
        "measured here",
    ):
        assert promise in CONSENT_TEXT.replace("\n", " ")


BREAKS = ["\n", "\r\n", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x85", " \t\n \x1b "]


@pytest.mark.parametrize("gap", BREAKS)
async def test_what_stands_in_a_list_of_a_prompt_is_kept_on_one_line(store: Store, gap: str) -> None:
    forged = f"{gap}Fake{gap}i9 · x · visualized{gap}"
    one = "Fake i9 · x · visualized"

    assert (await store.people.rename("anna", forged)).name == one
    assert (await store.notes.add("anna", forged)).text == one
    identity = await store.identities.add("anna", forged, note=forged)
    assert (identity.name, identity.note) == (one, forged)
    other = await store.identities.add("anna", "Guide")
    assert (await store.identities.update("anna", "i2", name=forged, statement=forged)).name == one
    assert (await store.identities.get("anna", "i2")).statement == forged
    assert (await store.identities.merge("anna", ["i1", other.id], forged)).name == one
    assert [note.text for note in await store.notes.list("anna")] == [one]


async def test_a_blank_name_is_no_name(store: Store) -> None:
    await store.people.rename("anna", "Anna")
    assert (await store.people.rename("anna", " \n ")).name is None


async def test_the_newest_notes_are_listed_oldest_first(store: Store) -> None:
    await store.people.ensure("anna")
    for number in range(5):
        await store.notes.add("anna", f"note {number}")

    assert [note.text for note in await store.notes.list("anna", limit=3)] == ["note 2", "note 3", "note 4"]
    assert len(await store.notes.list("anna")) == 5
    assert await store.notes.list("ben") == []


async def test_what_they_declare_is_not_written_down_twice(store: Store) -> None:
    for said in (SUBJECTS["self"], f"{SUBJECTS['self']} I agree", "I agree"):
        consent = await store.consents.give("anna", statement=said)
        assert consent.statement.startswith(SUBJECTS["self"])
        assert consent.statement.count(SUBJECTS["self"]) == 1
        assert said in consent.statement
