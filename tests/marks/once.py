"""Many clients with the same keys at once, in two processes: one post for each key, the same picture for all.

``python -m tests.marks.once`` asks with 50 clients for 40 keys.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from functools import partial

from coach.errors import Conflict
from coach.studio import GateLimits
from tests.marks import _fork
from tests.marks._world import World, ask_for, made

PROCESSES = 2


async def clients(world: World, count: int, keys: int) -> dict[str, list[str]]:
    """Let ``count`` clients ask for every key; gives the versions each key was answered with."""
    answers: dict[str, set[str]] = {f"trial-{key}": set() for key in range(keys)}
    async with world.studio(limits=GateLimits(at_once=8)) as (store, studio):

        async def client(number: int) -> None:
            # Each begins elsewhere, so that all keys are wanted by many at any moment.
            for key in range(number, number + keys):
                trial = f"trial-{key % keys}"
                while True:
                    try:
                        made = await ask_for(store, studio, trial)
                    except Conflict:  # the other process is at work on it
                        await asyncio.sleep(0.02)
                        continue
                    answers[trial] |= {version.id for version in made.versions}
                    break

        await asyncio.gather(*map(client, range(count)))
    return {trial: sorted(found) for trial, found in answers.items()}


def main() -> int:
    """Let them ask, and count."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--keys", type=int, default=40)
    parser.add_argument("--on", choices=("sqlite", "postgres"), action="append", help="left out: both")
    asked = parser.parse_args()
    wrong = []
    for dialect in asked.on or ("sqlite", "postgres"):
        with made(dialect, "tests.marks._upstream") as world:
            work = partial(clients, world, asked.clients // PROCESSES, asked.keys)
            running = [_fork.begin(work) for _ in range(PROCESSES)]
            ended = [_fork.end(*one) for one in running]
            for trial in (f"trial-{key}" for key in range(asked.keys)):
                posts = world.ask(f"/{trial}")
                versions = {id for code, answer in ended if code == 0 for id in answer[trial]}
                if posts != 1 or len(versions) != 1:
                    wrong.append(f"{dialect} {trial}: {posts} posts, {len(versions)} versions")
            wrong += [f"{dialect}: a process ended with {code}" for code, _ in ended if code]
        sys.stdout.write(f"{dialect:9} {asked.clients} clients, {asked.keys} keys: {len(wrong)} wrong\n")
    for each in wrong:
        sys.stdout.write(f"  {each}\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
