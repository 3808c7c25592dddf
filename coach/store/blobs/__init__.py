"""Bytes that belong to people: photos, pictures, previews. In a folder, or in an S3 bucket."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from coach.store.blobs._look import Emptied, Stored
from coach.store.blobs._sheet import photo_sheet, shows_photo
from coach.store.blobs.folder import FolderBlobs
from coach.store.blobs.s3 import S3Blobs

__all__ = [
    "ENDINGS",
    "BlobKind",
    "Blobs",
    "Emptied",
    "FolderBlobs",
    "S3Blobs",
    "Stored",
    "blob_key",
    "owner_of",
    "photo_sheet",
    "shows_photo",
]

BlobKind = Literal["photos", "originals", "pictures", "previews", "derived"]
"""What a blob is: a photo as it is kept and as it was given, a version's picture (as the picture service gave
it, and with its outside put back), an unfinished picture, and what belongs to pictures without being one of
these: sheets, comparisons, thumbnails, masks, and uploads that are no photos."""

ENDINGS: Mapping[str, str] = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
"""How the name of a picture of each media type ends, without the dot."""

_LONGEST_OWNER = 100


class Blobs(Protocol):
    """Where bytes are kept, by key (:func:`blob_key`).

    Every method raises ``ValueError`` for a malformed key and ``StoreUnavailable`` when the place cannot be
    reached or used.
    """

    async def put(self, key: str, data: bytes | Path, media_type: str) -> None:
        """Keep bytes, or a file, whole or not at all. What was there is replaced.

        A file is given away: it may become the blob itself, so it is never changed afterwards, only deleted.
        """

    async def get(self, key: str, first: int | None = None) -> bytes:
        """The bytes, or only so many from the beginning. Raises ``NotFound``."""

    async def exists(self, key: str) -> bool:
        """Whether there is something."""

    async def delete(self, key: str) -> None:
        """Remove it. Safe to repeat."""

    async def list(self, prefix: str = "") -> Sequence[str]:
        """Every key that begins with ``prefix``, sorted."""

    async def look(self, prefix: str = "") -> Sequence[Stored]:
        """What lies under every key that begins with ``prefix``, sorted by key."""

    async def empty(self, owner: str) -> Emptied:
        """Remove everything of one owner (:func:`owner_of`), also what has no key. Safe to repeat."""

    async def unfinished(self, before: datetime, *, remove: bool) -> int:
        """Count, or remove, what puts left there that began before a moment and never ended."""

    async def link(self, key: str, seconds: int) -> str:
        """A link for the person themselves; from a bucket it works for ``seconds``, at most seven days."""


def blob_key(user_id: str, kind: BlobKind, name: str) -> str:
    """``<owner>/<kind>/<name>``: every blob says whose it is.

    Args:
        name: Letters, digits, ``.``, ``-`` and ``_``; not beginning with a dot.

    Raises:
        ValueError: ``name`` is another.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", name, flags=re.ASCII):
        raise ValueError(f"{name[:40]!r} cannot be the name of a blob")
    return f"{owner_of(user_id)}/{kind}/{name}"


def owner_of(user_id: str) -> str:
    """How a person is called in blob keys: percent-encoded, or a hash when that is long.

    Capitals and dots are encoded too: no two people share a folder where capitals do not count, and none is
    called ``..``.
    """
    plain = "abcdefghijklmnopqrstuvwxyz0123456789_-"
    encoded = "".join(
        letter if letter in plain else "".join(f"%{byte:02x}" for byte in letter.encode())
        for letter in user_id
    )
    if not encoded:
        raise ValueError("a user id has at least one character")
    if len(encoded) <= _LONGEST_OWNER:
        return encoded
    return "%sha256-" + hashlib.sha256(user_id.encode()).hexdigest()
