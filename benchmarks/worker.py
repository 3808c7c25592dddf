"""One peer in a process of its own, doing what it is told on standard input.

``python -m benchmarks.worker MODULE:CLASS ADDRESS FOLDER``, in the environment of the peer. A command is a
line of JSON, ``{"job": NAME, "n": HOW_MANY, "at_once": HOW_MANY}``; its answer is one too.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

HOLD = 8.0
"""Seconds the server waits before it answers many conversations at once."""

Job = Callable[[Path], Awaitable[Any]]


class Peer(Protocol):
    """What takes part: ``await cls.open(address, photo, folder)`` makes one; its jobs are its methods.

    A job does one piece of work. It is given a path of its own for the picture, and returns what is to be
    known besides the time it took.
    """

    packages: tuple[str, ...]


def many_files() -> None:
    """Let this process open as many files as the system allows: a connection is one too."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS says "unlimited" and does not mean it
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def memory_mb(line: str) -> float:
    """``VmRSS`` or ``VmHWM`` of this process in MB (proc_pid_status(5)); not a number where there is none."""
    try:
        text = Path("/proc/self/status").read_text()
    except OSError:
        return float("nan")
    return int(text.partition(f"{line}:")[2].split()[0]) * 1024 / 1e6


def clear(folder: Path) -> None:
    """Forget what the batch before made, so that it is nobody's time, and its peak."""
    folder.mkdir(exist_ok=True)
    for old in folder.rglob("*.png"):  # the photo stays: it is a JPEG
        old.unlink()
    gc.collect()
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


async def batch(job: Job, folder: Path, n: int, at_once: int) -> dict[str, Any]:
    """Do a job ``n`` times, ``at_once`` at a time: the seconds, MB above those used before, and values."""
    before, values, numbers = memory_mb("VmRSS"), list[Any](), iter(range(n))

    async def lane() -> None:
        for number in numbers:
            values.append(await job(folder / f"{number}.png"))

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(lane() for _ in range(at_once)))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"cpu": cpu, "wall": wall, "extra_mb": memory_mb("VmHWM") - before, "values": values}


async def main(name: str, address: str, folder: Path) -> None:
    """Say what is ready, then do as told until there is nothing more to read."""
    answers = os.fdopen(os.dup(1), "w")  # a peer may print: what it says goes with the errors
    os.dup2(2, 1)
    many_files()
    module, _, kind = name.partition(":")
    found = getattr(importlib.import_module(module), kind)
    peer = await found.open(address, folder.with_name("reference.jpg").read_bytes(), folder)
    answer: dict[str, Any] = {"versions": {package: version(package) for package in found.packages}}
    while True:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
        if not (line := sys.stdin.readline()):
            return
        command = json.loads(line)
        job: Job = getattr(peer, command["job"])
        clear(folder / "made")
        answer = await batch(job, folder / "made", command["n"], command["at_once"])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
