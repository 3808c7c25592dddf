"""The files of this repository, as a stranger gets them."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent


def tracked(*folders: str) -> list[str]:
    """Paths relative to the root, with ``/``: what git tracks or would add; without git, every file.

    Args:
        folders: Only what is below these.
    """
    below = tuple(f"{folder}/" for folder in folders) or ""
    git = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(git, capture_output=True, check=True, text=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        listed = _walked()
    return sorted(path for path in listed if path.startswith(below) and (ROOT / path).is_file())


def python_files(*folders: str) -> list[str]:
    """Those of :func:`tracked` that are Python."""
    return [path for path in tracked(*folders) if path.endswith(".py")]


def _walked() -> list[str]:
    """Every file outside hidden and cache folders: an unpacked sdist has no git."""
    found: list[str] = []
    for folder, below, files in os.walk(ROOT):
        below[:] = [name for name in below if not name.startswith(".") and name != "__pycache__"]
        found += [(Path(folder) / name).relative_to(ROOT).as_posix() for name in files]
    return found
