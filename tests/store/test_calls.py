"""The journal in the database does what the engine's protocol says, and only once."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from coach.errors import NotFound
from coach.pending import CallRecord, Journal, MemoryJournal, digest_of
from coach.store import FolderBlobs, Store

NOW = datetime.now(UTC)
UNTIL = NOW + timedelta(hours=1)  # later than the last test, whatever else runs
ARGUMENTS = {"identity_id": "i1", "version": None, "share": 0.25, "tags": ["a", {"b": True}]}
WAITING = CallRecord(
    user_id="anna",
    conversation_id="",
    call_id="call_1",
    action="accept_identity_visualization",
    arguments=ARGUMENTS,
    digest=digest_of("accept_identity_visualization", ARGUMENTS),
    phase="identity_visualization",
    prompt_version="0a1b2c3d",
    state="waiting",
    say="Waiting for a yes.",
    expires_at=UNTIL,
    created_at=NOW,
)


@pytest.fixture(params=["database", "memory"])
async def journal(request: pytest.FixtureRequest, store: Store) -> Journal:
    """Both journals, so that they stay alike."""
    await store.people.ensure("anna")
    await store.people.ensure("ben")
    return store.calls if request.param == "database" else MemoryJournal()


async def test_a_call_is_kept_once_and_comes_back_whole(journal: Journal) -> None:
    assert await journal.begin(WAITING) is None
    assert await journal.begin(replace(WAITING, action="another", say="")) == WAITING
    assert await journal.waiting("anna", "") == [WAITING]
    assert digest_of(WAITING.action, WAITING.arguments) == WAITING.digest


async def test_the_same_call_id_elsewhere_is_another_call(journal: Journal) -> None:
    assert await journal.begin(WAITING) is None
    assert await journal.begin(replace(WAITING, conversation_id="c1")) is None
    assert await journal.begin(replace(WAITING, user_id="ben")) is None

    assert len(await journal.waiting("anna", "c1")) == 1
    assert await journal.claim("ben", "c1", "call_1", WAITING.digest, NOW) is None


async def test_a_finished_call_tells_how_it_ended(journal: Journal) -> None:
    await journal.begin(replace(WAITING, state="running"))
    ended = replace(WAITING, state="done", say="Accepted.", data={"version": "v1"}, next="wrap_up")

    await journal.finish(ended)

    stored = await journal.begin(WAITING)
    assert stored is not None and stored.finished_at is not None
    assert replace(stored, finished_at=None) == ended
    assert await journal.find("anna", "", "call_1") == stored
    assert await journal.find("ben", "", "call_1") is None
    assert await journal.waiting("anna", "") == []


async def test_a_yes_counts_once_in_time_and_for_these_arguments(journal: Journal) -> None:
    await journal.begin(WAITING)

    assert await journal.claim("anna", "", "call_1", "0" * 64, NOW) is None
    assert await journal.claim("anna", "", "call_2", WAITING.digest, NOW) is None
    assert await journal.claim("anna", "", "call_1", WAITING.digest, UNTIL) is None
    assert await journal.claim("anna", "", "call_1", WAITING.digest, NOW) == replace(WAITING, state="running")
    assert await journal.claim("anna", "", "call_1", WAITING.digest, NOW) is None


async def test_what_has_expired_no_longer_waits(journal: Journal) -> None:
    await journal.begin(replace(WAITING, call_id="old", expires_at=NOW - timedelta(seconds=1)))
    endless = replace(WAITING, call_id="endless", expires_at=None)
    await journal.begin(endless)

    assert await journal.waiting("anna", "") == [endless]


async def test_of_many_at_once_one_begins_and_one_claims(store: Store, database_url: str) -> None:
    await store.people.ensure("anna")
    other = await Store.open(database_url, blobs=FolderBlobs("unused"))
    places = [store, other] * 8

    begun = await asyncio.gather(*(place.calls.begin(WAITING) for place in places))
    claimed = await asyncio.gather(
        *(place.calls.claim("anna", "", "call_1", WAITING.digest, NOW) for place in places)
    )

    assert sorted(record is None for record in begun) == [False] * 15 + [True]
    assert sorted(record is not None for record in claimed) == [False] * 15 + [True]
    await other.close()


@pytest.mark.parametrize("call_id", ["", "x" * 100_000, "👩‍🚀'; --", "nul\0"])
async def test_a_call_id_is_whatever_the_model_wrote(store: Store, call_id: str) -> None:
    await store.people.ensure("anna")
    record = replace(WAITING, call_id=call_id)

    assert await store.calls.begin(record) is None
    assert await store.calls.begin(record) is not None
    claimed = await store.calls.claim("anna", "", call_id, WAITING.digest, NOW)
    assert claimed is not None
    await store.calls.finish(replace(claimed, state="done"))


async def test_a_call_that_was_never_made_cannot_end(store: Store) -> None:
    with pytest.raises(NotFound, match="There is no call"):
        await store.calls.finish(WAITING)
