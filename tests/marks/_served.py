"""A real ``coach serve`` for the marks, in a process of its own."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def served() -> Iterator[tuple[int, int]]:
    """The port of a server that runs with the sandbox, and its process id."""
    with tempfile.TemporaryDirectory(prefix="coach-marks-") as home:
        command = [sys.executable, "-u", "-m", "coach", "serve", "--sandbox", "--port", "0"]
        env = os.environ | {"COACH_HOME": home}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env) as running:
            assert running.stdout is not None
            try:
                said = re.search(rb"http://\S+:(\d+)/", running.stdout.readline())
                assert said is not None, "the server did not start"
                yield int(said[1]), running.pid
            finally:
                running.terminate()
