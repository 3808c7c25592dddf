"""While it is not known whether a picture was charged, nobody asks again behind the person's back."""

import asyncio
from typing import Any

import pytest

from coach.errors import Conflict, NotFound, PictureError
from coach.store import Store
from coach.studio import Generation
from coach.studio.books import Books
from coach.studio.budgets import Budgets
from coach.studio.ledger import Ledger
from tests.studio._rows import add_lost, add_reserved, planned

BUDGETS = Budgets()


async def ask(store: Store, *, hears: bool = True, **fields: Any) -> str:
    """The code with which another picture is refused; ``""``: it is not."""
    generation = await planned(store.database, **fields)
    try:
        await Ledger(store.database).reserve(generation, BUDGETS, hears=hears)
    except PictureError as error:
        assert error.paid == "unpaid"
        return error.code
    return ""


async def told_in(store: Store, generation: Generation) -> str | None:
    return (await Ledger(store.database).get(generation.user_id, generation.id)).told_in


async def test_a_turn_asks_for_nothing_until_the_person_was_told_in_another(store: Store) -> None:
    doubt = await add_lost(store.database)
    assert [await ask(store, turn_id="t1") for _ in range(2)] == ["in_doubt", "in_doubt"]
    assert await told_in(store, doubt) == "t1"
    assert await ask(store, turn_id="t2") == ""
    assert await told_in(store, doubt) == "t1"
    assert await ask(store, turn_id="t1") == "in_doubt"


async def test_a_turn_that_the_person_does_not_hear_of_tells_them_nothing(store: Store) -> None:
    doubt = await add_lost(store.database)
    for turn in ("t1", "t2", "t3"):
        assert await ask(store, turn_id=turn, hears=False) == "in_doubt"
    assert await told_in(store, doubt) is None
    assert (await ask(store, turn_id="t4"), await ask(store, turn_id="t5", hears=False)) == ("in_doubt", "")


async def test_the_refusal_names_the_generation_and_the_request(store: Store) -> None:
    doubt = await add_lost(store.database)
    with pytest.raises(PictureError) as caught:
        await Ledger(store.database).reserve(await planned(store.database, turn_id="t1"), BUDGETS)
    assert caught.value.detail == f"It may have been charged: generation {doubt.id} (request req_1)."


async def test_only_the_same_persons_same_conversation_is_in_doubt(store: Store) -> None:
    doubt = await add_lost(store.database)
    assert await ask(store, turn_id="t1", conversation_id="another") == ""
    assert await ask(store, turn_id="t1", user_id="bob") == ""
    assert await ask(store, turn_id="") == "", "outside a turn there is a person or a program, and no model"
    assert await told_in(store, doubt) is None


async def test_being_told_is_written_down_once(store: Store) -> None:
    ledger, doubt = Ledger(store.database), await add_lost(store.database, key="k")
    await ledger.told("bob", "k", "t0")
    assert await told_in(store, doubt) is None
    await ledger.told("ana", "k", "t1")
    await ledger.told("ana", "k", "t2")
    assert await told_in(store, doubt) == "t1"
    assert (await ask(store, turn_id="t1"), await ask(store, turn_id="t2")) == ("in_doubt", "")


async def test_many_calls_of_one_turn_are_all_refused(store: Store) -> None:
    doubts = [await add_lost(store.database) for _ in range(3)]
    assert await asyncio.gather(*(ask(store, turn_id="t1") for _ in range(8))) == ["in_doubt"] * 8
    assert {await told_in(store, doubt) for doubt in doubts} == {"t1"}


async def test_what_was_settled_by_hand_is_in_doubt_no_more(store: Store) -> None:
    ledger, books = Ledger(store.database), Books(store.database)
    first, second, third = [await add_lost(store.database) for _ in range(3)]
    hers = await add_lost(store.database, user_id="bob")
    assert [row.id for row in await books.in_doubt("bob")] == [hers.id]
    assert len(await books.in_doubt()) == 4

    unpaid = await books.settle(first.id, charged=False, who="op")
    at_quote = await books.settle(second.id, charged=True, who="op")
    paid = await books.settle(third.id, charged=True, micros=42, who="op")
    assert {row.state for row in (unpaid, at_quote, paid)} == {"failed"}
    assert {row.error_code for row in (unpaid, at_quote, paid)} == {"resolved"}
    assert (unpaid.paid, unpaid.spool) == ("unpaid", None)
    assert (paid.paid, paid.actual_micros, paid.spool) == ("paid", 42, third.id)
    said = [(await ledger.steps("ana", row.id))[-1].detail for row in (unpaid, at_quote, paid)]
    assert said == [
        "settled by hand by op: not charged",
        "settled by hand by op: charged, taken at its quote",
        "settled by hand by op: charged 42 micro-dollars",
    ]
    [ana] = await books.spending("person", user_id="ana")
    assert (ana.spent_micros, ana.at_quote, ana.in_doubt) == (142, 1, 0)
    assert await books.differences() == []
    assert await ask(store, turn_id="t1") == ""


async def test_only_what_is_in_doubt_can_be_settled(store: Store) -> None:
    books, doubt = Books(store.database), await add_lost(store.database)
    with pytest.raises(NotFound):
        await books.settle("missing", charged=False, who="op")
    with pytest.raises(Conflict, match="is reserved, not in doubt"):
        await books.settle((await add_reserved(store.database)).id, charged=False, who="op")
    for charged, micros in ((False, 5), (True, -1)):
        with pytest.raises(ValueError, match="An amount"):
            await books.settle(doubt.id, charged=charged, micros=micros, who="op")
    ends = await asyncio.gather(
        *(books.settle(doubt.id, charged=True, micros=5, who="op") for _ in range(6)), return_exceptions=True
    )
    assert sorted(type(end).__name__ for end in ends) == ["Conflict"] * 5 + ["Generation"]
