"""The named steps stop a process only where the test extra is, and only when they are asked for."""

import subprocess
import sys

import pytest

from coach import _reached

CODE = "from coach._reached import reached; reached('a'); reached('b'); reached('a'); print('alive')"


@pytest.mark.parametrize(
    ("wanted", "killed"),
    [("a", True), ("a:2", True), ("b", True), ("a:3", False), ("c", False), ("a:x", False), ("", False)],
)
def test_a_process_dies_at_the_step_it_was_told(wanted: str, killed: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env={"COACH_KILL_AT": wanted},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == ((-9, "") if killed else (0, "alive\n"))


def test_without_the_test_extra_nothing_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COACH_KILL_AT", "a")
    monkeypatch.setattr(_reached, "find_spec", lambda name: None)
    _reached.reached("a")
