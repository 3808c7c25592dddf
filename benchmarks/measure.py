"""The measurements: who takes part, and batches of everybody's work in turn."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import pictures

HERE = Path(__file__).parent
ROOT = HERE.parent

SDK, HOT, WHOLE = "openai SDK", "coach, hot path", "coach, whole picture"
LIMIT, DUTIES = "limit in C", "limit in C, coach's duties"
BARE, ACTION, TALKS = "bare HTTP call", "coach, whole action", "coach, conversations"

# The class, and the environment below .venv-bench it lives in; coach's own is the one this runs in.
PEERS = {
    SDK: ("benchmarks.peers:OpenAISDK", ""),
    "litellm": ("benchmarks.peers:LiteLLM", "litellm"),
    "pydantic-ai": ("benchmarks.peers:PydanticAI", "pydantic-ai"),
    HOT: ("benchmarks.coach_peers:HotPath", ""),
    WHOLE: ("benchmarks.coach_peers:WholePicture", ""),
    BARE: ("benchmarks.peers:BareCall", ""),
    ACTION: ("benchmarks.coach_peers:WholeAction", ""),
    TALKS: ("benchmarks.coach_peers:Conversations", ""),
}
JSON_PEERS = (SDK, "litellm", "pydantic-ai", WHOLE, HOT)
SSE_PEERS = (SDK, WHOLE, HOT)
"""litellm and pydantic-ai do not offer partial images."""


class Worker:
    """A peer in its own process."""

    def __init__(self, name: str, address: str, folder: Path) -> None:
        kind, venv = PEERS[name]
        python = ROOT / ".venv-bench" / venv / "bin" / "python" if venv else sys.executable
        folder.mkdir(parents=True)
        command: list[str | Path] = [python, "-m", "benchmarks.worker", kind, address, folder]
        # litellm would ask the network for prices.
        env = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "OPENAI_API_KEY": "sk-bench"}
        self.folder = folder
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ready(self) -> dict[str, str]:
        """Wait until it is. Returns the versions it uses."""
        versions: dict[str, str] = self._answer()["versions"]
        return versions

    def run(self, n: int, at_once: int, job: str = "picture") -> dict[str, Any]:
        """A batch. See :func:`benchmarks.worker.batch`."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"job": job, "n": n, "at_once": at_once}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End it, and throw away what it made."""
        self._process.communicate()
        shutil.rmtree(self.folder)

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        if not (line := self._process.stdout.readline()):
            raise RuntimeError(f"{self.folder.name} ended with {self._process.wait()}; what it said is above")
        answer: dict[str, Any] = json.loads(line)
        return answer


@dataclass(kw_only=True)
class Bench:
    """A server and a folder to work in."""

    port: int
    folder: Path
    say: Callable[[str], None]
    versions: dict[str, dict[str, str]] = field(default_factory=dict)

    @contextmanager
    def peers(self, names: Sequence[str], way: str, *, warm: int = 4) -> Iterator[dict[str, Worker]]:
        """Several peers that ask the server for answers of one way, warmed up with some pictures."""
        with ExitStack() as stack:
            workers = {}
            for name in names:
                folder = self.folder / f"{name} {way}".replace(" ", "-").replace(",", "")
                workers[name] = Worker(name, f"http://127.0.0.1:{self.port}/{way}/v1", folder)
                stack.callback(workers[name].close)
            for name, worker in workers.items():
                self.versions[name] = worker.ready()
                if warm:
                    worker.run(warm, warm)
            yield workers

    def cpu(self, way: str, points: dict[int, int]) -> dict[str, dict[int, float]]:
        """CPU milliseconds a picture, by peer and number at once; ``points`` says how many rounds of each."""
        names = JSON_PEERS if way == "json" else SSE_PEERS
        found: dict[str, dict[int, float]] = {name: {} for name in names}
        with self.peers(names, way) as workers:
            for worker in workers.values():
                must_be_right(worker.folder)
            for at_once, rounds in points.items():
                self.say(f"CPU, {way}, {at_once} at once")
                n = max(8, at_once)
                for name, taken in in_turn(workers, rounds, n, at_once).items():
                    found[name][at_once] = median_ms(taken, "cpu", n)
        if floor := self._limit(way):
            found[LIMIT] = {1: floor}
        if floor := self._limit(way, "-DDUTIES", "-l:libcrypto.so.3", "-l:libz.so.1"):
            found[DUTIES] = {1: floor}
        return found

    def memory(self, way: str, points: Sequence[int]) -> dict[str, dict[int, float]]:
        """Extra MB for each picture in flight; a fresh process for every point."""
        found: dict[str, dict[int, float]] = {}
        for name in JSON_PEERS if way == "json" else SSE_PEERS:
            for at_once in points:
                self.say(f"Memory, {way}, {at_once} at once: {name}")
                with self.peers([name], f"{way}-drip", warm=1) as workers:
                    taken = workers[name].run(at_once, at_once)
                found.setdefault(name, {})[at_once] = taken["extra_mb"] / at_once
        return found

    def first_preview(self, rounds: int) -> dict[str, float]:
        """Milliseconds from asking until the first preview can be used."""
        self.say("Time to the first preview")
        with self.peers((SDK, WHOLE), "sse-pause") as workers:
            samples = in_turn(workers, rounds, 1, 1)
        return {name: statistics.median(one["values"][0] for one in samples[name]) * 1e3 for name in samples}

    def action(self, way: str, rounds: int) -> dict[str, dict[str, float]]:
        """CPU and wall milliseconds of a whole action and of the bare HTTP call."""
        self.say(f"A whole action, {way}")
        with self.peers((BARE, ACTION), way) as workers:
            samples = in_turn(workers, rounds, 4, 1)
        return {
            name: {what: median_ms(taken, what, 4) for what in ("cpu", "wall")}
            for name, taken in samples.items()
        }

    def conversations(self, number: int) -> dict[str, float]:
        """What many conversations take that wait for pictures at the same time."""
        self.say(f"{number} conversations")
        with self.peers([TALKS], f"sse-small-hold{number}", warm=0) as workers:
            found: dict[str, float] = workers[TALKS].run(1, 1, "talk")["values"][0]
            return found

    def _limit(self, way: str, *flags: str) -> float | None:
        """CPU milliseconds a picture in C, where there are a compiler and the libraries."""
        program = self.folder / "limit"
        if not (compiler := shutil.which("gcc")):
            return None
        build = [compiler, "-O3", "-march=native", "-o", program, HERE / "limit.c", *flags]
        if subprocess.run(build, capture_output=bool(flags), check=not flags).returncode:
            return None
        photo, into = self.folder / "reference.jpg", self.folder / "limit.png"
        command: list[str | Path] = [program, f"{self.port}", way, photo, into, "20"]
        taken = [float(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(5)]
        must_be_right(self.folder)
        return statistics.median(taken) * 1e3


def in_turn(workers: dict[str, Worker], rounds: int, n: int, at_once: int) -> dict[str, list[dict[str, Any]]]:
    """Everybody's batches: in each round all of them, in another order, so that noise hits them alike."""
    order, mixed = list(workers), random.Random(7)
    samples: dict[str, list[dict[str, Any]]] = {name: [] for name in workers}
    for _ in range(rounds):
        mixed.shuffle(order)
        for name in order:
            samples[name].append(workers[name].run(n, at_once))
    return samples


def median_ms(samples: Sequence[dict[str, Any]], what: str, n: int) -> float:
    """The median of some batches of ``n``, in milliseconds for each one."""
    return float(statistics.median(one[what] for one in samples)) / n * 1e3


def must_be_right(folder: Path) -> None:
    wanted = hashlib.sha256(pictures.result()).digest()
    if not any(hashlib.sha256(path.read_bytes()).digest() == wanted for path in folder.rglob("*.png")):
        raise RuntimeError(f"{folder.name}: what lies there is not the picture that the server sent")


@contextmanager
def bench(folder: Path, *, say: Callable[[str], None]) -> Iterator[Bench]:
    """Start the server and make the pictures."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "reference.jpg").write_bytes(pictures.reference())
    (folder / "small.png").write_bytes(pictures.small())
    command = [sys.executable, "-m", "benchmarks.server"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield Bench(port=int(server.stdout.readline()), folder=folder, say=say)
        finally:
            server.terminate()
            shutil.rmtree(folder)
