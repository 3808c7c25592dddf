"""What may be spent: reserved before the send, settled or released after."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, select

from coach.errors import PictureError
from coach.store import Store
from coach.store.tables import accounts, people
from coach.studio import Generation
from coach.studio.books import Books
from coach.studio.budgets import Budgets
from coach.studio.ledger import Ledger
from tests.studio._rows import TODAY, add_reserved, planned

EMPTY = Budgets()


async def refusal(store: Store, generation: Generation, budgets: Budgets) -> PictureError:
    """The error of a reservation that must not succeed. Nothing is held then, and the ledger says so."""
    before = await money(store)
    with pytest.raises(PictureError) as caught:
        await Ledger(store.database).reserve(generation, budgets)
    assert caught.value.paid == "unpaid"
    assert await money(store) == before
    assert (await Ledger(store.database).get(generation.user_id, generation.id)).state == "refused"
    return caught.value


async def money(store: Store) -> dict[tuple[str, str, str], tuple[int, int]]:
    """What every account holds and has spent."""
    async with store.database.read() as connection:
        rows = (await connection.execute(select(accounts))).mappings()
        return {
            (row["kind"], row["owner"], row["part"]): (row["held_micros"], row["spent_micros"])
            for row in rows
            if row["held_micros"] or row["spent_micros"]
        }


async def test_a_reservation_is_held_in_every_account_it_counts_in(store: Store) -> None:
    await add_reserved(store.database, 70, tenant="acme", turn_id="t1")
    await add_reserved(store.database, 30, user_id="bob", tenant="acme")
    assert await money(store) == {
        ("turn", "ana", "t1"): (70, 0),
        ("person", "ana", ""): (70, 0),
        ("person_day", "ana", "2026-03-20"): (70, 0),
        ("person", "bob", ""): (30, 0),
        ("person_day", "bob", "2026-03-20"): (30, 0),
        ("tenant", "acme", ""): (100, 0),
        ("tenant_day", "acme", "2026-03-20"): (100, 0),
        ("day", "", "2026-03-20"): (100, 0),
    }


OTHER_DAY = {"created_at": TODAY + timedelta(hours=1)}


@pytest.mark.parametrize(
    ("kind", "elsewhere"),
    [
        ("turn", {"turn_id": "t2"}),
        ("person", {"user_id": "bob"}),
        ("person_day", OTHER_DAY),
        ("person_day", {"user_id": "bob"}),
        ("tenant", {"user_id": "bob", "tenant": "other"}),
        ("tenant_day", {"tenant": "other"}),
        ("tenant_day", OTHER_DAY),
        ("day", OTHER_DAY),
    ],
)
async def test_a_budget_is_filled_to_the_brim_and_not_beyond(
    store: Store, kind: str, elsewhere: dict[str, Any]
) -> None:
    ledger, budgets = Ledger(store.database), Budgets(**{kind: 100})
    here: dict[str, Any] = {"turn_id": "t1", "tenant": "acme"}
    first = await ledger.reserve(await planned(store.database, 60, **here), budgets)
    error = await refusal(store, await planned(store.database, 41, **here), budgets)
    assert error.code == "budget_spent"
    assert error.detail == (
        f"The budget {kind} (COACH_MAX_{kind.upper()}_USD) allows $0.0001; $0.00006 is held, $0.00 is spent, "
        "and this picture can cost $0.000041."
    )
    await ledger.reserve(await planned(store.database, 100, **here | elsewhere), budgets)
    await ledger.reserve(await planned(store.database, 40, **here), budgets)
    await ledger.advance(first, "failed", paid="unpaid")
    await ledger.reserve(await planned(store.database, 60, **here), budgets)


async def test_one_picture_can_be_too_dear_by_itself(store: Store) -> None:
    ledger, budgets = Ledger(store.database), Budgets(picture=100)
    error = await refusal(store, await planned(store.database, 101), budgets)
    assert error.code == "over_budget"
    assert error.detail == (
        "The budget picture (COACH_MAX_PICTURE_USD) allows $0.0001, and this picture can cost $0.000101."
    )
    await ledger.reserve(await planned(store.database, 100), budgets)


async def test_an_unknown_price_is_refused_by_any_limit_and_holds_nothing_without(store: Store) -> None:
    for kind in vars(EMPTY):
        error = await refusal(store, await planned(store.database, None), Budgets(**{kind: 10**12}))
        assert error.code == "over_budget"
        assert error.detail == (
            "Its price is not known beforehand, and there is a limit: "
            f"budget {kind} (COACH_MAX_{kind.upper()}_USD)."
        )

    reserved = await add_reserved(store.database, None)
    assert reserved.state == "reserved" and await money(store) == {}


async def test_outside_a_turn_its_budget_does_not_count(store: Store) -> None:
    budgets = Budgets(turn=100)
    for _ in range(2):
        await Ledger(store.database).reserve(await planned(store.database, 90), budgets)


MADE = ("sending", "received", "stored", "judged", "done")
# The way of a reserved picture of 100, what is known at its last state, and what is held and spent then.
ENDINGS: list[tuple[tuple[Any, ...], dict[str, Any], int, int]] = [
    (("sending",), {}, 100, 0),
    (("sending", "reserved"), {}, 100, 0),
    (("sending", "received"), {}, 100, 0),
    (("sending", "unknown"), {"paid": "unknown"}, 100, 0),
    (("sending", "refused"), {"paid": "unpaid"}, 0, 0),
    (("sending", "unknown", "failed"), {"paid": "unpaid"}, 0, 0),
    (("sending", "received", "failed"), {"paid": "paid"}, 0, 100),
    (("sending", "unknown", "failed"), {"paid": "paid", "actual_micros": 7}, 0, 7),
    (("sending", "failed"), {}, 0, 100),
    (MADE[:3], {"actual_micros": 80, "paid": "paid"}, 0, 80),
    (MADE[:3], {"actual_micros": 130, "paid": "paid"}, 0, 130),
    (MADE[:3], {"actual_micros": None, "paid": "paid"}, 0, 100),
    (MADE, {"actual_micros": 0}, 0, 0),
]


async def test_the_hold_ends_with_what_is_known(store: Store) -> None:
    ledger = Ledger(store.database)
    for number, (way, end, held, spent) in enumerate(ENDINGS):
        turn = {"turn_id": f"t{number}", "conversation_id": f"talk {number}"}
        here = await add_reserved(store.database, 100, **turn)
        for to in way:
            here = await ledger.advance(here, to, **(end if to == way[-1] else {}))
        assert (await money(store)).get(("turn", "ana", f"t{number}"), (0, 0)) == (held, spent), way
    assert await Books(store.database).differences() == []


async def test_what_was_dearer_than_quoted_is_spent_and_the_next_one_refused(store: Store) -> None:
    ledger, budgets = Ledger(store.database), Budgets(person=100)
    here = await ledger.reserve(await planned(store.database, 90), budgets)
    for to in ("sending", "received"):
        here = await ledger.advance(here, to)
    await ledger.advance(here, "stored", actual_micros=120)
    error = await refusal(store, await planned(store.database, 1), budgets)
    assert "$0.00 is held, $0.00012 is spent" in error.detail


async def test_a_move_that_is_rolled_back_leaves_the_accounts_alone(store: Store) -> None:
    ledger = Ledger(store.database)
    here = await add_reserved(store.database, 100)
    before = await money(store)
    with pytest.raises(ZeroDivisionError):
        async with store.database.write() as connection:
            await ledger.advance(here, "failed", paid="unpaid", connection=connection)
            raise ZeroDivisionError
    assert await money(store) == before


async def test_accounts_of_a_person_go_with_them_and_those_of_the_tenant_and_the_day_stay(
    store: Store,
) -> None:
    for user_id in ("ana", "bob"):
        await add_reserved(store.database, 10, user_id=user_id, tenant="acme")
    async with store.database.write() as connection:
        await connection.execute(delete(people).where(people.c.user_id == "ana"))
    kept = await money(store)
    assert {owner for _, owner, _ in kept} == {"bob", "acme", ""}
    assert kept["tenant", "acme", ""] == kept["day", "", "2026-03-20"] == (20, 0)
    assert await Books(store.database).differences() == []


async def test_accounts_that_do_not_add_up_are_named(store: Store) -> None:
    await add_reserved(store.database, 10)
    async with store.database.write() as connection:
        await connection.execute(accounts.update().where(accounts.c.kind == "person").values(held_micros=11))
        await connection.execute(delete(accounts).where(accounts.c.kind == "day"))
    assert await Books(store.database).differences() == [
        "('day', '', '2026-03-20'): kept (0, 0), in the ledger (10, 0)",
        "('person', 'ana', ''): kept (11, 0), in the ledger (10, 0)",
    ]


def test_limits_in_dollars_are_whole_micro_dollars() -> None:
    budgets = Budgets.of_usd(picture=0.1, day=Decimal("19.999999"), tenant=None)
    assert budgets == replace(EMPTY, picture=100_000, day=19_999_999)
