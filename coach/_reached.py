"""Named steps at which a test lets the process die, as a power cut would.

``COACH_KILL_AT=after_sending`` kills the process with SIGKILL when it comes to that step the first time;
``after_sending:3`` the third time. It does so only where the extra ``test`` is installed: a variable that was
left set stops no server that was installed without it.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from importlib.util import find_spec

VARIABLE = "COACH_KILL_AT"

_passed: Counter[str] = Counter()


def reached(step: str) -> None:
    """Say that a step was reached; nearly free where nobody asked for it."""
    wanted = os.environ.get(VARIABLE)
    if not wanted or find_spec("pytest") is None:
        return
    _passed[step] += 1
    name, _, times = wanted.partition(":")
    if name == step and str(_passed[step]) == (times or "1"):
        os.kill(os.getpid(), signal.SIGKILL)
