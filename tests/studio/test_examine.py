"""Whether what arrived is a picture, without decoding it."""

import hashlib
import random
import struct
from pathlib import Path

import pytest

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
        b"\xff\xd8\xff\xd9",
        PNG[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 2, 0, 0, 0)) + PNG[33:],
        PNG[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", 0, 20, 8, 2, 0, 0, 0)) + PNG[33:],
    ],
)
def test_what_is_no_picture_is_none(data: bytes) -> None:
    with pytest.raises(ValueError):
        glance(data)
