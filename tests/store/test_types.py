"""What goes in comes out the same on both databases."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from coach.store import Store
from coach.store.types import Unstorable


async def test_a_moment_comes_back_in_utc_to_the_microsecond(store: Store) -> None:
    moment = datetime(2026, 11, 20, 8, 30, 1, 123456, tzinfo=timezone(timedelta(hours=-5)))
    await store.people.ensure("anna")
    await store.consents.give("anna", statement="yes", until=moment.replace(year=2999))

    kept = await store.consents.require("anna")

    assert kept.until == datetime(2999, 11, 20, 13, 30, 1, 123456, tzinfo=UTC)
    assert kept.until.tzinfo is UTC
    assert kept.given_at.tzinfo is UTC


async def test_a_moment_without_a_zone_is_refused_before_it_is_stored(store: Store) -> None:
    await store.people.ensure("anna")

    with pytest.raises(Unstorable, match=r"datetime\.now\(UTC\)"):
        await store.consents.give("anna", statement="yes", until=datetime(2999, 1, 1))  # noqa: DTZ001

    assert await store.consents.active("anna", "pictures") is None


@pytest.mark.parametrize("user_id", ["", "x" * 201, "nul\0", "half \ud83d"])
async def test_a_user_id_that_cannot_be_kept_as_it_is_is_refused(store: Store, user_id: str) -> None:
    with pytest.raises(ValueError, match="1 to 200 characters"):
        await store.people.ensure(user_id)
    with pytest.raises(ValueError, match="1 to 200 characters"):
        await store.photos.list(user_id)


@pytest.mark.parametrize("user_id", ["a", "x" * 200, "Ælfric 👩‍🚀 <b>'; DROP TABLE people; --", "../..", " "])
async def test_any_other_text_is_a_user_id(store: Store, user_id: str) -> None:
    assert (await store.people.ensure(user_id)).user_id == user_id
    assert (await store.people.get(user_id)).user_id == user_id


async def test_text_that_postgresql_cannot_store_is_replaced_on_both(store: Store) -> None:
    await store.people.ensure("anna")

    await store.notes.add("anna", "one\0two \udc00 three 👩‍🚀")

    [note] = await store.notes.list("anna")
    assert note.text == "one\N{REPLACEMENT CHARACTER}two \N{REPLACEMENT CHARACTER} three 👩‍🚀"


async def test_json_is_kept_with_what_no_database_takes_replaced(store: Store) -> None:
    await store.people.ensure("anna")
    talk = await store.conversations.start("anna", coach="c", phase="p")
    message = {
        "role": "assistant",
        "content": None,
        "deep": [{"n\0": "\ud800"}, float("nan"), float("-inf"), 0.25, 2**60, True, (1, 2)],
        "text": json.dumps("\0"),
    }

    await store.conversations.append("anna", talk.id, message)

    [kept] = await store.conversations.messages("anna", talk.id)
    mark = "\N{REPLACEMENT CHARACTER}"
    assert kept.content == {
        "role": "assistant",
        "content": None,
        "deep": [{f"n{mark}": mark}, None, None, 0.25, 2**60, True, [1, 2]],
        "text": '"\\u0000"',
    }
