"""Is it a picture, and of which kind and size: told from its head, without decoding or changing it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from coach.store.blobs import ENDINGS

_LAST = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What a file is. ``width`` and ``height`` are pixels, ``ending`` goes with the media type."""

    path: Path
    sha256: str
    width: int
    height: int
    media_type: str

    @property
    def ending(self) -> str:
        """The usual ending of such a file's name, without the dot."""
        return ENDINGS[self.media_type]


def examine(path: Path) -> Examined:
    """Look at a picture's head, and whether it is whole as far as that costs next to nothing. Blocks.

    Raises:
        ValueError: It is no PNG, JPEG or WebP, or it is cut off.
    """
    try:
        with Image.open(path, formats=("PNG", "JPEG", "WEBP")) as image:
            (width, height), media_type = image.size, image.get_format_mimetype()
            image.verify()  # a PNG's checksums; the other kinds have none
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as exc:
        raise ValueError(f"no picture ({type(exc).__name__})") from None
    if media_type is None or media_type not in ENDINGS or (media_type == "image/jpeg" and not _ends(path)):
        raise ValueError("no picture, or cut off")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Examined(path=path, sha256=digest, width=width, height=height, media_type=media_type)


def _ends(path: Path) -> bool:
    """Whether a JPEG has its end marker, which cannot occur inside the coded picture (ITU T.81, B.1.1)."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _LAST))
        return b"\xff\xd9" in file.read()
