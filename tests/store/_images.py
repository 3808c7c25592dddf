"""Image files made for a test, honest and hostile."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import pillow_heif
from PIL import Image, ImageCms

GPS = 0x8825


def save(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The file's bytes."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def quadrants(mode: str = "RGB", size: tuple[int, int] = (120, 80)) -> Image.Image:
    """Red, green, blue and white, clockwise from the top left: one can see which way is up."""
    width, height = size
    image = Image.new("RGB", size, "white")
    for colour, left, top in (("red", 0, 0), ("lime", width // 2, 0), ("white", width // 2, height // 2)):
        image.paste(colour, (left, top, left + width // 2, top + height // 2))
    image.paste("blue", (0, height // 2, width // 2, height))
    return image.convert(mode)


def exif(orientation: int = 1) -> bytes:
    """Exif with an orientation, a name and a place."""
    data = Image.Exif()
    data[0x0112] = orientation
    data[0x010F] = "Anna's camera 4711"
    data.get_ifd(GPS).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)})
    return data.tobytes()


def xmp() -> bytes:
    """A packet as editors write it."""
    return b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><photographer>Anna Secret</photographer></x:xmpmeta>'


def profile(name: str = "sRGB") -> bytes:
    """An ICC profile, ``sRGB`` or ``LAB``."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()


def png(width: int, height: int, *, rows: int = 0, extra: bytes = b"") -> bytes:
    """A PNG of RGBA that claims a size and holds that many black rows; ``extra`` comes after the header."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    packer = zlib.compressobj(1)
    pixels = b"".join(packer.compress(bytes(1 + 4 * width)) for _ in range(rows)) + packer.flush()
    parts = [chunk(b"IHDR", header), extra, chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def claimed_webp(width: int, height: int) -> bytes:
    """34 bytes that claim a picture."""
    bits = (width - 1) | (height - 1) << 14
    body = b"VP8L" + struct.pack("<IBI", 14, 0x2F, bits) + bytes(9)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def heic(image: Image.Image, **options: Any) -> bytes:
    """The file as HEIC."""
    file = BytesIO()
    pillow_heif.from_pillow(image).save(file, enc_params={"preset": "ultrafast"}, **options)
    return file.getvalue()


def claimed_heic(side: int) -> bytes:
    """A HEIC file that claims 64 by 64 pixels, and whose coded picture is as large as said."""
    whole, size = heic(Image.new("RGB", (side, side)), quality=10), side.to_bytes(4, "big")
    return whole.replace(b"ispe\0\0\0\0" + size + size, b"ispe\0\0\0\0" + b"\0\0\0\x40" * 2)
