"""``python -m tests.marks.load``: 200 conversations are watched while 50 pictures are on their way.

The server, the picture service (its answers are 2.9 MB), those who watch and paint, and the one who asks for
other things all the time are processes of their own. Each painter asks for their next picture as soon as the
last one is there, so that there are always so many on their way. Says how long the other requests took, and
what memory the server had at its most. The marks: no error, 95 of 100 within 150 ms, at most 300 MB. What
else the machine has to do is in the figures: how much that was is said too.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2

from benchmarks.measure import bench
from tests.marks._served import served

API = "/api/v1/"
PATHS = ("users/me/", "conversations/", "identities/", "health/")
PAUSE = 0.02
"""Seconds between two other requests."""


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


async def paint(client: httpx2.AsyncClient, times: int) -> None:
    """Have pictures made, one after the other."""
    asked = {"prompt": "A lighthouse in the evening.", "response_format": "url"}
    for _ in range(times):
        (await client.post("/api/ai/gpt-image/advanced/", data=asked)).raise_for_status()


async def ask(url: str) -> None:
    """Ask for this and that until the input ends, and write how many seconds each answer took."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    async with AsyncExitStack() as stack:
        client = await come(stack, url)
        while not ended.is_set():
            for path in PATHS:
                begun = time.perf_counter()
                (await client.get(API + path)).raise_for_status()
                sys.stdout.write(f"{time.perf_counter() - begun:.6f}\n")
                await asyncio.sleep(PAUSE)


async def asked_meanwhile(url: str, work: Sequence[asyncio.Future[None]]) -> list[float]:
    """The seconds that other requests took while there was work; another process asks."""
    command = [sys.executable, "-m", "tests.marks.load", "--ask", url]
    pipe = asyncio.subprocess.PIPE
    asking = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    await asyncio.gather(*work)
    out, _ = await asking.communicate(b"")  # ends its input
    assert asking.returncode == 0, "another request failed"
    return [float(line) for line in out.split()]


def memory(pid: int) -> float:
    """The most that a process had at once, in MB (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


async def run(url: str, pid: int, given: argparse.Namespace) -> bool:
    """Measure, and say whether the marks are kept."""
    load = os.getloadavg()[0]
    async with AsyncExitStack() as stack:
        # No more than may come from one address in an hour; each watches several conversations.
        people = [await come(stack, url) for _ in range(given.pictures)]
        flags = [asyncio.Event() for _ in range(given.watchers)]
        looking = [
            asyncio.create_task(watch(people[number % len(people)], flag))
            for number, flag in enumerate(flags)
        ]
        await asyncio.gather(*(flag.wait() for flag in flags))
        idle = memory(pid)
        took = await asked_meanwhile(url, [asyncio.ensure_future(paint(each, given.each)) for each in people])
        lost = sum(task.done() for task in looking)
        for task in looking:
            task.cancel()
        await asyncio.gather(*looking, return_exceptions=True)
        p95, most = statistics.quantiles(took, n=20)[-1] * 1000, memory(pid)
    sys.stdout.write(
        f"{given.watchers} watching, {given.pictures} pictures on their way, {given.each} times: "
        f"{len(took)} other requests, half within {statistics.median(took) * 1000:.0f} ms, p95 {p95:.0f} ms; "
        f"{most:.0f} MB at the most ({idle:.0f} before the first picture); {lost} streams lost; "
        f"load before {load:.1f}\n"
    )
    return lost == 0 and p95 <= given.slowest and most <= 300


def main() -> int:
    """Read the arguments, and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--watchers", type=int, default=200)
    parser.add_argument("--pictures", type=int, default=50)
    parser.add_argument("--each", type=int, default=10, help="pictures that each painter asks for")
    parser.add_argument("--slowest", type=float, default=150, help="milliseconds for 95 of 100 requests")
    parser.add_argument("--ask", metavar="URL", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.ask:
        return asyncio.run(ask(given.ask)) or 0
    with (
        tempfile.TemporaryDirectory(prefix="coach-marks-") as folder,
        bench(Path(folder) / "bench", say=lambda _: None) as service,
    ):
        env = {"OPENAI_API_KEY": "a-key", "COACH_GUESTS": "yes", "COACH_HOME": folder}
        env |= {"OPENAI_BASE_URL": f"http://127.0.0.1:{service.port}/json-drip/v1"}
        env |= {"COACH_PICTURES_AT_ONCE": str(given.pictures)}
        env |= {"COACH_REQUESTS_PER_MINUTE": "100000"}  # one asks more often than a person may
        with served(**env) as (port, process):
            return 0 if asyncio.run(run(f"http://127.0.0.1:{port}", process.pid, given)) else 1


if __name__ == "__main__":
    sys.exit(main())
