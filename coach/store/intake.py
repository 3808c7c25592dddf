"""From what a person uploads to the one photo that is kept: upright, sRGB, without any metadata.

Content decides the type. A thread cannot be stopped; so bytes, pixels and how often the decoder would walk
over them are limited before anything is decoded. Decoding runs in two threads, the big ones one at a time,
and whoever waits too long for it is told so. Every refusal is a :class:`~coach.errors.PhotoRefused` with a
code of :data:`REASONS` and a sentence for the person.
"""

from __future__ import annotations

import asyncio
import ctypes
import hashlib
import struct
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageCms

from coach.errors import PhotoRefused
from coach.store._image_file import BrokenFile, ImageFile, OtherFile, read_image_file

MAX_BYTES = 20 * 1024 * 1024
"""The largest upload."""

MAX_PIXELS = {"JPEG": 40_000_000, "PNG": 40_000_000, "WEBP": 16_000_000, "HEIF": 50_000_000}
"""The most pixels by format: decoding WebP takes more than twice the memory. Of HEIC all that is decoded
counts: the tiles, and what lies over the picture."""

MAX_SECONDS = 60.0
"""How long one upload may take, waiting for its turn included."""

LONGEST_SIDE = 2048
"""Pixels of the longer side that are kept: no picture model uses more of a reference."""

REASONS = {
    "empty": "This file is empty. Please send the photo again.",
    "too_large": "This file is larger than 20 MB. Please send a smaller version of the photo.",
    "too_many_pixels": "This photo has too many pixels to take in. Please send one of at most 16 megapixels.",
    "not_an_image": "This file is not a photo. Please send a JPEG, PNG, WebP or HEIC picture.",
    "unsupported_type": "This kind of file cannot be read here. Please send the photo as JPEG.",
    "broken": "This photo is damaged or incomplete. Please send it again, or choose another one.",
    "too_small": "This photo is too small to see a face. Please send one of at least 64 by 64 pixels.",
    "busy": "Many photos are being read right now. Please send it again in a minute.",
    "too_slow": "This photo takes too long to read. Please send a smaller version, or send it as JPEG.",
    "too_many": "There are 5 photos already. Please remove one first.",
}
"""Every refusal's code and sentence."""

DAMAGED = (
    *(OSError, ValueError, SyntaxError, EOFError, RuntimeError, TypeError, LookupError, ArithmeticError),
    *(MemoryError, struct.error, zlib.error, Image.DecompressionBombError),
)
"""What Pillow is known to raise for damaged files: a run over 14,580 of them, and its own documentation."""

_MUCH = 12_500_000
_STRIP = 256
# A thread for the small ones and one for the large ones: these never run side by side, hold up none of the
# small ones, and reuse one thread's memory.
_small = ThreadPoolExecutor(max_workers=1, thread_name_prefix="coach-photo")
_large = ThreadPoolExecutor(max_workers=1, thread_name_prefix="coach-large-photo")
_SRGB = ImageCms.createProfile("sRGB")
_SPACES = {"RGB": "RGB", "RGBA": "RGB", "L": "GRAY", "CMYK": "CMYK"}
# How many bytes HEIC's decoder gives for a pixel.
_HEIC_MODES = {"L": 1, "RGB": 3, "RGBA": 4, "RGBa": 4}
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, kw_only=True)
class CleanPhoto:
    """A photo as it is kept. ``width`` and ``height`` are pixels; ``sha256`` is of ``data``, in hex."""

    data: bytes
    width: int
    height: int
    media_type: str
    sha256: str


async def take_in(upload: bytes) -> CleanPhoto:
    """:func:`clean_photo` off the event loop, in a thread where it waits for its turn.

    Raises:
        PhotoRefused: See :func:`clean_photo`; also ``busy`` and ``too_slow``, after :data:`MAX_SECONDS`.
    """
    looked = _small.submit(_look_at, upload)
    cleaned: Future[CleanPhoto] | None = None
    try:
        async with asyncio.timeout(MAX_SECONDS):
            file = await asyncio.wrap_future(looked)
            much = file.work > _MUCH
            cleaned = _large.submit(_clean_large, file) if much else _small.submit(_clean, file)
            return await asyncio.wrap_future(cleaned)
    except TimeoutError:
        raise refused("busy" if (cleaned or looked).cancel() else "too_slow") from None


def clean_photo(upload: bytes) -> CleanPhoto:
    """Make the photo that is kept: JPEG (quality 92, 4:4:4), or PNG when something in it is transparent.

    The first picture of several and of an animation. At most :data:`LONGEST_SIDE` pixels a side; never
    enlarged.

    Raises:
        PhotoRefused: With one of the codes of :data:`REASONS`.
    """
    return _clean(_look_at(upload))


def _clean(file: ImageFile) -> CleanPhoto:
    try:
        image, profile = _heic(file) if file.format == "HEIF" else (_scaled(file), file.profile)
        return _encode(_upright(_srgb(image, profile), file.orientation))
    except DAMAGED:
        raise refused("broken") from None


def _clean_large(file: ImageFile) -> CleanPhoto:
    try:
        return _clean(file)
    finally:
        # glibc keeps what a decoder gave back, up to 32 MB a piece; the next one asks for other sizes.
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
        if trim is not None:
            trim(0)


def refused(reason: str) -> PhotoRefused:
    """The refusal for one of :data:`REASONS`."""
    return PhotoRefused(reason, REASONS[reason])


def _look_at(upload: bytes) -> ImageFile:
    if not upload:
        raise refused("empty")
    if len(upload) > MAX_BYTES:
        raise refused("too_large")
    try:
        file = read_image_file(upload)
    except BrokenFile:
        raise refused("broken") from None
    except OtherFile:
        raise refused("unsupported_type") from None
    if file is None:
        raise refused("not_an_image")
    if file.work > MAX_PIXELS[file.format]:
        raise refused("too_many_pixels")
    return file


def _scaled(file: ImageFile) -> Image.Image:
    """Decode and make it small enough, in a mode of :data:`_SPACES`."""
    target = kept_size(file.width, file.height)
    with Image.open(BytesIO(file.data), formats=[file.format]) as image:
        if image.size != (file.width, file.height):
            raise BrokenFile("two sizes")
        # JPEG decodes to a half, a quarter or an eighth at once; asked for the exact size, or it does not.
        image.draft(None, target)
        image.load()
        if image.size == target:
            return _plain(image)
        return _shrunk(lambda top, bottom: image.crop((0, top, image.width, bottom)), image.height, target)


def _heic(file: ImageFile) -> tuple[Image.Image, bytes | None]:
    """Decode HEIC and make it small enough; its decoder turns it upright and says its colour profile."""
    import pillow_heif

    heic = pillow_heif.open_heif(file.data)
    pixels, stride, (width, height), mode = heic.data, heic.stride, heic.size, heic.mode
    if width * height > file.work or mode not in _HEIC_MODES or stride < width * _HEIC_MODES[mode]:
        raise BrokenFile("two sizes")

    def rows(top: int, bottom: int) -> Image.Image:
        part = pixels[top * stride : bottom * stride]
        return Image.frombytes(mode, (width, bottom - top), part, "raw", mode, stride)

    return _shrunk(rows, height, kept_size(width, height)), heic.info.get("icc_profile")


def kept_size(width: int, height: int) -> tuple[int, int]:
    """Width and height that are kept of a picture, in pixels."""
    scale = min(1.0, LONGEST_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _shrunk(rows: Callable[[int, int], Image.Image], height: int, target: tuple[int, int]) -> Image.Image:
    """Scaled in width strip by strip, then in height: what Pillow does, without its full-size copies.

    Args:
        rows: Gives the rows from the first number to before the second one.
        height: How many rows there are.
        target: Pixels wide and high afterwards.
    """
    strips = []
    for top in range(0, height, _STRIP):
        strip = _plain(rows(top, min(top + _STRIP, height)))
        strips.append(strip.resize((target[0], strip.height), Image.Resampling.LANCZOS))
    narrow = Image.new(strips[0].mode, (target[0], height))
    for index, strip in enumerate(strips):
        narrow.paste(strip, (0, index * _STRIP))
    return narrow.resize(target, Image.Resampling.LANCZOS)


def _plain(image: Image.Image) -> Image.Image:
    """In a mode that can be scaled and converted, with its transparency in a channel of its own."""
    if image.mode.startswith("I"):
        # 16 bits of grey: Pillow's own conversion clips instead of scaling.
        return image.point(lambda value: value * (1 / 257) + 0.5).convert("L")
    if "transparency" in image.info or image.mode in ("LA", "PA", "RGBa"):
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
