"""``python -m tests.marks.queues``: what the queue costs, how it scales, and whom it lets go first.

Real ``coach worker`` processes on one PostgreSQL, and a picture service that counts; this process asks, as a
web process does. ``--only`` runs some of these:

``scale``    the pictures of two seconds that 1 and 4 workers make in the same time;
``cost``     the CPU of a picture made by a worker, less that of one made in the process that asks;
``idle``     from an order to a worker that has begun with it, when nothing else waits;
``dead``     until another worker has begun with what a dead one left;
``minute``   the most that arrive at the service in any 60 seconds, with four workers and a limit of 50;
``noisy``    how many pictures begin before somebody's first, beside 1,000 of another tenant.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import resource
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

import coach
import coach.workers.queue
from coach.settings import Settings
from coach.store import Store
from coach.store.serving import orders
from coach.studio import PictureRequest, Studio
from coach.workers.state import read_state
from tests.marks._machines import Cluster, Machine, cluster

SLOTS = 4
"""How many pictures each worker makes at the same time."""

LEFT = 24
"""How many are asked for whenever a worker dies."""


@dataclass(kw_only=True)
class Asking:
    """A process that asks for pictures, and what it can see of them."""

    store: Store
    studio: Studio

    async def ask(self, trial: str, user_id: str = "ann", tenant: str = "", *, batch: bool = False) -> None:
        """Ask for a picture, and wait for it; for a batch as long as it takes."""
        ctx = coach.Context(user_id=user_id, tenant=tenant, conversation_id=trial, call_id=trial)
        await self.studio.generate(ctx, PictureRequest(prompt=trial), identity_id="i1", batch=batch)

    async def ask_all(self, pictures: int, name: int, *, batch: bool = False) -> float:
        """Ask for so many at once; the seconds until all are there."""
        began = time.monotonic()
        await asyncio.gather(
            *(self.ask(f"trial-{name}{number:04}", batch=batch) for number in range(pictures))
        )
        return time.monotonic() - began

    async def ready(self, *users: str) -> None:
        """People with an identity."""
        for user_id in users:
            await self.store.people.ensure(user_id)
            await self.store.identities.add(user_id, "Guide")

    async def rows(self) -> Sequence[Any]:
        """All orders there were, in the order in which a worker began with them."""
        names = ("user_id", "key", "created_at", "taken_at", "ended_at", "held_by", "taken", "state")
        begun = select(*(orders.c[name] for name in names)).where(orders.c.taken_at.is_not(None))
        async with self.store.database.read() as connection:
            return (await connection.execute(begun.order_by(orders.c.taken_at))).all()


@asynccontextmanager
async def asking(shared: Cluster, queue: str = "workers") -> AsyncIterator[Asking]:
    """Be a process that asks."""
    values = {name.removeprefix("COACH_").lower(): value for name, value in shared.env.items()}
    # Who waits looks at the database every two seconds: with a thousand here that would be what is measured.
    coach.workers.queue.LOOK_AGAIN = 60
    settings = Settings.read(home=shared.world.folder, queue=queue, **values)
    async with coach.open("coach.reference", settings, faces=None) as opened:
        yield Asking(store=opened.service("store", Store), studio=opened.service("studio", Studio))


async def started(shared: Cluster, count: int, slots: int = SLOTS, **env: str) -> list[Machine]:
    """So many workers that work."""
    made = [shared.worker(slots, **env) for _ in range(count)]
    for worker in made:
        await asyncio.to_thread(worker.wait_ready)
    return made


async def scale(shared: Cluster, given: argparse.Namespace) -> list[str]:
    """Four workers make 3.5 times as many as one; writes the trace of the four."""
    rates = {}
    async with asking(shared) as here:
        await here.ready("ann")
        for count, more in ((1, 1), (4, 3)):
            await started(shared, more)
            await here.ask_all(4 * count, 90 + count)  # what is done only once is done
            pictures = SLOTS * count * given.rounds
            rates[count] = pictures / await here.ask_all(pictures, 10 + count)
        rows = [row for row in await here.rows() if "trial-14" in row.key]
    if given.trace:
        _write(given.trace, rows)
    ratio = rates[4] / rates[1]
    sys.stdout.write(
        f"scale: {rates[1]:.2f} pictures a second with 1 worker, {rates[4]:.2f} with 4: {ratio:.2f} times\n"
    )
    return [] if ratio >= given.times else [f"four workers make only {ratio:.2f} times as many"]


def _write(path: Path, rows: Sequence[Any]) -> None:
    """One picture a line; moments in seconds from the first order."""
    begin = min(row.created_at for row in rows)
    with path.open("w") as file:
        for row in rows:
            moments = {"arrived": row.created_at, "started": row.taken_at, "ended": row.ended_at}
            line = {name: (at - begin).total_seconds() for name, at in moments.items()}
            file.write(json.dumps({**line, "worker": row.held_by}) + "\n")


async def cost(shared: Cluster, given: argparse.Namespace) -> list[str]:
    """A picture by a worker takes at most 15 ms of CPU more than one in the process that asks."""
    cpu = []
    for number, queue in enumerate(("here", "workers"), 1):
        async with asking(shared, queue) as here:
            if queue == "here":
                await here.ready("ann")
            workers = await started(shared, 2 if queue == "workers" else 0)
            await here.ask_all(8, 90 + number)
            before = _cpu(workers)
            await here.ask_all(given.pictures, 10 + number)
            cpu.append((_cpu(workers) - before) / given.pictures * 1000)
    more = cpu[1] - cpu[0]
    sys.stdout.write(
        f"cost: {cpu[0]:.1f} ms of CPU a picture here, {cpu[1]:.1f} ms by workers: {more:.1f} ms more\n"
    )
    return [] if more <= given.cpu else [f"the queue takes {more:.1f} ms of CPU a picture"]


def _cpu(workers: Sequence[Machine]) -> float:
    """The seconds of CPU that this process and some workers took so far."""
    mine = resource.getrusage(resource.RUSAGE_SELF)
    return mine.ru_utime + mine.ru_stime + sum(worker.cpu() for worker in workers)


async def idle(shared: Cluster, given: argparse.Namespace) -> list[str]:
    """When nothing waits, a worker begins within 250 ms."""
    async with asking(shared) as here:
        await here.ready("ann")
        await started(shared, 2)
        for number in range(given.idle):
            await here.ask(f"trial-1{number:04}")
            await asyncio.sleep(0.1)
        rows = (await here.rows())[2:]
    waits = [(row.taken_at - row.created_at).total_seconds() * 1000 for row in rows]
    p95 = statistics.quantiles(waits, n=20)[-1]
    sys.stdout.write(f"idle: half begun within {statistics.median(waits):.0f} ms, p95 {p95:.0f} ms\n")
    return [] if p95 <= given.slowest else [f"a worker begins after {p95:.0f} ms (p95)"]


async def dead(shared: Cluster, given: argparse.Namespace) -> list[str]:
    """What a worker had not sent when it died, another begins with within 10 seconds."""
    seconds: list[float] = []
    async with asking(shared) as here:
        await here.ready("ann")
        await started(shared, 1)
        for number in range(given.deaths):
            [dying] = await started(shared, 1, COACH_KILL_AT="after_reserved")
            making = asyncio.create_task(here.ask_all(LEFT, number + 1))
            await asyncio.to_thread(dying.process.wait)
            died = time.time()
            await making
            again = [row.taken_at.timestamp() for row in await here.rows() if row.taken > 1]
            seconds += [at - died for at in again if at > died]
    posts, slowest = [trial for trial, _ in shared.world.ask("/arrivals")], max(seconds, default=math.inf)
    sys.stdout.write(
        f"dead: {given.deaths} workers left {len(seconds)} unsent, begun elsewhere within {slowest:.1f} s\n"
    )
    wrong = [] if slowest <= 10 else [f"what a dead worker left was begun after {slowest:.1f} s"]
    if len(posts) != len({*posts}) or len(posts) != LEFT * given.deaths:
        wrong.append(f"{len(posts)} posts for {LEFT * given.deaths} pictures")
    return wrong


async def minute(shared: Cluster, given: argparse.Namespace) -> list[str]:
    """With four workers and a limit of 50 in a minute, never 51 arrive in any 60 seconds."""
    async with asking(shared) as here:
        await here.ready("ann")
        await started(shared, 4)
        await here.ask_all(given.minutes * 50 + 1, 1, batch=True)
    times = sorted(at for _, at in shared.world.ask("/arrivals"))
    most = max(sum(begin <= at < begin + 60 for at in times) for begin in times)
    sys.stdout.write(
        f"minute: {len(times)} arrived in {times[-1] - times[0]:.0f} s, at most {most} in any 60 s\n"
    )
    return [] if most <= 50 else [f"{most} arrived within 60 s"]


async def noisy(shared: Cluster, given: argparse.Namespace) -> list[str]:
    """Whoever comes beside a tenant with 1,000 waiting pictures waits for two slots at most."""
    async with asking(shared) as here:
        await here.ready("noisy", "quiet")
        asks = (here.ask(f"trial-1{number:04}", "noisy", "loud") for number in range(given.waiting))
        waiting = asyncio.gather(*asks, return_exceptions=True)
        while len((await read_state(here.store.database)).orders) < given.waiting:  # noqa: ASYNC110
            await asyncio.sleep(0.5)
        await started(shared, 2, slots=2)
        for number in range(3):
            await here.ask(f"trial-2{number:04}", "quiet", "calm")
        rows = await here.rows()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    between = [
        sum(mine.created_at < row.taken_at < mine.taken_at for row in rows)
        for mine in rows
        if mine.user_id == "quiet"
    ]
    sys.stdout.write(f"noisy: {given.waiting} waited; {between} begun between an order and its turn\n")
    return [] if max(between) <= 2 else [f"{max(between)} pictures went first"]


Part = Callable[[Cluster, argparse.Namespace], Coroutine[Any, Any, list[str]]]
PARTS: dict[str, tuple[Part, float, dict[str, str]]] = {
    "scale": (scale, 2, {"COACH_PICTURES_AT_ONCE": "64"}),
    "cost": (cost, 0.1, {"COACH_PICTURES_AT_ONCE": "8"}),
    "idle": (idle, 0.05, {}),
    "dead": (dead, 0.3, {}),
    "minute": (minute, 0.1, {"COACH_PICTURES_PER_MINUTE": "50"}),
    "noisy": (noisy, 0.5, {"COACH_PICTURES_AT_ONCE": "4"}),
}
"""What is measured; how long the service works on a picture then, and the settings of all."""


def main() -> int:
    """Run what is wanted, and say what is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--rounds", type=int, default=8, help="scale: pictures that each slot makes")
    parser.add_argument("--times", type=float, default=3.5, help="scale: four workers, as a multiple of one")
    parser.add_argument("--trace", type=Path, help="scale: where to write what the four did, a line each")
    parser.add_argument("--pictures", type=int, default=200, help="cost: how many")
    parser.add_argument("--cpu", type=float, default=15, help="cost: milliseconds a picture at most")
    parser.add_argument("--idle", type=int, default=60, help="idle: how many, one after the other")
    parser.add_argument("--slowest", type=float, default=250, help="idle: milliseconds, of 95 in 100")
    parser.add_argument("--deaths", type=int, default=5, help="dead: how many workers die")
    parser.add_argument("--minutes", type=int, default=3, help="minute: so many times 50 pictures, and one")
    parser.add_argument("--waiting", type=int, default=1_000, help="noisy: pictures of the noisy tenant")
    given = parser.parse_args()
    wrong = []
    for name in given.only or PARTS:
        part, seconds, env = PARTS[name]
        with cluster(seconds=seconds, **env) as shared:
            wrong += asyncio.run(part(shared, given))
    for line in wrong:
        sys.stdout.write(f"    {line}\n")
    sys.stdout.write(f"{', '.join(given.only or PARTS)}: {len(wrong)} wrong\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
