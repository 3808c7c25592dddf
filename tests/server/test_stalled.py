"""A process that stops for so long that another one takes its work over, and then goes on."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from coach.sandbox import Sandbox
from coach.settings import Settings
from tests.server._aged import age
from tests.server._flows import FLOWS, agree, draw, graph, transform
from tests.server._serve import (
    PATIENCE,
    Seen,
    an_app,
    begin,
    events_of,
    names,
    serving,
    settings_for,
    until,
)

CHAIN = graph(transform("a", "A cat"), transform("b", "Warmer"), transform("c", "In Rome"), edges="a>b b>c")
TALKS = "/api/v1/conversations/"


class Other:
    """Another process that begins some work."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def tells(self, *words: str) -> None:
        """Wait until it has said these, in any order."""
        assert self._process.stdout is not None
        left = set(words)
        while left:
            line = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE)
            assert line, f"it ended without {left}"
            left.discard(line.decode().strip())

    def stall(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    async def wake(self) -> None:
        """Let it go on, and come to its end."""
        self._process.send_signal(signal.SIGCONT)
        await self.tells("flow done", "talk done")
        assert await asyncio.wait_for(self._process.wait(), PATIENCE) == 0


@asynccontextmanager
async def another(settings: Settings, flow: str, talk: str) -> AsyncIterator[Other]:
    given = [str(settings.home), settings.database, str(settings.openai_base_url), flow, talk]
    command = [sys.executable, "-m", "tests.server._stalling", *given]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    try:
        yield Other(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def seen(client: httpx2.AsyncClient, path: str, until: str, *, state: str | None = None) -> list[Seen]:
    """What happened, up to an event."""
    told: list[Seen] = []
    async with client.stream("GET", f"{path}events/") as response:
        async for each in events_of(response):
            told.append(each)
            if each[1] == until and state in (None, each[2].get("state")):
                break
    return told


# Once is enough: what holds is a row's lock, and that is PostgreSQL's own.
@pytest.mark.parametrize("dialect", ["postgres"])
async def test_what_was_taken_over_is_left_by_the_process_that_wakes_up(
    database_url: str, tmp_path: Path
) -> None:
    with Sandbox(quick=True, delay=1.0) as sandbox:
        settings = settings_for(sandbox, tmp_path, database_url)
        app = an_app(settings, faces=None)
        async with serving(app) as served, served.client("ann") as ann:
            await agree(served, "ann")
            flow, talk = (await draw(ann, CHAIN)).id, await begin(ann)
        async with another(settings, flow, talk) as other:
            await other.tells("asked", "flow image")
            await until(lambda: len(sandbox.log) == 2)  # the first is there, and the second is asked for
            await age(settings, first=other.stall)
            async with serving(app) as served, served.client("ann") as ann:
                messages = served.here.store.conversations.messages
                talked, said = await seen(ann, f"{TALKS}{talk}/", "done"), await messages("ann", talk)
                await seen(ann, f"{FLOWS}{flow}/", "node", state="cached")
                await other.wake()
                run = await seen(ann, f"{FLOWS}{flow}/", "done")
                assert await seen(ann, f"{TALKS}{talk}/", "done") == talked
                assert await messages("ann", talk) == said
        assert sandbox.totals.charged == 3
    for told, first in ((run, "run"), (talked, "said")):
        assert names(told)[0] == first and names(told).count(first) == names(told).count("done") == 1
    ended = {data["id"]: data["state"] for _, name, data in run if name == "node"}
    assert ended.keys() == {"a", "b", "c"} and "failed" not in ended.values()
    assert [each.role for each in said].count("user") == 1
