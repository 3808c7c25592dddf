"""What sheets with a photo on them are called: they go when the photo goes."""

from __future__ import annotations


def photo_sheet(photo_id: str, seen: str) -> str:
    """The name of a sheet with this photo on it.

    Args:
        seen: What else is on it, as hex digits.
    """
    return f"{_start(photo_id)}{seen}.jpg"


def shows_photo(key: str, photo_id: str) -> bool:
    """Whether a blob is a sheet with this photo on it."""
    return key.rpartition("/")[2].startswith(_start(photo_id))


def _start(photo_id: str) -> str:
    return f"comparison-{photo_id}-"
