"""``python -m tests.marks.workers``: pictures while workers are killed, links are cut, PostgreSQL restarts.

Two ``coach serve`` and four ``coach worker``, each in a network of its own, a PostgreSQL, an S3 server, and a
picture service that counts. People of two tenants ask over HTTP, some in conversations that are watched all
the time. No picture may be paid for twice; what lay whole on the disk of a worker that was killed must be
there in the end; the rest is ``unknown``; each watcher must have seen everything once and in order; and the
ledger must agree with the service's own count.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import select

from coach.settings import Settings
from coach.store import Store
from coach.store.happenings import Happenings
from coach.store.tables import generations
from coach.studio.books import Books
from coach.workers.state import read_state
from tests.marks._askers import Asker, people
from tests.marks._counts import add_up
from tests.marks._machines import Cluster, Machine, cluster

WEBS, WORKERS = 2, 4
_TRIAL = re.compile(r"trial-\d+")

LONGEST_CUT = 8.0
"""Seconds for which a link is cut at most."""


@dataclass(kw_only=True)
class Chaos:
    """What is done to a cluster meanwhile.

    Attributes:
        every: Seconds between two faults, on average.
        received: The generations whose answer lay whole on the disk of a worker when that was killed.
    """

    cluster: Cluster
    workers: list[Machine]
    every: float
    chance: random.Random
    received: set[str] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        """Kill and cut without end."""
        while True:
            await asyncio.sleep(self.chance.uniform(0.5, 1.5) * self.every)
            for machine in self.cluster.machines:
                machine.revive()
            if self.chance.random() < 0.5:
                await self.kill(self.chance.choice(self.workers))
            else:
                await self.cut(self.chance.choice(self.cluster.machines))

    async def kill(self, worker: Machine) -> None:
        """Kill a worker, see what it had received, and start it again."""
        await asyncio.to_thread(worker.kill)
        self.done["kills"] += 1
        for path in (worker.home / "spool").glob("*"):
            if path.suffix in (".part", ".body") and _is_whole(path.read_bytes()):
                self.received.add(path.name.partition(".")[0])
        worker.start()

    async def cut(self, machine: Machine) -> None:
        """Cut a machine off for a while."""
        if machine.link:
            self.done["cuts"] += 1
            self.cluster.network.set(machine.link, "down")
            try:
                await asyncio.sleep(self.chance.uniform(0.3, LONGEST_CUT))
            finally:
                self.cluster.network.set(machine.link, "up")

    async def restart_postgres(self, how: signal.Signals) -> None:
        """Stop PostgreSQL, and start it again."""
        await asyncio.to_thread(self.cluster.postgres.stop, how)
        await asyncio.sleep(1)
        await asyncio.to_thread(self.cluster.postgres.start)
        self.done["restarts of PostgreSQL"] += 1


def _is_whole(answer: bytes) -> bool:
    try:
        json.loads(answer)
    except ValueError:
        return False
    return True


async def run(shared: Cluster, given: argparse.Namespace) -> list[str]:
    """Ask for everything meanwhile; gives what is wrong in the end."""
    webs = [shared.web() for _ in range(WEBS)]
    workers = [shared.worker() for _ in range(WORKERS)]
    for machine in (*webs, *workers):
        await asyncio.to_thread(machine.wait_ready)
    chance = random.Random(given.seed)
    chaos = Chaos(cluster=shared, workers=workers, every=given.every, chance=chance)
    async with asyncio.timeout(given.minutes * 60):
        store = await _store(shared)
        addresses = [web.address for web in webs]
        askers = await people(store, addresses, talking=given.watchers, others=given.people - given.watchers)
        await store.close()
        watching = [asyncio.create_task(asker.watch()) for asker in askers if asker.talk]
        began = time.monotonic()
        await _asked(chaos, askers, given.pictures)
        took = time.monotonic() - began
        for worker in workers:
            await chaos.kill(worker)
        for worker in workers:
            await asyncio.to_thread(worker.wait_ready)
        store = await _store(shared)
        wrong = await _unended(store) + await _unseen(store, askers)
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        wrong += await _judge(shared, store, askers, chaos)
        await store.close()
    did = ", ".join(f"{number} {what}" for what, number in chaos.done.items())
    sys.stdout.write(f"{given.pictures} pictures in {took:.0f} s; {did}; ")
    sys.stdout.write(f"{len(chaos.received)} whole on the disk of a killed worker\n")
    return wrong


async def _asked(chaos: Chaos, askers: list[Asker], pictures: int) -> None:
    """Have everybody ask for one picture after another, with faults meanwhile."""
    waiting = [f"trial-{number}" for number in range(pictures)]
    restarts = {pictures // 3: signal.SIGINT, pictures * 2 // 3: signal.SIGQUIT}

    async def work(asker: Asker) -> None:
        while waiting:
            trial = waiting.pop()
            if (how := restarts.pop(len(waiting), None)) is not None:
                restarting.append(asyncio.create_task(chaos.restart_postgres(how)))
            await asker.ask(trial)

    restarting: list[asyncio.Task[None]] = []
    faults = asyncio.create_task(chaos.run())
    await asyncio.gather(*map(work, askers), *restarting)
    await asyncio.gather(*restarting)
    faults.cancel()
    await asyncio.gather(faults, return_exceptions=True)
    for machine in chaos.cluster.machines:
        machine.revive()


async def _store(shared: Cluster) -> Store:
    """The store of all machines, as this process reaches it."""
    assert shared.s3 is not None
    settings = Settings.read(
        s3_endpoint=shared.s3.endpoint,
        s3_bucket_name=shared.s3.bucket,
        s3_access_key=shared.s3.access_key,
        s3_secret_key=shared.s3.secret_key,
        s3_region=shared.s3.region,
    )
    return await Store.open(shared.world.database, blobs=settings.blobs())


async def _unended(store: Store) -> list[str]:
    """The orders that do not come to their end."""
    for _ in range(60):
        if not (left := (await read_state(store.database)).orders):
            return []
        await asyncio.sleep(1)
    return [
        f"order {one.id} of {one.user_id} does not end: held by {one.held_by or 'nobody'}" for one in left
    ]


async def _unseen(store: Store, askers: list[Asker]) -> list[str]:
    """Who did not see everything once and in order."""
    wrong = []
    for asker in (each for each in askers if each.talk):
        there: list[int] = []
        while some := await Happenings(store.database).after(asker.user_id, asker.talk, len(there)):
            there += [each.seq for each in some]
        with suppress(TimeoutError):
            async with asyncio.timeout(60):
                while len(asker.seen) < len(there):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        if [number for number, *_ in asker.seen] != there:
            wrong.append(f"{asker.user_id} saw {len(asker.seen)} of {len(there)} events, or not in order")
    return wrong


async def _judge(shared: Cluster, store: Store, askers: list[Asker], chaos: Chaos) -> list[str]:
    """What is wrong with the ledger, beside the service's count and what people were told."""
    posts = Counter(trial for trial, _ in shared.world.ask("/arrivals"))
    told = {trial: how for asker in askers for trial, how in asker.told.items()}
    async with store.database.read() as connection:
        named = [generations.c[name] for name in ("id", "prompt", "state", "paid", "error_code")]
        rows = (await connection.execute(select(*named))).mappings().all()
    wrong, ends = [], Counter(f"{row['state']} {row['error_code'] or ''}".strip() for row in rows)
    for trial, how in told.items():
        states = [
            row["state"] for row in rows if row["prompt"].endswith(trial) or f"{trial}\n" in row["prompt"]
        ]
        wrong += [f"{trial}: {each}" for each in _differ(posts[trial], Counter(states), how)]
    for row in rows:
        if row["id"] in chaos.received and row["state"] != "done":
            wrong.append(f"generation {row['id']} was received whole, and is {row['state']}")
    sys.stdout.write(f"told: {dict(Counter(told.values()))}; in the ledger: {dict(ends)}\n")
    books = Books(store.database)
    for doubt in await books.in_doubt():
        [trial] = _TRIAL.findall(doubt.prompt)
        await books.settle(doubt.id, charged=posts[trial] > 0, who="the mark")
    return wrong + await add_up(shared.world, posts.total())


def _differ(posts: int, states: Counter[str], told: str) -> list[str]:
    """What is wrong with one trial."""
    wrong = [f"posted {posts} times"] if posts > 1 else []
    ended = states["done"] + states["unknown"]
    if (
        states["done"] > posts
        or (posts and not ended)
        or states.total() - ended - states["failed"] - states["refused"]
    ):
        wrong.append(f"posted {posts} times, and {dict(states)}")
    if told == "image" and not states["done"]:
        wrong.append(f"told of a picture, and {dict(states)}")
    if told == "unpaid" and posts:
        wrong.append("told that it was not charged, and posted")
    return wrong


def main() -> int:
    """Run it, and say how it ended."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=2_000)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--watchers", type=int, default=12, help="how many of them talk and watch")
    parser.add_argument("--every", type=float, default=5, help="seconds between two faults")
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--minutes", type=float, default=30, help="the longest it may take")
    given = parser.parse_args()
    plenty = {"COACH_REQUESTS_PER_MINUTE": "100000", "COACH_TURNS_PER_MINUTE": "100000"}
    with cluster(seconds=0.3, bucket=True, apart=True, COACH_PICTURES_AT_ONCE="16", **plenty) as shared:
        wrong = asyncio.run(run(shared, given))
    for line in wrong:
        sys.stdout.write(f"    {line}\n")
    sys.stdout.write(f"{given.pictures} pictures: {len(wrong)} wrong\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
