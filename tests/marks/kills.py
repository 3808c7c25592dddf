"""SIGKILL at every named step, and at random times: nothing paid twice, nothing lost, the rest ``unknown``.

``python -m tests.marks.kills --each 100 --random 500`` runs it at full size, on SQLite and PostgreSQL, with
pictures as answers, as jobs of the service and as links; the test-suite runs a few of each.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, get_args

from coach import PictureError
from coach.errors import Conflict
from coach.studio.books import Books
from tests.marks import _fork
from tests.marks._counts import add_up
from tests.marks._upstream import picture
from tests.marks._world import PERSON, Mode, World, ask_for, made

STEPS = (
    "before_intent",
    "after_reserved",
    "after_sending",
    "after_headers",
    "mid_body",
    "mid_body:3",
    "before_spool_sync",
    "before_spool_rename",
    "after_spool_rename",
    "after_received",
    "before_blob",
    "after_blob",
    "after_stored",
    "after_done",
    "before_spool_remove",
)
RECEIVED = STEPS[STEPS.index("before_spool_sync") :]
"""From here on the whole answer is in the spool: the picture must come out."""

JOB_STEPS = (
    "after_reserved",
    "after_sending",
    "job_posted",
    "after_job",
    "job_begun",
    "job_waits",
    "after_headers",
    "mid_body",
    "before_spool_sync",
    "after_spool_rename",
    "after_received",
    "after_stored",
)
"""Those of jobs, and of links, which wait for nothing."""
JOB_KNOWN = JOB_STEPS[JOB_STEPS.index("after_job") :]
"""From here on the id of the job, or the link, is kept: the picture must come out, without a second post."""

SEED = 20261120

MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass(kw_only=True)
class Trials:
    """What was killed in a world, and what became of it."""

    world: World
    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0

    async def generate(self, trial: str) -> None:
        """Ask for the trial's picture."""
        async with self.world.studio() as (store, studio):
            await ask_for(store, studio, trial)

    async def recover(self, trial: str) -> dict[str, Any]:
        """Start anew; ask for the same again; say how it stands."""
        async with self.world.studio() as (store, studio):
            began = time.monotonic()
            await studio.recover()
            took = time.monotonic() - began
            row = await studio.ledger.find(PERSON, trial)
            if row is None:
                return {"state": "absent", "whole": False, "took": took, "job": None}
            try:
                versions = (await ask_for(store, studio, trial)).versions
                whole = [await store.versions.bytes(PERSON, one.id) for one in versions] == [picture()]
            except (PictureError, Conflict):
                whole = False
            if row.job_id is not None:  # fetched meanwhile: the start does not wait for it
                row = await studio.ledger.get(PERSON, row.id)
            if row.state == "unknown":  # what an operator does, so that the next start has less to look at
                charged = bool(self.world.ask(f"/{trial}"))
                await Books(store.database).settle(row.id, charged=charged, who="the trial")
            return {"state": row.state, "whole": whole, "took": took, "job": row.job_id}

    def arrived(self) -> bool:
        """Whether the whole answer lies in the spool."""
        return any(_is_whole(path) for path in self.files())

    def files(self) -> list[Path]:
        """What lies in the spool of the answers of a trial."""
        spool = self.world.folder / "spool"
        return [*spool.glob("*.part"), *spool.glob("*.body")]

    def judge(self, name: str, trial: str, *, received: bool) -> None:
        """See what became of a trial, and write down what must not be."""
        received = received or (self.arrived() and self.world.mode == "direct")
        found = _fork.run(partial(self.recover, trial))
        posts, state = self.world.ask(f"/{trial}"), found["state"]
        self.ends[f"{name} {state}"] += 1
        self.slowest = max(self.slowest, found["took"])
        if posts > 1:
            self.wrong.append(f"{trial} at {name}: posted {posts} times")
        received = received or found["job"] is not None
        if received and not (state == "done" and found["whole"]):
            self.wrong.append(f"{trial} at {name}: lost after receipt ({state})")
        if state == "done" and not (found["whole"] and posts == 1):
            self.wrong.append(f"{trial} at {name}: done, with {posts} posts")
        if posts and state not in ("done", "unknown"):
            self.wrong.append(f"{trial} at {name}: posted and {state}")
        if name == "job_posted" and state != "unknown":
            self.wrong.append(f"{trial} at {name}: {state}, and nobody knows its job")
        if found["took"] > 5:
            self.wrong.append(f"{trial} at {name}: shown after {found['took']:.1f} s")
        for evidence in self.files():  # judged; the next trial is to find its own only
            evidence.unlink()


def _is_whole(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except ValueError:
        return False
    return True


def at_every_step(trials: Trials, each: int, only: Sequence[str] | None = None) -> None:
    """Kill at each named step, or only at some, ``each`` times."""
    steps, safe = (STEPS, RECEIVED) if trials.world.mode == "direct" else (JOB_STEPS, JOB_KNOWN)
    for step in steps:
        if (only and step not in only) or (step == "job_waits" and trials.world.mode == "links"):
            continue
        for number in range(each):
            trial = f"trial-{steps.index(step)}{number:04}"
            child, reads = _fork.begin(partial(trials.generate, trial), environ={"COACH_KILL_AT": step})
            code, _ = _fork.end(child, reads)
            if code != -9:
                trials.wrong.append(f"{trial}: {step} was never reached ({code})")
            trials.judge(step, trial, received=step in safe)


def at_random_times(trials: Trials, times: int) -> None:
    """Kill at times nobody named, from before the start to after the end."""
    chance = random.Random(SEED)
    longest = 1.5 * sorted(_seconds(trials, f"trial-990000{number}") for number in range(3))[1]
    for number in range(times):
        trial = f"trial-98{number:05}"
        _fork.killed_after(partial(trials.generate, trial), chance.uniform(0, longest))
        trials.judge("random", trial, received=False)


def _seconds(trials: Trials, trial: str) -> float:
    began = time.monotonic()
    _fork.run(partial(trials.generate, trial))
    return time.monotonic() - began


def main() -> int:
    """Run the trials and say how they ended."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--each", type=int, default=100, help="kills at each named step")
    parser.add_argument("--random", type=int, default=500, help="kills at random times")
    parser.add_argument("--on", choices=("sqlite", "postgres"), action="append", help="left out: both")
    parser.add_argument("--mode", choices=MODES, action="append", help="left out: all")
    parser.add_argument("--at", action="append", help="only at this named step; left out: at each")
    asked = parser.parse_args()
    failed = False
    for dialect, mode in product(asked.on or ("sqlite", "postgres"), asked.mode or MODES):
        with made(dialect, "tests.marks._upstream", mode=mode) as world:
            trials = Trials(world=world)
            at_every_step(trials, asked.each, asked.at)
            if asked.random:
                at_random_times(trials, asked.random)
            trials.wrong += _fork.run(partial(add_up, world, world.ask("/")))
        for end in sorted(trials.ends, key=_order):
            sys.stdout.write(f"{dialect:9} {mode:7} {end:32} {trials.ends[end]:5}\n")
        sys.stdout.write(
            f"{dialect:9} {mode:7} {sum(trials.ends.values())} kills, slowest start {trials.slowest:.2f} s, "
        )
        sys.stdout.write(f"{len(trials.wrong)} wrong\n")
        for each in trials.wrong:
            sys.stdout.write(f"  {each}\n")
        failed = failed or bool(trials.wrong)
    return int(failed)


def _order(end: str) -> tuple[int, str]:
    step = end.split()[0]
    steps = (*STEPS, *JOB_STEPS)
    return (steps.index(step) if step in steps else len(steps), end)


if __name__ == "__main__":
    sys.exit(main())
