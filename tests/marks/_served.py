"""A real ``coach serve`` for the marks, in a process of its own."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def served(**env: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The port of a server, and its process.

    Args:
        env: Its settings. Left out: it runs with the sandbox in its own process, in a new folder.
    """
    with tempfile.TemporaryDirectory(prefix="coach-marks-") as home:
        command = [sys.executable, "-u", "-m", "coach", "serve", "--port", "0"]
        command += [] if env else ["--sandbox"]
        env = {**os.environ, "COACH_HOME": home, **env}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env) as running:
            assert running.stdout is not None
            try:
                said = re.search(rb"http://\S+:(\d+)/", running.stdout.readline())
                assert said is not None, "the server did not start"
                yield int(said[1]), running
            finally:
                running.terminate()
