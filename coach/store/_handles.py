"""The handles of versions: ``v1``, ``v2``, … are the main line, ``v2a`` was made from an older one."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HANDLE = re.compile(r"v([1-9][0-9]{0,8})([a-z]{0,6})", flags=re.ASCII)


def read_handle(ref: str) -> tuple[int, str] | None:
    """The number and the letters of a version's handle, ``(2, "a")`` for ``v2a``; ``None``: it is none."""
    found = _HANDLE.fullmatch(ref)
    return (int(found[1]), found[2]) if found else None


def next_handle(existing: Sequence[str], parent: str | None) -> str:
    """The handle of a picture that is made now.

    The next number, when it is made from nothing or goes on from the newest of the main line. Made from an
    older one, or from one with letters, it is called after that one's number: the next letter of its family.
    So of several pictures made at once each has the one before it as its parent.

    Args:
        existing: Every handle of its identity.
        parent: The handle of the version it is made from.
    """
    taken = [read for read in map(read_handle, existing) if read]
    newest = max((number for number, letters in taken if not letters), default=0)
    number, letters = (read_handle(parent) if parent else None) or (newest, "")
    if (number, letters) == (newest, ""):
        return f"v{newest + 1}"
    family = [_rank(others) for of, others in taken if of == number]
    return f"v{number}{_letters(max(family, default=0) + 1)}"


def _rank(letters: str) -> int:
    """1 for ``a``, 26 for ``z``, 27 for ``aa``; 0 for none."""
    rank = 0
    for letter in letters:
        rank = rank * 26 + ord(letter) - ord("a") + 1
    return rank


def _letters(rank: int) -> str:
    letters = ""
    while rank:
        rank, place = divmod(rank - 1, 26)
        letters = chr(ord("a") + place) + letters
    return letters
