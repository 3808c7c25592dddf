"""A service manager says stop: what is being paid for is received and kept first."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_sigterm_lets_a_picture_that_was_asked_for_arrive(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-u", "-m", "coach", "demo"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        said = next(line for line in demo.stdout if "Sending your photo" in line)
        demo.send_signal(signal.SIGTERM)
        _, errors = demo.communicate(timeout=60)
    assert "gpt-image" in said
    assert demo.returncode == 130 and "Traceback" not in errors
    [database] = (tmp_path / "coach-demo").rglob("coach.sqlite3")
    connection = sqlite3.connect(database)
    states = connection.execute("SELECT state, paid FROM generations").fetchall()
    kept = connection.execute("SELECT count(*) FROM versions").fetchone()
    connection.close()
    assert (states, kept) == ([("done", "paid")], (1,))
