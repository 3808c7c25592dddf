"""Which texts are blob keys and prefixes of keys, and what to raise for one that is not there."""

from __future__ import annotations

import re

from coach.errors import NotFound

_SEGMENT = r"[A-Za-z0-9%_-][A-Za-z0-9%_.-]*"
_KEY = re.compile(rf"{_SEGMENT}(/{_SEGMENT}){{2}}", flags=re.ASCII)
_PREFIX = re.compile(rf"({_SEGMENT}/)*", flags=re.ASCII)


def check_key(key: str) -> str:
    """The key itself.

    Raises:
        ValueError: It is not owner, kind and name: three segments, none empty or beginning with a dot.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key[:40]!r} is not a blob key; make it with coach.store.blob_key")
    return key


def check_prefix(prefix: str) -> str:
    """The prefix itself.

    Raises:
        ValueError: It is neither empty nor whole segments, each with its ``/``.
    """
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"{prefix[:40]!r} is not a prefix of blob keys; write `owner/` or `owner/kind/`")
    return prefix


def check_owner(owner: str) -> str:
    """The owner's part of keys itself.

    Raises:
        ValueError: It cannot be one.
    """
    if not re.fullmatch(_SEGMENT, owner, flags=re.ASCII):
        raise ValueError(f"{owner[:40]!r} is nobody's part of a blob key; make it with coach.store.owner_of")
    return owner


def missing(key: str) -> NotFound:
    """What to raise when nothing is there. The owner's part of the key is left out."""
    return NotFound("blob", key.rpartition("/")[2])
