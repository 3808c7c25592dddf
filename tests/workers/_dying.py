"""Machines that are lost: ``python -m tests.workers._dying FOLDER SERVICE STEP=DATABASE ...``.

On each, Ann asks for a picture, a worker begins with it, and the power is cut when it comes to the step.
"""

import asyncio
import signal
import sys
from functools import partial
from pathlib import Path

import coach.runtime
from tests.marks import _fork
from tests.workers._world import ANN, World, ask, person

LOST = "lost"
"""The name of each of these machines."""


def world_of(folder: Path, service: str, step: str, database: str) -> World:
    """What such a machine was in; one step in the mode that has jobs, the others without."""
    where = folder / step
    where.mkdir(exist_ok=True)
    mode = "background" if step == "after_job" else "direct"
    return World(database=database, service=service, folder=where, extra={"picture_mode": mode})


async def lose(world: World) -> None:
    """Ask, work, die."""
    async with world.web(LOST) as (store, studio), world.worker(LOST):
        await person(store, ANN)
        await asyncio.wait_for(ask(studio), 60)


def main() -> int:
    """Lose them all, side by side; says how many were not."""
    coach.runtime.face_model = lambda: None
    folder, service = Path(sys.argv[1]), sys.argv[2]
    begun = []
    for each in sys.argv[3:]:
        step, _, database = each.partition("=")
        world = world_of(folder, service, step, database)
        begun.append(_fork.begin(partial(lose, world), environ={"COACH_KILL_AT": step.partition("@")[0]}))
    return sum(_fork.end(*each)[0] != -signal.SIGKILL for each in begun)


if __name__ == "__main__":
    sys.exit(main())
