"""A process of its own that reserves: tells for each line it reads how many of its pictures it got."""

from __future__ import annotations

import asyncio
import sys

from coach.errors import PictureError
from coach.store import Database
from coach.studio.budgets import Budgets
from coach.studio.ledger import Ledger
from tests._race import compete
from tests.studio._rows import planned


async def race(url: str, at_once: int, quote: int, limit: int) -> None:
    database = Database(url)
    ledger = Ledger(database)

    async def reserve() -> bool:
        try:
            await ledger.reserve(await planned(database, quote, tenant="acme"), Budgets(tenant_day=limit))
        except PictureError:
            return False
        return True

    async def reserve_all() -> int:
        return sum(await asyncio.gather(*(reserve() for _ in range(at_once))))

    await compete(reserve_all)
    await database.close()


if __name__ == "__main__":
    asyncio.run(race(sys.argv[1], *map(int, sys.argv[2:])))
