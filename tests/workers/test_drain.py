"""A worker process from its start to its end: it is told to stop, what it measures, what it reads."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

import coach
from coach.sandbox import Sandbox
from coach.store import Store
from coach.studio import PictureRequest, Studio
from coach.workers.state import read_state
from tests._telemetry import points, telemetry
from tests._tree import ROOT
from tests.server._serve import until
from tests.workers._world import PROMPT, World, person


@asynccontextmanager
async def worker(world: World, machine: str = "one") -> AsyncIterator[Process]:
    """``coach worker`` with one slot, once it works; it is killed at the end."""
    home = world.settings(machine).home
    env = {
        "OPENAI_API_KEY": "a-key",
        "OPENAI_BASE_URL": world.service,
        "COACH_DATABASE_URL": world.database,
        "COACH_HOME": str(home),
        "COACH_SALT": "the same everywhere",
        "PYTHONPATH": str(ROOT),
    }
    command = ("-u", "-m", "coach", "worker", "--slots", "1", "--heartbeat", str(home / "beats"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, env=env, cwd=home, stdout=PIPE, stderr=PIPE
    )
    try:
        assert process.stdout is not None
        assert b"makes pictures" in await process.stdout.readline()
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def asked(store: Store, studio: Studio, user_id: str) -> asyncio.Task[object]:
    """Somebody asks for a picture."""
    await person(store, user_id)
    ctx = coach.Context(user_id=user_id, conversation_id="c", turn_id="t", call_id="1")
    return asyncio.create_task(studio.generate(ctx, PictureRequest(prompt=PROMPT), identity_id="i1"))


async def sent(sandbox: Sandbox) -> None:
    """Until a picture is on its way."""
    await until(lambda: any(entry.route.startswith("POST") for entry in sandbox.log))


async def stopping(process: Process) -> None:
    """Tell it to stop, until it does."""
    assert process.stderr is not None
    process.send_signal(signal.SIGTERM)
    while b"takes nothing more" not in (line := await process.stderr.readline()):
        assert line


@pytest.mark.parametrize("sandbox", [1.0], indirect=True)
async def test_a_worker_that_is_told_to_stop_takes_nothing_more_and_finishes_what_it_began(
    world: World, sandbox: Sandbox
) -> None:
    async with world.web() as (store, studio), worker(world) as process:
        heartbeat = world.settings("one").home / "beats"
        first = await asked(store, studio, "ann")
        await sent(sandbox)
        second = await asked(store, studio, "ben")
        assert heartbeat.exists()
        await stopping(process)
        await first
        assert await process.wait() == 0
        state = await read_state(store.database)
        assert [(each.user_id, each.held_by) for each in state.orders] == [("ben", "")]
        assert state.workers == [] and not heartbeat.exists()
        second.cancel()
        await asyncio.wait([second])
    assert sum(entry.route.startswith("POST") for entry in sandbox.log) == 1


@pytest.mark.usefixtures("true_start")
@pytest.mark.parametrize("sandbox", [600.0], indirect=True)
async def test_a_second_signal_ends_it_at_once_and_what_was_sent_is_in_doubt(
    world: World, sandbox: Sandbox
) -> None:
    async with world.web() as (store, studio), worker(world) as process:
        waiting = await asked(store, studio, "ann")
        await sent(sandbox)
        await stopping(process)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 130
        [row] = await studio.ledger.of_conversation("ann", "c")
        assert (row.state, row.error_code) == ("unknown", "interrupted")
        waiting.cancel()
        await asyncio.wait([waiting])


@pytest.mark.parametrize("sandbox", [1.0], indirect=True)
async def test_what_waits_and_what_is_made_is_measured(world: World, sandbox: Sandbox) -> None:
    _, measured = telemetry()

    def value(name: str) -> float:
        return sum(float(point.value) for point in points(measured, name))

    async with world.web() as (store, studio):
        task = await asked(store, studio, "ann")
        await until(lambda: value("coach.orders.waiting") == 1)
        async with world.worker(slots=3):
            await sent(sandbox)
            names = ("coach.orders.running", "coach.workers.slots", "coach.upstream.slots")
            assert [value(name) for name in names] == [1, 3, 1]
            await task
        assert [value(name) for name in names] == [0, 0, 0]
        assert value("coach.orders.waiting") == 0
    [point] = points(measured, "coach.orders.wait")
    assert point.count == 1 and dict(point.attributes) == {
        "coach.order.service": "openai",
        "coach.order.batch": False,
    }
    assert sum(
        point.value
        for point in points(measured, "coach.pictures")
        if point.attributes["coach.picture.outcome"] == "done"
    )
