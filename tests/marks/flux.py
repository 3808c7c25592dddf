"""A batch of FLUX pictures of which some fail upstream: a rerun makes only what is missing.

``python -m tests.marks.flux`` asks for 100, of which every tenth job fails in the worker.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import httpx2

from coach import Context
from coach.fetch import Fetcher
from coach.flux import Failure, Flux, Outcome, Picture
from coach.sandbox import Sandbox
from coach.sandbox.faults import Rule
from coach.store import FolderBlobs, Store
from coach.studio import GateLimits, RunPodEngine, Spool, Studio

ONE_IN = 10
FAULT = "job_node_raised"


async def batches(
    sandbox: Sandbox, folder: Path, prompts: Sequence[str]
) -> tuple[list[Outcome], list[Outcome]]:
    """Ask for the same batch twice, as two processes would one after the other."""
    store = await Store.open(f"sqlite:///{folder}/coach.db", blobs=FolderBlobs(folder / "blobs"))
    await store.people.ensure("ana")
    both = []
    for _ in range(2):
        engine = RunPodEngine(
            key="a-key",
            endpoints={"flux-dev": sandbox.settings["runpod_server_100_id"]},
            fetcher=Fetcher(),
            url=sandbox.settings["runpod_base_url"],
            poll=0.02,
            looks=None,
            trust_env=False,
        )
        limits = GateLimits(at_once=16)
        studio = Studio(
            store=store, engine=engine, spool=Spool(folder / "spool"), model="flux-dev", limits=limits
        )
        flux = Flux(studio, store, folder=folder / "pictures")
        size = {"width": 256, "height": 144}
        both.append(
            await flux.generate_batch(Context(user_id="ana"), prompts, style_id="1", at_once=16, **size)
        )
        await studio.close()
    await store.close()
    return both[0], both[1]


def posts(sandbox: Sandbox) -> int:
    """How many jobs arrived, by the service's own count; all are over."""
    endpoint = f"{sandbox.settings['runpod_base_url']}/{sandbox.settings['runpod_server_100_id']}"
    answer = httpx2.get(f"{endpoint}/health", headers={"authorization": "Bearer a-key"}, trust_env=False)
    jobs = answer.raise_for_status().json()["jobs"]
    return int(jobs["completed"] + jobs["failed"])


def wrong_in(first: list[Outcome], again: list[Outcome], prompts: Sequence[str], files: int) -> list[str]:
    """What is not as it is to be."""
    count, failing = len(prompts), -(-len(prompts) // ONE_IN)
    failed = [each for each in first if isinstance(each, Failure)]
    kept = {each.version.id for each in first if isinstance(each, Picture)}
    there = {each.version.id for each in again if isinstance(each, Picture)}
    checks = {
        "the order of the first run": [each.asked.prompt for each in first] == list(prompts),
        "the order of the second run": [each.asked.prompt for each in again] == list(prompts),
        f"{failing} fail": len(failed) == failing,
        "each failure has its name": {each.code for each in failed} == {"service_error"},
        f"{count - failing} pictures": len(kept) == count - failing,
        "all pictures after the second run": len(there) == count,
        "the first run's pictures are the second's": kept <= there,
        "a file for each picture": files == count,
    }
    return [what for what, holds in checks.items() if not holds]


def main() -> int:
    """Ask twice, and count."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--prompts", type=int, default=100)
    count = parser.parse_args().prompts
    prompts, failing = [f"Picture {number}" for number in range(count)], -(-count // ONE_IN)
    fails = Rule(mode=FAULT, route="run", every=ONE_IN, times=failing)
    with (
        tempfile.TemporaryDirectory(prefix="coach-flux-") as place,
        Sandbox(quick=True, faults=[fails]) as sandbox,
    ):
        began = time.monotonic()
        first, again = asyncio.run(batches(sandbox, Path(place), prompts))
        files = sum(path.is_file() for path in (Path(place) / "pictures").rglob("*.png"))
        wrong = wrong_in(first, again, prompts, files)
        charged = Counter(each.paid for each in first if isinstance(each, Failure))
        seconds, sent = time.monotonic() - began, posts(sandbox)
    if sent != count + failing:
        wrong.append(f"{sent} jobs were posted, not {count} and then {failing}")
    made = sum(isinstance(each, Picture) for each in first)
    told = (
        f"{made} pictures, {len(first) - made} named errors ({dict(charged)}); a rerun posts {sent - count}"
    )
    sys.stdout.write(f"{count} prompts: {told}; {seconds:.1f} s; {len(wrong)} wrong\n")
    for each in wrong:
        sys.stdout.write(f"  {each}\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
