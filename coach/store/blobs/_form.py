"""Which keys are of our own making: a bucket or a folder may hold other programs' things too."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_PICTURE = r"(jpg|png|webp)"
_SHA = r"[0-9a-f]{64}"

_NAMES: Mapping[str, str] = {
    "photos": rf"{_ID}\.{_PICTURE}",
    "originals": rf"{_ID}(\.{_PICTURE})?",
    "pictures": rf"{_ID}-\d+(-masked|-tile-\d+-[0-9a-f]{{8}})?\.{_PICTURE}",
    "previews": rf"{_ID}-\d+\.{_PICTURE}",
    "derived": (
        rf"mask-{_SHA}\.png|upload-{_SHA}\.(jpg|png)|(sheet|comparison)-{_ID}-[0-9a-f]+\.jpg"
        rf"|thumbnail-{_ID}-\d+\.webp|sticker-{_ID}-[0-9a-f]{{16}}\.png"
    ),
}
"""What blobs of each kind are called (:data:`coach.store.blobs.BlobKind`)."""

_OURS = re.compile(
    "|".join(rf"[a-z0-9%_-]+/{kind}/({name})" for kind, name in _NAMES.items()), flags=re.ASCII
)


def is_ours(key: str) -> bool:
    """Whether a key has an owner, a kind, and a name as blobs of that kind are given here."""
    return _OURS.fullmatch(key) is not None
