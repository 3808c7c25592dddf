"""Whether there is a browser for ``tests/browser``. Where there is none, one line says what was not run."""

import os
import shutil
from pathlib import Path

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_FOLDER = Path(__file__).parent / "browser"
_REQUIRED = "COACH_REQUIRE_BROWSER"
_NOT_RUN = "tests/browser was not run: there is no Chromium here (on Debian: apt install chromium)."


def pytest_configure() -> None:
    """Where the browser is required, nothing is left out."""
    if CHROMIUM is None and os.environ.get(_REQUIRED) == "1":
        raise pytest.UsageError(f"{_NOT_RUN} {_REQUIRED}=1 asks for it.")


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave the folder out without a browser."""
    return True if CHROMIUM is None and collection_path == _FOLDER else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say so."""
    if CHROMIUM is None:
        terminalreporter.write_line(_NOT_RUN, yellow=True)
