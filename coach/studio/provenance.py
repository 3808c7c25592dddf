"""Where a picture is from: the marks on what we make of a service's pictures, and reading anybody's.

A service's own bytes are never changed, so its C2PA manifest stays valid. What is made of them carries

- the IPTC digital source type and the SHA-256 of what it is made from, as XMP;
- with a certificate, a C2PA manifest that names these as ingredients.

Both are told here and in `docs/provenance.md`. Marks can be removed by anybody: their absence says nothing.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Literal

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from coach.errors import InputRefused, SettingsError
from coach.studio._c2pa import Credentials, check
from coach.studio._embedded import Damaged, Embedded, look
from coach.studio._meaning import IPTC, MEANING, SAYS_NOTHING, facts
from coach.studio._signer import Algorithm, Ingredient, Signer
from coach.studio._xmp import Marks, NotXmp, packet, parse

__all__ = [
    "IPTC",
    "MAX_BYTES",
    "MEANING",
    "SAYS_NOTHING",
    "Algorithm",
    "Credentials",
    "Ingredient",
    "Kind",
    "MediaType",
    "Provenance",
    "Signer",
    "derive",
    "facts",
    "ingredient",
    "read",
]

logger = logging.getLogger(__name__)

Kind = Literal["resized", "thumbnail", "crop", "tile", "sticker", "sheet", "comparison", "masked"]
"""What was made: a smaller or larger one, a part, a cut-out, several of a service's pictures on one sheet, a
photo beside them, or a picture whose unmasked part is the one it was made from."""

MediaType = Literal["image/png", "image/jpeg", "image/webp"]

MAX_BYTES = 64 * 1024 * 1024
"""The largest file that is read."""

# The IPTC term, and the action as C2PA calls it. A mixture stays one, whatever is made of it.
_MADE: dict[Kind, tuple[str, str]] = {
    "resized": ("trainedAlgorithmicMedia", "c2pa.resized"),
    "thumbnail": ("trainedAlgorithmicMedia", "c2pa.resized"),
    "crop": ("trainedAlgorithmicMedia", "c2pa.cropped"),
    "tile": ("trainedAlgorithmicMedia", "c2pa.cropped"),
    "sticker": ("trainedAlgorithmicMedia", "c2pa.edited"),
    "sheet": ("trainedAlgorithmicMedia", "c2pa.edited"),
    "comparison": ("compositeSynthetic", "c2pa.edited"),
    "masked": ("compositeWithTrainedAlgorithmicMedia", "c2pa.edited"),
}
_MIXED = frozenset({"compositeSynthetic", "compositeWithTrainedAlgorithmicMedia"})
_HOW: dict[MediaType, tuple[str, dict[str, Any]]] = {
    "image/png": ("PNG", {}),
    "image/jpeg": ("JPEG", {"quality": 92, "subsampling": 0}),
    "image/webp": ("WEBP", {"quality": 90}),
}
_MODES = frozenset({"L", "LA", "RGB", "RGBA"})


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What a file says about where it is from.

    Attributes:
        sha256: Of the whole file, in hex: the name under which what is made of it knows it.
        source_type: The IPTC digital source type, a URI; ``None``: not said. Anybody can write or remove it,
            unless ``credentials`` holds: a signature covers it.
        made_from: The SHA-256 in hex of what it is made from, the picture it derives from first.
        credentials: What its C2PA manifest says.
    """

    media_type: str
    sha256: str
    source_type: str | None
    made_from: tuple[str, ...]
    credentials: Credentials

    @property
    def is_silent(self) -> bool:
        """Whether it says nothing at all."""
        return not self.source_type and not self.made_from and self.credentials.state == "absent"


def derive(
    parent: bytes | Ingredient,
    image: Image.Image,
    *,
    media_type: MediaType,
    kind: Kind,
    others: Sequence[bytes | Ingredient] = (),
    signer: Signer | None = None,
) -> bytes:
    """Encode what was made of a picture, with its marks and no other metadata but the colour profile.

    Blocking: encoding 3840 x 2160 pixels takes seconds, and a time stamp authority has half a minute. When
    it cannot be signed it is given unsigned, and the log says why: a picture does not wait for a signature.

    Args:
        parent: The file it was made from, which a picture service gave or which was derived from one; or
            what :func:`ingredient` made of it.
        image: What was made.
        kind: What it is; it decides the IPTC term.
        others: Further files that are in it, e.g. the photo of a comparison.
        signer: To sign a C2PA manifest with; left out: none.

    Raises:
        InputRefused: A parent is no PNG, JPEG or WebP, or is damaged.
        ValueError: JPEG was asked for a picture with transparency.
    """
    made_from = [ingredient(each) if isinstance(each, bytes) else each for each in (parent, *others)]
    term, action = _MADE[kind]
    if term not in _MIXED:
        term = next((each.term for each in made_from if each.term in _MIXED), term)
    made = _encode(image, media_type, packet(IPTC + term, [each.sha256 for each in made_from]))
    if signer is None:
        return made
    try:
        return signer.sign(made, media_type, made_from=made_from, action=action, source_type=IPTC + term)
    except SettingsError as error:
        logger.warning("What was made of a picture is not signed: %s", error)
        return made


def ingredient(data: bytes, *, whole: bool = True) -> Ingredient:
    """A file as :func:`derive` names it in what is made of it.

    Args:
        whole: Keep its bytes for a C2PA manifest, which then takes along the one it has itself. Without
            them it is only named, and many can be on one sheet without being in memory together.

    Raises:
        InputRefused: It is no PNG, JPEG or WebP, or is damaged.
    """
    found = _embedded(BytesIO(data))
    return Ingredient(
        media_type=found.media_type,
        sha256=hashlib.sha256(data).hexdigest(),
        term=(_marks(found).source_type or "").removeprefix(IPTC),
        data=data if whole else None,
    )


def read(source: Path | bytes, *, anchors: str | None = None) -> Provenance:
    """What a PNG, JPEG or WebP says about where it is from. Decodes, fetches and believes nothing.

    Blocking. A file with a C2PA manifest is read into memory to check it; of others, some kilobytes are.

    Args:
        anchors: The certificates of signers you trust, PEM.

    Raises:
        InputRefused: It is another kind of picture, damaged, larger than :data:`MAX_BYTES`, or e.g. a pipe.
        OSError: The file cannot be read.
    """
    with (
        nullcontext(BytesIO(source))
        if isinstance(source, bytes)
        else open(source, "rb", opener=_open) as file
    ):
        if file.seek(0, 2) > MAX_BYTES:
            raise InputRefused(f"This file is larger than {MAX_BYTES // 1024 // 1024} MB.")
        file.seek(0)
        found = _embedded(file)
        marks = _marks(found)
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        credentials = Credentials(state="absent")
        if found.has_c2pa:
            credentials = check(file, found.media_type, anchors=anchors)
    return Provenance(
        media_type=found.media_type,
        sha256=sha256,
        source_type=marks.source_type,
        made_from=marks.parents,
        credentials=credentials,
    )


def _open(path: str, flags: int) -> int:
    """For :func:`open`: a file that has an end and can be read twice."""
    # A pipe that nobody writes to would be opened for ever.
    file = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if stat.S_ISREG(os.fstat(file).st_mode):
        return file
    os.close(file)
    raise InputRefused(f"{path!r} is a folder, a pipe or a device. Save the picture to a file first.")


def _embedded(file: BinaryIO) -> Embedded:
    try:
        found = look(file)
    except Damaged:
        raise InputRefused("This picture is damaged or incomplete.") from None
    if found is None:
        raise InputRefused("This is no PNG, JPEG or WebP picture; the marks of others cannot be read here.")
    return found


def _marks(found: Embedded) -> Marks:
    """What the packet says; one that cannot be read says nothing."""
    nothing = Marks(source_type=None, parents=())
    try:
        return nothing if found.xmp is None else parse(found.xmp)
    except NotXmp:
        return nothing


def _encode(image: Image.Image, media_type: MediaType, xmp: bytes) -> bytes:
    """Save without what Pillow carries over from the file the image came from: comments, Exif, resolution."""
    if image.mode in _MODES and "transparency" not in image.info:
        plain = image.copy()
    else:
        plain = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if media_type == "image/jpeg" and plain.has_transparency_data:
        raise ValueError("JPEG has no transparency; make it a PNG or put it on a background")
    profile = image.info.get("icc_profile")
    plain.info = {}
    form, options = _HOW[media_type]
    mark = {"pnginfo": _png_text(xmp)} if form == "PNG" else {"xmp": xmp}
    file = BytesIO()
    plain.save(file, form, icc_profile=profile, **options, **mark)
    return file.getvalue()


def _png_text(xmp: bytes) -> PngInfo:
    text = PngInfo()
    text.add_itxt("XML:com.adobe.xmp", xmp.decode())
    return text
