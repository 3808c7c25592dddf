"""Marks on what is made of pictures, and what is read from anybody's file, however broken."""

import os
import random
import struct
import tracemalloc
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from coach.errors import InputRefused
from coach.studio._xmp import LONGEST
from coach.studio.provenance import IPTC, MAX_BYTES, MEANING, Kind, MediaType, derive, read
from tests.studio._drawn import SMALL, encoded, sha256

TYPES: tuple[MediaType, ...] = ("image/png", "image/jpeg", "image/webp")


PARENT = encoded()


@pytest.mark.parametrize("media_type", TYPES)
def test_what_is_made_of_a_picture_says_what_it_is_and_of_what(media_type: MediaType) -> None:
    made = derive(PARENT, SMALL.resize((8, 6)), media_type=media_type, kind="thumbnail")
    found = read(made)
    assert (found.media_type, found.sha256) == (media_type, sha256(made))
    assert found.source_type == IPTC + "trainedAlgorithmicMedia"
    assert found.made_from == (sha256(PARENT),)
    assert found.credentials.state == "absent" and not found.is_silent
    with Image.open(BytesIO(made)) as image:
        assert image.size == (8, 6)
        assert image.info.get("xmp")  # where other programs look for it


@pytest.mark.parametrize("media_type", TYPES)
def test_nothing_else_is_carried_over_but_the_colours(media_type: MediaType) -> None:
    exif = Image.Exif()
    exif[0x010E], exif[0x0132] = "a secret", "2026:11:20 12:00:00"
    told = encoded(form="JPEG", exif=exif, comment="a secret", xmp=b"a secret", dpi=(72, 72))
    with Image.open(BytesIO(told)) as image:
        image.info["icc_profile"] = b"profile" * 20
        made = derive(told, image, media_type=media_type, kind="resized")
    assert b"a secret" not in made and b"Exif" not in made and b"2026:11" not in made
    with Image.open(BytesIO(made)) as image:
        assert image.info["icc_profile"] == b"profile" * 20


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA", "CMYK", "I;16"])
def test_images_of_every_mode_are_encoded(mode: str) -> None:
    image = SMALL.convert("L").convert(mode) if mode == "I;16" else SMALL.convert(mode)
    assert read(derive(PARENT, image, media_type="image/webp", kind="tile")).made_from


def test_transparency_is_kept_or_refused() -> None:
    cut_out = SMALL.convert("RGBA")
    cut_out.putalpha(SMALL.convert("L"))
    made = derive(PARENT, cut_out, media_type="image/png", kind="sticker")
    with Image.open(BytesIO(made)) as image:
        assert image.convert("RGBA").getchannel("A").tobytes() == SMALL.convert("L").tobytes()
    with pytest.raises(ValueError, match="JPEG has no transparency"):
        derive(PARENT, cut_out, media_type="image/jpeg", kind="sticker")


@pytest.mark.parametrize(
    ("kind", "term"),
    [("masked", "compositeWithTrainedAlgorithmicMedia"), ("comparison", "compositeSynthetic")],
)
def test_with_a_photo_inside_it_is_a_mixture_and_stays_one(kind: Kind, term: str) -> None:
    photo = encoded(form="JPEG")
    made = derive(PARENT, SMALL, media_type="image/png", kind=kind, others=[photo, PARENT])
    assert read(made).source_type == IPTC + term and term in MEANING
    assert read(made).made_from == (sha256(PARENT), sha256(photo))
    smaller = derive(made, SMALL, media_type="image/webp", kind="thumbnail")
    assert read(smaller).source_type == IPTC + term
    assert read(smaller).made_from == (sha256(made),)


SPELLINGS = {
    "attributes": '<rdf:Description I:DigitalSourceType="{type}"><m:DerivedFrom r:documentID="{name}"/>',
    "elements": "<rdf:Description><I:DigitalSourceType> {type}\n</I:DigitalSourceType><m:DerivedFrom "
    'rdf:parseType="Resource"><r:documentID>{name}</r:documentID></m:DerivedFrom>',
    "nested": '<rdf:Description><I:DigitalSourceType rdf:resource="{type}"/><m:DerivedFrom><rdf:Description>'
    "<r:documentID>{name};5</r:documentID></rdf:Description></m:DerivedFrom>",
}
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:m="http://ns.adobe.com/xap/1.0/mm/" xmlns:r="http://ns.adobe.com/xap/1.0/sType/ResourceRef#" '
    'xmlns:I="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">{}</rdf:Description></rdf:RDF></x:xmpmeta>'
)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_every_spelling_of_xmp_is_read(spelling: str, encoding: str) -> None:
    values = {"type": IPTC + "digitalCapture", "name": "nih:sha-256;" + "ab" * 32}
    said = XMP.format(SPELLINGS[spelling].format(**values)).encode(encoding)
    found = read(encoded(form="JPEG", xmp=said))
    assert (found.source_type, found.made_from) == (IPTC + "digitalCapture", ("ab" * 32,))


def test_packed_xmp_in_a_png_is_read_and_a_packed_bomb_is_not() -> None:
    said = XMP.format(SPELLINGS["attributes"].format(type="x", name="other:1"))
    text = PngInfo()
    text.add_itxt("XML:com.adobe.xmp", said, zip=True)
    assert read(encoded(pnginfo=text)).source_type == "x" and read(encoded(pnginfo=text)).made_from == ()
    bomb = PngInfo()
    bomb.add_itxt("XML:com.adobe.xmp", said + " " * 20_000_000, zip=True)
    assert read(encoded(pnginfo=bomb)).is_silent


LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "' + "&a;" * 100 + '">]><l I="&b;">&b;</l>'


def test_only_the_first_packet_is_unpacked_and_kept(tmp_path: Path) -> None:
    first = XMP.format(SPELLINGS["attributes"].format(type="first", name="other:1"))
    many = PngInfo()
    for said in [first, *[" " * LONGEST] * 60]:
        many.add_itxt("XML:com.adobe.xmp", said, zip=True)
    packed = encoded(pnginfo=many)
    empty = b"\xff\xe1\xff\xff" + b"http://ns.adobe.com/xap/1.0/\0".ljust(65_533)
    plain = encoded(form="JPEG", xmp=first.encode())
    end = plain.index(b"\xff\xdb")
    file = tmp_path / "file"
    for data in (packed, plain[:end] + empty * 200 + plain[end:]):
        file.write_bytes(data)
        tracemalloc.start()
        try:
            assert read(file).source_type == "first"
            assert tracemalloc.get_traced_memory()[1] < 4 * LONGEST
        finally:
            tracemalloc.stop()


HOSTILE = {
    "entities": LAUGHS.encode(),
    "entities, wide": LAUGHS.encode("utf-16"),
    "an outside file": b'<!DOCTYPE l SYSTEM "file:///etc/passwd"><l/>',
    "deep": b"<a>" * 100_000,
    "long": b"<a>" + b" " * 2_000_000 + b"</a>",
    "an encoding nobody has": b'<?xml version="1.0" encoding="rot13"?><a/>',
    "a codec of Python's": b'<?xml version="1.0" encoding="zip"?><a/>',
    "many attributes": b"<a " + b" ".join(b'x%d=""' % n for n in range(20_000)) + b"/>",
    "NUL": b"<a>\0</a>",
    "nothing": b"",
    "noise": random.Random(1).randbytes(3000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xmp_says_nothing(name: str) -> None:
    chunk = b"XMP " + struct.pack("<I", len(HOSTILE[name])) + HOSTILE[name] + b"\0" * (len(HOSTILE[name]) % 2)
    assert read(encoded(form="WEBP") + chunk).is_silent


def test_what_goes_to_a_terminal_has_no_control_characters() -> None:
    said = XMP.format(SPELLINGS["attributes"].format(type="a&#10;\x9b2J\x85b" + "c" * 5000, name=""))
    source_type = read(encoded(form="JPEG", xmp=said.encode())).source_type
    assert source_type is not None and source_type.startswith("a 2J bc") and len(source_type) == 1000


PNG_START = encoded()[:33]
BROKEN = {
    "nothing": b"",
    "a page": b"<html>",
    "cut off": PARENT[:-20],
    "a chunk longer than the file": PNG_START + struct.pack(">I4s", 2**31, b"IDAT"),
    "chunks without end": PNG_START + (struct.pack(">I4s", 0, b"teSt") + b"\0\0\0\0") * 70_000,
    "a packed text that is none": PNG_START
    + struct.pack(">I4s", 30, b"iTXt")
    + b"XML:com.adobe.xmp\0\1\0\0\0"
    + b"x" * 40,
    "a JPEG of one segment": b"\xff\xd8\xff\xe1\xff\xff",
    "a segment without length": b"\xff\xd8\xff\xe1\0\0" + bytes(100),
    "fill bytes without end": b"\xff\xd8" + b"\xff" * 200_000,
    "a WebP of empty parts": b"RIFF\0\0\0\0WEBP" + b"noop\0\0\0\0" * 70_000,
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(BROKEN[name])
    for source in (BROKEN[name], tmp_path / "file"):
        with pytest.raises(InputRefused):
            read(source)
    with pytest.raises(InputRefused):
        derive(BROKEN[name], SMALL, media_type="image/png", kind="crop")


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for source in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(InputRefused, match="a pipe or a device"):
            read(source)


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "large.png").open("wb") as file:
        file.write(PARENT)
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(InputRefused, match="larger than 64 MB"):
        read(tmp_path / "large.png")
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "missing.png")
