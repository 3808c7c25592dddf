"""Blobs and files of long ago, and what `sweep` says of them."""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

from coach.store import FolderBlobs, Store
from coach.store.sweep import Retention
from coach.studio import Spool
from coach.studio.sweep import sweep

ANN = "ann"
DAY = 24 * 3600


def aged(path: Path, seconds: float = 2 * DAY) -> Path:
    """The same file, last changed so long ago."""
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def named(*letters: str, ending: str = "-0.png") -> list[str]:
    """Names as blobs have them here, each made of one hex digit."""
    return [f"{uuid.UUID(letter * 32)}{ending}" for letter in letters]


async def put(store: Store, key: str, seconds: float = 2 * DAY) -> str:
    """A blob that was put so long ago; gives its key."""
    await store.blobs.put(key, b"bytes", "image/png")
    assert isinstance(store.blobs, FolderBlobs)
    aged(store.blobs.path(key), seconds)
    return key


async def found(
    store: Store, *, fix: bool = False, spool: Spool | None = None, all: bool = False, **days: float
) -> set[str]:
    """What is found, or what is left of it, in words."""
    findings = await sweep(store, spool=spool, retention=Retention(**days), fix=fix, all=all)
    return {f"{each.what}: {each.where.rpartition('/')[2]}" for each in findings if not each.fixed}
