"""Commands that tests start begin as forks of a process that has imported ``coach`` already.

A start of Python spends a second or more on imports, and the suite has hundreds. On by ``pytest_plugins``, on
Linux alone, for the modules ``coach``, ``tests.…`` and ``benchmarks.…``, however a test starts them. It is
a process like any other: a child of the tests with its own streams, folder, environment, signals, exit code.
``python -c`` is really started, and so is everything where a test asks for a true start.
"""

from __future__ import annotations

import ctypes
import inspect
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests._fork_server import Order
from tests._tree import ROOT

_START: Any = vars(subprocess.Popen)["_execute_child"]
_PARAMETERS = list(inspect.signature(_START).parameters)[1:]
_SET_CHILD_SUBREAPER = 36
_PLAIN = {"preexec_fn": None, "pass_fds": (), "executable": None, "shell": False, "process_group": -1}
_COMMAND = re.compile(
    r"\S+(?P<options>( -u| -W error)*) -m (?P<module>coach|(benchmarks|tests)\.(?!_fork_server)[\w.]+)( .*)?",
    re.S,
)


class _Server:
    """The process that forks, once one is needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: tuple[subprocess.Popen[bytes], socket.socket] | None = None

    def start(self, order: Order, streams: list[int]) -> int:
        """Gives the id of the process that was ordered."""
        with self._lock:
            if self._running is None:
                self._running = self._begun()
            return order.send(self._running[1], streams)

    def _begun(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        # Whose parent ends becomes a child of this process: so it can be waited for.
        if ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
            raise OSError("this process cannot adopt others")
        ours, theirs = socket.socketpair()
        # What is read at an import is read here: nothing of the tests' environment. OpenBLAS begins threads.
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
        with theirs:
            command = [sys.executable, "-m", "tests._fork_server"]
            return subprocess.Popen(
                command, cwd=ROOT, env=env, stdin=theirs.fileno(), stdout=subprocess.DEVNULL
            ), ours

    def close(self) -> None:
        if self._running is not None:
            process, ours = self._running
            ours.close()
            process.wait()


_server = _Server()


def _ordered(asked: dict[str, Any]) -> Order | None:
    """What is asked for, where that is one of ours and nothing about it is special."""
    words = asked["args"]
    if isinstance(words, str | bytes | os.PathLike) or any(asked[k] != usual for k, usual in _PLAIN.items()):
        return None
    found = _COMMAND.fullmatch(" ".join(words := [os.fsdecode(word) for word in words]))
    if words[0] != sys.executable or found is None:
        return None
    given = os.environ if asked["env"] is None else asked["env"]
    env = {os.fsdecode(name): os.fsdecode(value) for name, value in given.items()}
    if any(name.startswith("PYTHON") and env[name] not in (os.environ.get(name), str(ROOT)) for name in env):
        return None
    return Order(
        command=words,
        module=found["module"],
        rest=words[words.index("-m") + 2 :],
        unbuffered="-u" in found["options"],
        strict="-W" in found["options"],
        cwd=str(Path(os.fsdecode(asked["cwd"] or ".")).absolute()),
        env=env,
        session=asked["start_new_session"],
    )


def _execute_child(self: Any, *given: Any) -> None:
    """In place of the method of :class:`subprocess.Popen`."""
    asked = dict(zip(_PARAMETERS, given, strict=True))
    if (order := _ordered(asked)) is None:
        _START(self, *given)
        return
    streams = [asked["p2cread"], asked["c2pwrite"], asked["errwrite"]]
    self.pid = _server.start(order, [own if one == -1 else one for own, one in enumerate(streams)])
    self._child_created = True
    pipes = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
    self._close_pipe_fds(*(asked[name] for name in pipes))


@contextmanager
def truly_started() -> Iterator[None]:
    """What is started meanwhile is really started."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess.Popen, "_execute_child", _START)
        yield


@pytest.fixture
def true_start() -> Iterator[None]:
    """Every command of this test is really started."""
    with truly_started():
        yield


def pytest_configure(config: pytest.Config) -> None:
    """Stand in for the start of a process, up to the end of the tests."""
    if sys.platform == "linux":
        patch = pytest.MonkeyPatch()
        patch.setattr(subprocess.Popen, "_execute_child", _execute_child)
        config.add_cleanup(patch.undo)
        config.add_cleanup(_server.close)
