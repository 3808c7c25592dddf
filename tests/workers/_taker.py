"""Some who ask one picture service as fast as its limits let them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from coach.store import Database
from coach.workers.limits import SharedLimits, Wait
from tests._race import compete


async def ask(limits: SharedLimits, holder: str, port: int) -> int:
    """Make pictures one after the other until the minute has no more; gives how many came."""
    made = 0
    while True:
        taken = await limits.take(holder)
        if isinstance(taken, Wait):
            if taken.seconds > 1:
                return made
            await asyncio.sleep(taken.seconds)
            continue
        await limits.beat(holder)
        await taken.send()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        made += len(await reader.read())
        writer.close()
        await taken.release()


@asynccontextmanager
async def takers(url: str, port: int, *limits: int) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """Ten of them with one database connection pool; gives what lets them :func:`ask` together.

    Args:
        limits: Pictures at once, and per minute.
    """
    database = Database(url)
    at_once, per_minute = limits
    shared = SharedLimits(database, upstream="images", at_once=at_once, per_minute=per_minute)

    async def together() -> int:
        return sum(await asyncio.gather(*(ask(shared, f"taker {number}", port) for number in range(10))))

    yield together
    await database.close()


async def main(url: str, *numbers: int) -> None:
    async with takers(url, *numbers) as together:
        await compete(together)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:])))
