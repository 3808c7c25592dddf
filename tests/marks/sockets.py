"""Sockets that send too slowly, at once, against a real `coach serve`: each is closed, and others are served.

``python -m tests.marks.sockets`` opens 200 that do not end their headers, half of which send a byte now and
then, and 200 whose body stops coming.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from contextlib import suppress

from tests.marks._served import served

MOST = 15.0
"""Seconds in which each is closed."""

HONEST = 0.2
"""Seconds that an honest request takes at most, of 95 in 100."""

HEAD = b"POST /api/v1/sessions/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
BODY = HEAD + b"Content-Length: 1000\r\n\r\n{"


async def let_go(port: int, sent: bytes, *, dripping: bool) -> float:
    """Seconds until the connection is closed; ``inf``: too late."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    began = time.monotonic()
    with suppress(ConnectionResetError):
        while (spent := time.monotonic() - began) < 2 * MOST:
            if dripping:
                writer.write(b"x")
            with suppress(TimeoutError):
                if not await asyncio.wait_for(reader.read(65536), 1):
                    break
    writer.close()
    spent = time.monotonic() - began
    return spent if spent < 2 * MOST else float("inf")


async def honest(port: int, until: asyncio.Event) -> list[float]:
    """Seconds that each of one honest client's requests takes meanwhile; ``inf``: it was not answered."""
    taken = []
    while not until.is_set():
        began = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /api/v1/ready/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answered = (await reader.read()).startswith(b"HTTP/1.1 200 ")
        taken.append(time.monotonic() - began if answered else float("inf"))
        writer.close()
        await asyncio.sleep(0.05)
    return taken


async def measure(port: int, each: int) -> tuple[list[float], list[float]]:
    """How long the slow ones were kept, and how long the honest ones waited."""
    over = asyncio.Event()
    clients = [asyncio.create_task(honest(port, over)) for _ in range(3)]
    headers = [let_go(port, HEAD, dripping=bool(number % 2)) for number in range(each)]
    bodies = [let_go(port, BODY, dripping=False) for _ in range(each)]
    seconds = await asyncio.gather(*headers, *bodies)
    over.set()
    return seconds, [one for taken in await asyncio.gather(*clients) for one in taken]


def main() -> int:
    """Open them, and see."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--each", type=int, default=200, help="how many of each kind")
    parser.add_argument("--honest", type=float, default=HONEST, help="seconds, of 95 in 100")
    asked = parser.parse_args()
    each = asked.each
    with served() as (port, _):
        kept, taken = asyncio.run(measure(port, each))
    wrong = [seconds for seconds in kept if seconds > MOST]
    slowest = statistics.quantiles(taken, n=20)[-1]
    sys.stdout.write(
        f"{each} slow headers, {each} stalled bodies: the last one closed after {max(kept):.1f} s; "
        f"honest p95 {slowest * 1000:.0f} ms of {len(taken)}: {len(wrong)} wrong\n"
    )
    return int(bool(wrong) or slowest > asked.honest)


if __name__ == "__main__":
    sys.exit(main())
