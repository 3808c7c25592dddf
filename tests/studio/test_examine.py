"""Whether what arrived is a picture, without decoding it."""

import hashlib
import random
import re
import struct
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from coach.studio._examine import Examination, Examined, Glance, Glanced
from tests.studio._service import chunk, noted, picture

PNG = picture(size=(30, 20))


def examine(data: bytes, *, pieces: int = 1 << 20) -> Examined:
    seen = Examination()
    for at in range(0, len(data), pieces):
        seen.feed(data[at : at + pieces])
    return seen.finish(Path("a"))


def glance(data: bytes) -> Glanced:
    seen = Glance()
    seen.feed(data)
    return seen.finish(Path("a"))


@pytest.mark.parametrize(
    ("form", "media_type", "ending"),
    [("PNG", "image/png", "png"), ("JPEG", "image/jpeg", "jpg"), ("WEBP", "image/webp", "webp")],
)
def test_kind_size_and_hash_are_told(form: str, media_type: str, ending: str) -> None:
    data = picture(form=form, size=(30, 20))
    found = examine(data)
    assert (found.width, found.height, found.media_type, found.ending) == (30, 20, media_type, ending)
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    seen = glance(data)
    assert (seen.width, seen.height, seen.media_type) == (30, 20, media_type)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("pieces", [1, 7, 8, 12, 31, 64 * 1024, 64 * 1024 + 1])
def test_it_does_not_matter_in_which_pieces_it_comes(form: str, pieces: int) -> None:
    data = picture(form=form, size=(300, 200)) if form != "PNG" else noted(random.randbytes(200_000))
    assert examine(data, pieces=pieces) == examine(data)
    with pytest.raises(ValueError):
        examine(data[:-2], pieces=pieces)


@pytest.mark.parametrize("lossless", [True, False])
def test_a_webp_larger_than_what_is_looked_at_first_is_a_picture(lossless: bool) -> None:
    file = BytesIO()
    Image.effect_noise((500, 400), 90).convert("RGB").save(file, "WEBP", lossless=lossless, quality=95)
    data = file.getvalue()
    assert len(data) > 70_000
    found = examine(data, pieces=50_000)
    assert (found.width, found.height, found.media_type) == (500, 400, "image/webp")
    with pytest.raises(ValueError):
        examine(data[:-2], pieces=50_000)


def test_a_jpeg_may_say_its_size_after_a_long_manifest() -> None:
    plain = picture(form="JPEG", size=(30, 20))
    manifest = b"\xff\xeb\xff\xf0" + bytes(0xFFF0 - 2)
    found = examine(plain[:2] + 12 * manifest + plain[2:], pieces=50_000)
    assert (found.width, found.height, found.media_type) == (30, 20, "image/jpeg")
    with pytest.raises(ValueError):
        examine(plain[:2] + 20 * manifest + plain[2:], pieces=50_000)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("kept", [0.999, 0.9, 0.5, 0])
def test_one_that_is_cut_off_is_none(form: str, kept: float) -> None:
    data = picture(form=form, size=(300, 200))
    with pytest.raises(ValueError):
        examine(data[: int(len(data) * kept)])


def test_no_byte_of_a_png_can_be_another_unseen() -> None:
    for place in range(len(PNG)):
        other = bytearray(PNG)
        other[place] ^= 1
        with pytest.raises(ValueError):
            examine(bytes(other))


@pytest.mark.parametrize("place", range(8, len(PNG), 7))
def test_no_end_of_a_png_hides_what_is_missing(place: int) -> None:
    with pytest.raises(ValueError):
        examine(PNG[:place])


@pytest.mark.parametrize(
    "data",
    [
        b"<html>busy</html>",
        picture(form="GIF"),
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x04\x00\x00\x00WEBP",
        b"RIFF\x18\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00",
        b"\xff\xd8\xff\xd9",
        re.sub(b"(\xff\xc0...)....", b"\\1" + b"\xff" * 4, picture(form="JPEG"), flags=re.DOTALL),
        PNG[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 2, 0, 0, 0)) + PNG[33:],
        PNG[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", 0, 20, 8, 2, 0, 0, 0)) + PNG[33:],
    ],
)
def test_what_is_no_picture_is_none(data: bytes) -> None:
    with pytest.raises(ValueError):
        glance(data)
