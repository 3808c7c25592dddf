"""What a place for blobs tells of what lies there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Stored:
    """One blob as it lies there: its key, its size in bytes, and when it was put."""

    key: str
    size: int
    put_at: datetime


@dataclass(frozen=True, kw_only=True)
class Emptied:
    """What was removed of one owner.

    Attributes:
        blobs: Everything that had a key.
        older: Earlier versions and their marks, where a bucket keeps such.
        unfinished: Puts that never ended, or had not ended yet.
        still: Why something may still be there, a sentence; ``""``: nothing is.
    """

    blobs: tuple[Stored, ...]
    older: int = 0
    unfinished: int = 0
    still: str = ""
