"""Processes of their own that begin their rounds together, and tell for each one how much they got."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tests._tree import ROOT


@asynccontextmanager
async def racer(module: str, *arguments: str) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """A process that runs a module, which must :func:`compete`; gives what begins a round."""
    command = [sys.executable, "-m", module, *arguments]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE)
    assert process.stdin is not None and process.stdout is not None
    ours, theirs = process.stdin, process.stdout

    async def go() -> int:
        ours.write(b"go\n")
        return int(await theirs.readline())

    assert await theirs.readline() == b"ready\n"
    yield go
    ours.close()
    assert await process.wait() == 0


async def compete(play: Callable[[], Awaitable[int]]) -> None:
    """In the process: a round for each line that is read."""
    _tell("ready")
    while await asyncio.to_thread(sys.stdin.readline):
        _tell(await play())


def _tell(news: object) -> None:
    sys.stdout.write(f"{news}\n")
    sys.stdout.flush()
