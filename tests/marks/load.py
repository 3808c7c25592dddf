"""``python -m tests.marks.load``: 200 conversations are watched while 50 pictures are on their way.

Meanwhile other routes are asked for all the time. Says how long those took and what memory the server had at
its most. The marks: no error, 95 of 100 within 150 ms, at most 300 MB.
"""

import argparse
import asyncio
import re
import statistics
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2

from tests.marks._served import served

API = "/api/v1/"


async def come(stack: AsyncExitStack, url: str) -> httpx2.AsyncClient:
    """A guest, in a browser of their own."""
    client = await stack.enter_async_context(httpx2.AsyncClient(base_url=url, timeout=120))
    (await client.post(f"{API}sessions/", json={})).raise_for_status()
    return client


async def watch(client: httpx2.AsyncClient, watching: asyncio.Event) -> None:
    """Begin a conversation and look at it without end."""
    talk = (await client.post(f"{API}conversations/")).raise_for_status().json()["id"]
    async with client.stream("GET", f"{API}conversations/{talk}/events/") as response:
        response.raise_for_status()
        watching.set()
        async for _ in response.aiter_bytes():
            pass


async def paint(client: httpx2.AsyncClient) -> None:
    """Have a picture made."""
    asked = {"prompt": "A lighthouse in the evening.", "response_format": "url"}
    (await client.post("/api/ai/gpt-image/advanced/", data=asked)).raise_for_status()


async def ask(client: httpx2.AsyncClient, stop: asyncio.Event) -> list[float]:
    """Ask for this and that; gives the seconds that each answer took."""
    took = []
    while not stop.is_set():
        for path in ("users/me/", "conversations/", "identities/", "health/"):
            begun = time.perf_counter()
            (await client.get(API + path)).raise_for_status()
            took.append(time.perf_counter() - begun)
            await asyncio.sleep(0.02)
    return took


def memory(pid: int) -> float:
    """The most that a process had at once, in MB (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


async def run(watchers: int, pictures: int, slowest: float) -> bool:
    """Measure, and say whether the marks are kept."""
    async with AsyncExitStack() as stack:
        port, pid = stack.enter_context(served())
        url = f"http://127.0.0.1:{port}"
        # No more than may come from one address in an hour; each watches several conversations.
        people = [await come(stack, url) for _ in range(pictures)]
        flags = [asyncio.Event() for _ in range(watchers)]
        looking = [
            asyncio.create_task(watch(people[number % pictures], flag)) for number, flag in enumerate(flags)
        ]
        await asyncio.gather(*(flag.wait() for flag in flags))
        stop, other = asyncio.Event(), await come(stack, url)
        asking = asyncio.create_task(ask(other, stop))
        await asyncio.gather(*(paint(client) for client in people))
        stop.set()
        took = await asking
        lost = sum(task.done() for task in looking)
        for task in looking:
            task.cancel()
        await asyncio.gather(*looking, return_exceptions=True)
        p95, most = statistics.quantiles(took, n=20)[-1] * 1000, memory(pid)
    sys.stdout.write(
        f"{watchers} watching, {pictures} pictures: {len(took)} other requests, p95 {p95:.0f} ms, "
        f"{most:.0f} MB at the most, {lost} streams lost\n"
    )
    return lost == 0 and p95 <= slowest and most <= 300


def main() -> int:
    """Read the arguments, and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--watchers", type=int, default=200)
    parser.add_argument("--pictures", type=int, default=50)
    parser.add_argument("--slowest", type=float, default=150, help="milliseconds for 95 of 100 requests")
    arguments = parser.parse_args()
    return 0 if asyncio.run(run(arguments.watchers, arguments.pictures, arguments.slowest)) else 1


if __name__ == "__main__":
    sys.exit(main())
