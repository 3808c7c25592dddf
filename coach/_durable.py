"""Files: what survives a power cut, and what an error of theirs may be called."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def sync(path: Path) -> None:
    """Make a file's bytes, or the names in a folder, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def private(path: str, flags: int) -> int:
    """An opener for files that only their owner can read."""
    return os.open(path, flags, 0o600)


def code_of(error: OSError) -> str:
    """The system's name of an error, such as ``ENOSPC``: it holds no path and no address."""
    return errno.errorcode.get(error.errno or 0, type(error).__name__)
