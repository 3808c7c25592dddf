"""A command that is forked is a process like any other."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from tests._tree import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forked on Linux alone")

SCRIPTS = (sys.executable, "-m", "tests._scripts", "said.py")
TELLS = "import os, sys; print(os.getcwd(), os.getppid(), dict(os.environ), sys.argv, sys.path[0], input())"


def test_it_has_its_own_streams_folder_environment_and_exit_code(tmp_path: Path) -> None:
    env = {"PYTHONPATH": str(ROOT), "MINE": "yes"}
    ends = "import sys; print('over', file=sys.stderr); sys.exit(7)"
    done = subprocess.run(
        [*SCRIPTS, TELLS, ends], cwd=tmp_path, env=env, input="heard\n", capture_output=True, text=True
    )
    argv = [str(ROOT / "tests/_scripts.py"), *SCRIPTS[3:], TELLS, ends]
    assert done.stdout == f"{tmp_path} {os.getpid()} {env} {argv} {tmp_path} heard\n"
    assert (done.stderr, done.returncode) == ("over\n", 7)


def test_what_it_raises_and_what_it_is_warned_of_is_as_it_would_be() -> None:
    warns = "import warnings; warnings.warn('careful', stacklevel=1)"
    loose = subprocess.run([*SCRIPTS, warns], capture_output=True, text=True)
    assert (loose.returncode, "UserWarning: careful" in loose.stderr) == (0, True)
    strict = [sys.executable, "-W", "error", *SCRIPTS[1:], warns]
    done = subprocess.run(strict, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.endswith("\nUserWarning: careful\n")


async def test_it_can_be_followed_and_stopped() -> None:
    waits = "print('here', flush=True); import time; time.sleep(600)"
    for stop, code in ((signal.SIGTERM, -signal.SIGTERM), (signal.SIGKILL, -signal.SIGKILL)):
        child = await asyncio.create_subprocess_exec(*SCRIPTS, waits, stdout=PIPE)
        assert child.stdout is not None and await child.stdout.readline() == b"here\n"
        child.send_signal(stop)
        assert await child.wait() == code


@pytest.mark.usefixtures("true_start")
def test_a_true_start_has_imported_nothing() -> None:
    asks = "import sys; print('coach' in sys.modules)"
    assert subprocess.run([*SCRIPTS, asks], capture_output=True, check=True).stdout == b"False\n"
