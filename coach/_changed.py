"""Copies of frozen records."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")


def changed(record: T, **changes: Any) -> T:
    """A copy of a frozen dataclass with some fields changed; it has no slots and no ``__post_init__``.

    ``dataclasses.replace`` takes ten times as long, and a call copies three records.
    """
    made = object.__new__(type(record))
    made.__dict__.update(record.__dict__, **changes)
    return made
