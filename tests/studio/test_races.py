"""Many at once, on both databases: never one too many, never two for one key.

``COACH_ROUNDS=200`` runs the full size of the mark.
"""

import asyncio
import os
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from dataclasses import replace
from uuid import uuid4

from coach.errors import Conflict, PictureError
from coach.store import Database, Store
from coach.studio import Generation
from coach.studio.books import Books
from coach.studio.budgets import Budgets
from coach.studio.ledger import Ledger
from tests._race import racer
from tests.studio._rows import new_row, planned

ROUNDS = int(os.environ.get("COACH_ROUNDS", "4"))
AT_ONCE, ROOM, QUOTE = 50, 3, 1_000
KINDS = ("person", "tenant_day", "day", "turn")


async def count(tries: Iterable[Awaitable[Generation]]) -> list[Generation]:
    """Those that went well; the others were refused for want of money."""
    ends = await asyncio.gather(*tries, return_exceptions=True)
    refused = [end for end in ends if isinstance(end, PictureError) and end.code == "budget_spent"]
    won = [end for end in ends if isinstance(end, Generation)]
    assert len(refused) + len(won) == len(ends), [end for end in ends if not isinstance(end, Generation)]
    return won


async def give_back(ledger: Ledger, won: list[Generation]) -> None:
    for generation in won:
        await ledger.advance(generation, "failed", paid="unpaid")


async def all_at_once(store: Store) -> list[Generation]:
    """New ones, not written down yet."""
    pattern = await planned(store.database, QUOTE, tenant="acme", turn_id="t1")
    return [replace(pattern, id=uuid4().hex, key=uuid4().hex) for _ in range(AT_ONCE)]


async def test_of_fifty_at_once_with_room_for_three_there_is_never_a_fourth(store: Store) -> None:
    ledger = Ledger(store.database)
    for number in range(ROUNDS):
        budgets = Budgets(**{KINDS[number % len(KINDS)]: ROOM * QUOTE + QUOTE // 2})
        won = await count(ledger.reserve(generation, budgets) for generation in await all_at_once(store))
        assert len(won) == ROOM
        await give_back(ledger, won)
    assert await Books(store.database).differences() == []


async def test_two_stores_on_one_database_have_one_budget(store: Store, database_url: str) -> None:
    other = Database(database_url)
    ledgers, pool = (Ledger(store.database), Ledger(other)), await all_at_once(store)
    budgets = Budgets(tenant=ROOM * QUOTE)
    won = await count(
        ledgers[number % 2].reserve(generation, budgets) for number, generation in enumerate(pool)
    )
    assert len(won) == ROOM
    assert await Books(other).differences() == []
    await other.close()


async def test_two_processes_have_one_budget(store: Store, database_url: str) -> None:
    ledger = Ledger(store.database)
    arguments = ("tests.studio._racer", database_url, *map(str, (AT_ONCE // 2, QUOTE, ROOM * QUOTE)))
    async with racer(*arguments) as one, racer(*arguments) as other:
        for _ in range(ROUNDS):
            assert sum(await asyncio.gather(one(), other())) == ROOM
            rows = await ledger.of_conversation("ana", "talk")
            await give_back(ledger, [row for row in rows if row.state == "reserved"])
    assert await Books(store.database).differences() == []


async def test_fifty_clients_with_the_same_keys_make_one_row_each(store: Store) -> None:
    ledger, keys = Ledger(store.database), [f"key {number}" for number in range(min(40, ROUNDS))]
    pattern = await new_row(store.database)

    async def client() -> int:
        made = 0
        for key in keys:
            with suppress(Conflict):
                await ledger.reserve(replace(pattern, id=uuid4().hex, key=key), Budgets())
                made += 1
        return made

    assert sum(await asyncio.gather(*(client() for _ in range(AT_ONCE)))) == len(keys)
    assert sorted(row.key for row in await ledger.of_conversation("ana", "talk")) == sorted(keys)
