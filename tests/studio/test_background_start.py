"""A process is killed once the service has its job: at the next start the picture arrives, paid for once."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from openai import AsyncOpenAI

from coach.sandbox import Sandbox
from coach.sandbox.faults import Rule
from coach.store import Store
from coach.studio import Generation, OpenAIBackgroundEngine, Spool, Studio
from tests._tree import ROOT
from tests.studio._workshop import ANA

LOOKS = 3
"""So many looks at a job go wrong; then it is there."""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(
        quick=True, delay=0.1, faults=[Rule(mode="status_503", route="response", times=LOOKS)]
    ) as running:
        yield running


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=sandbox.base_url, api_key=sandbox.api_key) as opened:
        yield opened


@pytest.fixture
async def left(
    store: Store, database_url: str, sandbox: Sandbox, tmp_path: Path, photo_bytes: bytes
) -> Generation:
    """What a process leaves behind that was killed when it had written down the id of its job."""
    await store.people.ensure(ANA)
    await store.consents.give(ANA, statement="yes")
    await store.identities.add(ANA, "Night-sky guide")
    await store.photos.add(ANA, photo_bytes)
    arguments = (database_url, tmp_path, sandbox.base_url, OpenAIBackgroundEngine.name)
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.studio._child", *arguments),
        cwd=ROOT,
        env={**os.environ, "COACH_KILL_AT": "after_job"},
    )
    assert await child.wait() == -signal.SIGKILL
    [entry] = await studio_at_start(store, AsyncOpenAI(api_key="unused"), tmp_path).generations(ANA, "talk")
    assert (entry.generation.state, entry.versions) == ("sending", ())
    assert entry.generation.job_id and not looks(sandbox)
    return entry.generation


def studio_at_start(store: Store, client: AsyncOpenAI, folder: Path, *, poll: float = 0.01) -> Studio:
    """A studio as the next process has it; it looks at a job every ``poll`` seconds."""
    engine = OpenAIBackgroundEngine(client, poll=poll)
    return Studio(store=store, engine=engine, spool=Spool(folder / "spool"))


def looks(sandbox: Sandbox) -> list[str]:
    """Every look at a job so far that was answered."""
    return [each.route for each in sandbox.log if each.route.startswith("GET") and each.seconds is not None]


async def test_the_next_start_does_not_wait_for_the_picture_and_it_arrives(
    store: Store, client: AsyncOpenAI, sandbox: Sandbox, tmp_path: Path, left: Generation
) -> None:
    studio = studio_at_start(store, client, tmp_path)
    assert await studio.recover() == [] and not looks(sandbox), "the start looks at nothing"
    done = await arrived(studio, left)
    [version] = (await studio.generation(ANA, left.id)).versions
    assert len(await store.versions.bytes(ANA, version.id)) > 1000
    assert looks(sandbox) == [f"GET /v1/responses/{left.job_id}"] * len(looks(sandbox))
    assert (done.posts, done.actual_micros) == (1, sandbox.totals.micros)
    assert sandbox.totals.charged == 1
    assert Spool(tmp_path / "spool").list() == []


async def test_closing_while_it_is_fetched_leaves_it_for_the_start_after(
    store: Store, client: AsyncOpenAI, sandbox: Sandbox, tmp_path: Path, left: Generation
) -> None:
    first = studio_at_start(store, client, tmp_path, poll=1000)
    assert await first.recover() == []
    async with asyncio.timeout(30):
        while True:
            await asyncio.sleep(0.01)
            if looks(sandbox):
                break
    await first.close()
    still = await first.ledger.get(ANA, left.id)
    assert (still.state, still.job_id, still.paid) == ("sending", left.job_id, None)

    second = studio_at_start(store, client, tmp_path)
    assert await second.recover() == []
    done = await arrived(second, left)
    assert (done.posts, done.actual_micros) == (1, sandbox.totals.micros)
    assert sandbox.totals.charged == 1


async def arrived(studio: Studio, left: Generation) -> Generation:
    """The generation, once it came in the background."""
    async with asyncio.timeout(30):
        while True:
            await asyncio.sleep(0.02)
            row = await studio.ledger.get(ANA, left.id)
            if row.state == "done":
                break
    await studio.close()
    return row
