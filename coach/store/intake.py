"""From what a person uploads to the one photo that is kept: upright, sRGB, without any metadata.

Content decides the type. Size and pixels are limited before anything is decoded; decoding runs in few
threads, the big ones one at a time. Every refusal is a :class:`~coach.errors.PhotoRefused` with a code of
:data:`REASONS` and a sentence for the person.
"""

from __future__ import annotations

import asyncio
import hashlib
import struct
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageCms

from coach.errors import PhotoRefused
from coach.store._image_file import BrokenFile, ImageFile, OtherFile, read_image_file

MAX_BYTES = 20 * 1024 * 1024
"""The largest upload."""

MAX_PIXELS = {"JPEG": 40_000_000, "PNG": 40_000_000, "WEBP": 16_000_000}
"""The most pixels by format: decoding WebP takes more than twice the memory."""

LONGEST_SIDE = 2048
"""Pixels of the longer side that are kept: no picture model uses more of a reference."""

REASONS = {
    "too_large": "This file is larger than 20 MB. Please send a smaller version of the photo.",
    "too_many_pixels": "This photo has too many pixels to take in. Please send one of at most 16 megapixels.",
    "not_an_image": "This file is not a photo. Please send a JPEG, PNG or WebP picture.",
    "unsupported_type": "This kind of file cannot be read here. Please send the photo as JPEG, PNG or WebP.",
    "heic": "This is a HEIC photo, which cannot be read here yet. Please send it as JPEG; on an iPhone, "
    "Settings > Camera > Formats > Most Compatible makes new photos JPEG.",
    "broken": "This photo is damaged or incomplete. Please send it again, or choose another one.",
    "too_small": "This photo is too small to see a face. Please send one of at least 64 by 64 pixels.",
    "too_many": "There are 5 photos already. Please remove one first.",
}
"""Every refusal's sentence. The code of ``heic`` is ``unsupported_type``."""

_LARGE = 12_500_000
_STRIP = 256
_one_large = threading.Lock()
_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="coach-photo")
_SRGB = ImageCms.createProfile("sRGB")
_SPACES = {"RGB": "RGB", "RGBA": "RGB", "L": "GRAY", "CMYK": "CMYK"}
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What Pillow is known to raise for damaged files: a run over 14,580 of them, and its own documentation.
_DAMAGED = (
    *(OSError, ValueError, SyntaxError, EOFError, RuntimeError, TypeError, LookupError, ArithmeticError),
    *(MemoryError, struct.error, zlib.error, Image.DecompressionBombError),
)


@dataclass(frozen=True, kw_only=True)
class CleanPhoto:
    """A photo as it is kept. ``width`` and ``height`` are pixels; ``sha256`` is of ``data``, in hex."""

    data: bytes
    width: int
    height: int
    media_type: str
    sha256: str


async def take_in(upload: bytes) -> CleanPhoto:
    """:func:`clean_photo` in the pool, off the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_pool, clean_photo, upload)


def clean_photo(upload: bytes) -> CleanPhoto:
    """Make the photo that is kept: JPEG (quality 92, 4:4:4), or PNG when something in it is transparent.

    The first frame of an animation. At most :data:`LONGEST_SIDE` pixels a side; never enlarged.

    Raises:
        PhotoRefused: With one of the codes of :data:`REASONS`.
    """
    file = _look_at(upload)
    pixels = file.width * file.height
    with _one_large if pixels > _LARGE else nullcontext():
        try:
            image = _upright(_srgb(_scaled(file), file.profile), file.orientation)
            return _encode(image)
        except _DAMAGED:
            raise refused("broken") from None


def refused(reason: str) -> PhotoRefused:
    """The refusal for one of :data:`REASONS`."""
    code = "unsupported_type" if reason == "heic" else reason
    return PhotoRefused(code, REASONS[reason])


def _look_at(upload: bytes) -> ImageFile:
    if len(upload) > MAX_BYTES:
        raise refused("too_large")
    try:
        file = read_image_file(upload)
    except BrokenFile:
        raise refused("broken") from None
    except OtherFile as other:
        raise refused("heic" if other.heic else "unsupported_type") from None
    if file is None:
        raise refused("not_an_image")
    if file.width * file.height > MAX_PIXELS[file.format]:
        raise refused("too_many_pixels")
    return file


def _scaled(file: ImageFile) -> Image.Image:
    """Decode and make it small enough, in a mode of :data:`_SPACES`."""
    scale = min(1.0, LONGEST_SIDE / max(file.width, file.height))
    target = max(1, round(file.width * scale)), max(1, round(file.height * scale))
    with Image.open(BytesIO(file.data), formats=[file.format]) as image:
        if image.size != (file.width, file.height):
            raise BrokenFile("two sizes")
        # JPEG decodes to a half, a quarter or an eighth at once; asked for the exact size, or it does not.
        image.draft(None, target)
        image.load()
        return _plain(image) if image.size == target else _shrunk(image, target)


def _shrunk(image: Image.Image, target: tuple[int, int]) -> Image.Image:
    """Scaled in width strip by strip, then in height: what Pillow does, without its full-size copies."""
    strips = []
    for top in range(0, image.height, _STRIP):
        strip = _plain(image.crop((0, top, image.width, min(top + _STRIP, image.height))))
        strips.append(strip.resize((target[0], strip.height), Image.Resampling.LANCZOS))
    narrow = Image.new(strips[0].mode, (target[0], image.height))
    for index, strip in enumerate(strips):
        narrow.paste(strip, (0, index * _STRIP))
    return narrow.resize(target, Image.Resampling.LANCZOS)


def _plain(image: Image.Image) -> Image.Image:
    """In a mode that can be scaled and converted, with its transparency in a channel of its own."""
    if image.mode.startswith("I"):
        # 16 bits of grey: Pillow's own conversion clips instead of scaling.
        return image.point(lambda value: value * (1 / 257) + 0.5).convert("L")
    if "transparency" in image.info or image.mode in ("LA", "PA"):
        return image.convert("RGBA")
    return image if image.mode in _SPACES else image.convert("RGB")


def _srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours as sRGB; a profile that is damaged or of another kind of colours does not count."""
    if profile is not None:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            if source.profile.xcolor_space.strip() == _SPACES[image.mode]:
                mode = "RGBA" if image.mode == "RGBA" else "RGB"
                converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode=mode)
                image = converted or image
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    if image.mode == "RGBA" and image.getchannel("A").getextrema() != (255, 255):
        return image
    return image if image.mode == "RGB" else image.convert("RGB")


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    turn = _UPRIGHT.get(orientation)
    return image if turn is None else image.transpose(turn)


def _encode(image: Image.Image) -> CleanPhoto:
    image.info = {}
    file = BytesIO()
    if image.mode == "RGBA":
        media_type = "image/png"
        image.save(file, "PNG")
    else:
        media_type = "image/jpeg"
        image.save(file, "JPEG", quality=92, subsampling=0)
    data = file.getvalue()
    return CleanPhoto(
        data=data,
        width=image.width,
        height=image.height,
        media_type=media_type,
        sha256=hashlib.sha256(data).hexdigest(),
    )
