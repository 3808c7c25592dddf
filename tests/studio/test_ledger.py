"""The ledger: only legal moves, each by one writer, each with a line of history."""

import asyncio
from dataclasses import replace

import pytest

from coach.errors import Conflict, NotFound, PictureError
from coach.store import Store
from coach.studio import Generation
from coach.studio.budgets import Budgets
from coach.studio.ledger import Ledger
from tests.studio._rows import add_reserved, planned

ANY = Budgets()


async def history(store: Store, generation: Generation) -> list[tuple[int, str, str]]:
    steps = await Ledger(store.database).steps(generation.user_id, generation.id)
    return [(step.seq, step.state, step.detail) for step in steps]


async def test_a_generation_is_found_as_it_was_reserved(store: Store) -> None:
    ledger, row = Ledger(store.database), await planned(store.database, id="g1", key="k1", tenant="acme")
    reserved = await ledger.reserve(row, ANY)
    assert reserved.updated_at > row.updated_at
    moved = {"state": "reserved", "moves": 3, "held_micros": 100, "updated_at": reserved.updated_at}
    assert reserved == replace(row, **moved)
    read = await ledger.get("ana", "g1")
    assert replace(read, repairs=tuple(read.repairs)) == reserved
    assert await ledger.find("ana", "k1") == read
    assert await ledger.of_conversation("ana", "talk") == [read]
    assert await ledger.find("bob", "k1") is None
    for ask in (ledger.get, ledger.steps):
        with pytest.raises(NotFound, match="no generation 'g1'"):
            await ask("bob", "g1")


async def test_a_key_is_used_once_and_every_attempt_once(store: Store) -> None:
    first = await add_reserved(store.database, key="k")
    with pytest.raises(Conflict, match="being made by another process"):
        await add_reserved(store.database, key="k")
    assert await history(store, first) == [(1, "planned", ""), (2, "quoted", ""), (3, "reserved", "")]

    again = await add_reserved(store.database, key="k", attempt=2)
    assert (await Ledger(store.database).find("ana", "k") or again).id == again.id
    await add_reserved(store.database, key="k", user_id="bob")


async def test_what_is_refused_is_written_down_too_and_its_key_is_used(store: Store) -> None:
    ledger, row = Ledger(store.database), await planned(store.database, 101, key="k", spool="g1")
    with pytest.raises(PictureError) as caught:
        await ledger.reserve(row, Budgets(picture=100))
    refused = await ledger.get("ana", row.id)
    assert (refused.state, refused.error_code, refused.paid) == ("refused", "over_budget", "unpaid")
    assert (refused.quote_micros, refused.held_micros, refused.spool) == (101, 0, None)
    steps = [(1, "planned", ""), (2, "quoted", ""), (3, "refused", caught.value.detail)]
    assert await history(store, row) == steps
    with pytest.raises(Conflict):
        await add_reserved(store.database, key="k")


async def test_the_history_says_that_a_price_is_not_known(store: Store) -> None:
    reserved = await add_reserved(store.database, None)
    assert (await history(store, reserved))[1] == (2, "quoted", "the price is not known beforehand")


async def test_a_move_sets_values_and_writes_a_line_of_history(store: Store) -> None:
    ledger, here = Ledger(store.database), await add_reserved(store.database)
    moved = await ledger.advance(here, "failed", detail="why", error_code="timeout")
    assert (moved.state, moved.error_code) == ("failed", "timeout")
    assert moved.updated_at > here.updated_at
    assert (await history(store, here))[2:] == [(3, "reserved", ""), (4, "failed", "why")]


async def test_several_moves_are_one_or_none_and_every_one_is_in_the_history(store: Store) -> None:
    ledger, here = Ledger(store.database), await add_reserved(store.database)
    with pytest.raises(ValueError, match="does not go from sending to stored"):
        await ledger.advance(here, "sending", "stored")
    assert (await ledger.get("ana", here.id)).state == "reserved"

    moved = await ledger.advance(here, "sending", "received", detail="why", request_id="req_1")
    assert (moved.state, moved.posts, moved.request_id) == ("received", 1, "req_1")
    assert (await history(store, here))[3:] == [(4, "sending", "why"), (5, "received", "")]


async def test_a_move_that_is_not_legal_is_refused_before_the_database_is_asked(store: Store) -> None:
    ledger, here = Ledger(store.database), await planned(store.database)
    with pytest.raises(ValueError, match="does not go from planned to sending"):
        await ledger.advance(here, "sending")


async def test_of_many_who_move_it_at_once_one_does(store: Store) -> None:
    ledger, first = Ledger(store.database), await add_reserved(store.database)
    tries = (ledger.advance(first, "sending") for _ in range(10))
    ends = await asyncio.gather(*tries, return_exceptions=True)
    assert [type(end) for end in ends].count(Generation) == 1
    assert [type(end) for end in ends].count(Conflict) == 9
    assert len(await history(store, first)) == 4


async def test_a_move_and_its_history_are_one_transaction(store: Store) -> None:
    ledger, first = Ledger(store.database), await add_reserved(store.database)
    with pytest.raises(ZeroDivisionError):
        async with store.database.write() as connection:
            await ledger.advance(first, "sending", connection=connection)
            raise ZeroDivisionError
    assert (await ledger.get("ana", first.id)).state == "reserved"
    assert len(await history(store, first)) == 3


async def test_every_post_is_counted_and_who_knows_of_an_earlier_one_moves_nothing(store: Store) -> None:
    ledger, reserved = Ledger(store.database), await add_reserved(store.database)
    first = await ledger.advance(reserved, "sending")
    waiting = await ledger.advance(first, "reserved", detail="busy")
    second = await ledger.advance(waiting, "sending")
    assert [row.posts for row in (reserved, first, waiting, second)] == [0, 1, 1, 2]
    with pytest.raises(Conflict, match="no longer sending"):
        await ledger.advance(first, "unknown")
    with pytest.raises(Conflict, match="no longer reserved"):
        await ledger.advance(reserved, "failed")


async def test_a_job_is_noted_while_nobody_else_has_moved_its_generation(store: Store) -> None:
    ledger, reserved = Ledger(store.database), await add_reserved(store.database)
    sending = await ledger.advance(reserved, "sending")
    assert (await ledger.note_job(sending, "job_1")).job_id == "job_1"
    assert (await ledger.get("ana", sending.id)).job_id == "job_1"
    with pytest.raises(Conflict, match="no longer reserved"):
        await ledger.note_job(reserved, "job_2")
