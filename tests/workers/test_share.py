"""Whose picture is next."""

from __future__ import annotations

import pytest

from coach.store import Store
from coach.store._rows import new_id
from coach.store.orders import OrderRow, Orders
from coach.workers.state import OrderState, read_state

SERVICE = "openai"


@pytest.fixture
def orders(store: Store) -> Orders:
    return Orders(store.database)


async def ask(orders: Orders, user_id: str, n: int = 1, *, tenant: str = "", batch: bool = False) -> None:
    for _ in range(n):
        await orders.begin(
            user_id, new_id(), tenant=tenant, service=SERVICE, batch=batch, asked="", body={"form": 1}
        )


async def in_turn(store: Store) -> list[OrderState]:
    """What waits, in the order of their turns; the queue takes the older of two with one tag."""
    return [each for each in (await read_state(store.database)).orders if not each.held_by]


async def who(store: Store) -> list[str]:
    """Whose turn it is."""
    return [each.user_id for each in await in_turn(store)]


async def test_people_take_turns_whatever_each_has_waiting(store: Store, orders: Orders) -> None:
    await ask(orders, "ann", 3)
    await ask(orders, "ben", 2)
    await ask(orders, "cleo")
    # Ann's were there first: who comes after her waits for two of hers at most.
    assert await who(store) == ["ann", "ben", "ann", "cleo", "ann", "ben"]


async def test_a_tenant_of_many_people_takes_one_turn_like_another(store: Store, orders: Orders) -> None:
    for number in range(20):
        await ask(orders, f"noisy {number}", tenant="noisy")
    await ask(orders, "ann", 2, tenant="quiet")
    turns = await who(store)
    assert [number for number, each in enumerate(turns) if each == "ann"] == [1, 3]


async def test_who_comes_late_is_next_after_one(store: Store, orders: Orders) -> None:
    await ask(orders, "noisy", 30)
    for each in (await in_turn(store))[:10]:
        await orders.take(each.id, "a worker")
    await ask(orders, "ann", tenant="quiet")
    assert (await who(store))[1] == "ann"


async def test_who_is_waited_for_goes_before_a_batch(store: Store, orders: Orders) -> None:
    await ask(orders, "ann", 3, batch=True)
    await ask(orders, "ann", 2)
    await ask(orders, "ben")
    assert [each.batch for each in await in_turn(store)] == [False, False, False, True, True, True]


async def test_the_same_key_is_the_same_order_until_it_has_ended(orders: Orders) -> None:
    async def begin(key: str) -> tuple[OrderRow, bool]:
        return await orders.begin(
            "ann", key, tenant="", service=SERVICE, batch=False, asked="", body={"form": 1}
        )

    first, is_new = await begin("one")
    assert is_new
    assert await begin("one") == (first, False)
    taken = await orders.take(first.id, "a worker")
    assert taken is not None
    assert (taken.held_by, taken.taken) == ("a worker", 1)
    assert await orders.finish(taken, "done", None)
    assert not await orders.finish(taken, "done", None)
    assert (await begin("one"))[1]
    assert await orders.take(first.id, "another worker") is None
