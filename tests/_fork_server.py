"""A process that has imported what commands need, and forks those that it is asked for: see tests/_forked.py.

``python -m tests._fork_server`` with a Unix socket for its standard input.
"""

from __future__ import annotations

import gc
import io
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import time
import warnings
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

import pytest

import coach
from tests._trust import trust_nobody

# Large, and each for a few tests alone: whoever needs one imports it.
LEFT_OUT = ("__main__", "reference", "anthropic", "langchain", "openai_agents", "pydantic_ai", "migrations")
OTHERS = ("aiosqlite", "alembic.command", "asyncpg", "boto3", "cv2", "openai.resources.chat", "uvicorn")
LENGTH = 4


@dataclass(frozen=True, kw_only=True)
class Order:
    """A module to run as ``python -m`` would.

    Attributes:
        command: The whole command line.
        rest: What the module gets.
        unbuffered: ``-u``.
        strict: ``-W error``.
        session: Whether it leads a session of its own.
    """

    command: list[str]
    module: str
    rest: list[str]
    unbuffered: bool
    strict: bool
    cwd: str
    env: dict[str, str]
    session: bool

    def send(self, server: socket.socket, streams: list[int]) -> int:
        """Ask for it; gives the process id, of a child of who asks."""
        said = json.dumps(asdict(self)).encode()
        socket.send_fds(server, [len(said).to_bytes(LENGTH, "big")], streams)
        server.sendall(said)
        if not (answer := server.recv(LENGTH, socket.MSG_WAITALL)):
            raise ChildProcessError("the fork server is gone: what it said is above")
        return int.from_bytes(answer, "big")


def serve(server: socket.socket) -> tuple[Order, list[int]]:
    """Fork for every order; comes back in the child, with its order and its three streams."""
    while True:
        length, streams, _, _ = socket.recv_fds(server, LENGTH, 3)
        if not length:
            sys.exit()
        order = Order(**json.loads(server.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL)))
        assert len(list(Path("/proc/self/task").iterdir())) == 1, "who has threads must not fork"
        ours, theirs = socket.socketpair()
        if not (between := os.fork()):
            # When this one has ended, its child is one of the tests' process, which asked for that.
            if os.fork():
                os._exit(0)
            server.close()
            ours.close()
            with theirs:
                theirs.sendall(os.getpid().to_bytes(LENGTH, "big"))
                theirs.recv(1)
            return order, streams
        theirs.close()
        for stream in streams:
            os.close(stream)
        os.waitpid(between, 0)
        with ours:
            server.sendall(ours.recv(LENGTH, socket.MSG_WAITALL))


def become(order: Order, streams: list[int]) -> None:
    """Make of this process what a start would have made, and run the module."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    if order.session:
        os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(order.cwd)
    os.environ.clear()
    os.environ.update(order.env)
    time.tzset()
    sys.orig_argv[:] = order.command
    sys.argv[:] = ["-m", *order.rest]
    sys.path[:] = [order.cwd, *filter(None, order.env.get("PYTHONPATH", "").split(os.pathsep)), *sys.path]
    if order.strict:
        sys.warnoptions.append("error")
        warnings.simplefilter("error")
    sys.stdin = stream_of(0, "r")
    sys.stdout = stream_of(1, "w", unbuffered=order.unbuffered)
    sys.stderr = stream_of(2, "w", errors="backslashreplace", unbuffered=order.unbuffered)
    runpy.run_module(order.module, run_name="__main__", alter_sys=True)


def stream_of(
    number: int, mode: str, *, errors: str = "strict", unbuffered: bool = False
) -> io.TextIOWrapper:
    """A standard stream as Python opens it at the start."""
    raw = open(number, f"{mode}b", buffering=0 if unbuffered else -1, closefd=False)  # noqa: SIM115
    line = mode == "w" and (number == 2 or os.isatty(number))
    return io.TextIOWrapper(raw, "utf-8", errors, line_buffering=line, write_through=unbuffered)


def prepare() -> None:
    """Import what commands need. No model is loaded and no thread begun."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        below = pkgutil.walk_packages(coach.__path__, "coach.")
        for name in [
            *OTHERS,
            *(each.name for each in below if not set(each.name.split(".")) & set(LEFT_OUT)),
        ]:
            # What is not installed is missed by who needs it.
            with suppress(ImportError):
                import_module(name)
    trust_nobody(pytest.MonkeyPatch())
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    # Ctrl-C is for the tests, which close the socket.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The first are the folder this was started in, and PYTHONPATH: others may have others.
    del sys.path[: 1 + len(list(filter(None, os.environ["PYTHONPATH"].split(os.pathsep))))]
    prepare()
    become(*serve(socket.socket(fileno=os.dup(0))))
