"""From a picture on nothing to a sticker that the gate takes."""

import json
import struct
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from random import Random

import pytest
from PIL import Image, ImageChops, ImageDraw

from coach.errors import InputRefused
from coach.sandbox.painter import png_chunk
from coach.stickers._letters import block
from coach.stickers.finish import finish
from coach.stickers.gate import check
from coach.stickers.pack import contact_sheet
from coach.stickers.spec import SIGNS, Outline, Placement, Shadow, Style, Text
from coach.studio.provenance import IPTC, Signer, read
from tests.stickers._stickers import made, spec, subject
from tests.studio._certificates import certificates
from tests.studio._drawn import encoded, sha256


@pytest.mark.parametrize("placement", ["top", "bottom", "sign"])
@pytest.mark.parametrize("words", ["GM", "HIGHER", "to the moon and back again", "Été à Gruyères", "w" * 32])
def test_words_of_any_length_stand_where_they_are_asked_for(
    words: str, placement: Placement, tmp_path: Path
) -> None:
    asked = spec(words, placement)
    assert check(made(tmp_path, asked), asked) == ()


@pytest.mark.parametrize("size", [(200, 1400), (1024, 1536), (900, 800), (64, 64)])
def test_a_subject_of_any_size_fits(size: tuple[int, int], tmp_path: Path) -> None:
    asked = spec("GM")
    assert check(made(tmp_path, asked, subject(size)), asked) == ()


@pytest.mark.parametrize(
    "constraints",
    [
        {"outline": None},
        {"shadow": None},
        {"outline": None, "shadow": None},
        {"outline": Outline(color="#22AA55", width=4)},
        {"outline": Outline(color="#FFFFFF", width=24)},
        {"shadow": Shadow(opacity=0.4, blur=12, offset=12)},
        {"margin": 60, "subject_height": (0.7, 0.75)},
    ],
)
def test_what_is_constrained_is_kept(constraints: dict[str, object], tmp_path: Path) -> None:
    asked = spec("GM", **constraints)
    assert check(made(tmp_path, asked), asked) == ()


def test_a_subject_that_is_too_wide_stays_whole_and_the_gate_says_so(tmp_path: Path) -> None:
    lying = subject((400, 800)).rotate(90, expand=True)
    assert [found.rule for found in check(made(tmp_path, spec(), lying), spec())] == ["subject_height"]


def test_it_says_where_it_is_from_and_nothing_else(tmp_path: Path) -> None:
    picture = subject()
    picture.info["comment"] = "who made it"
    sticker = made(tmp_path, spec("GM"), picture)
    said = read(sticker)
    assert said.source_type == f"{IPTC}trainedAlgorithmicMedia"
    assert said.made_from == (sha256((tmp_path / "picture.png").read_bytes()),)
    with Image.open(sticker) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (512, 512))
        image.load()
        assert set(image.info) == {"XML:com.adobe.xmp", "xmp"}


def test_the_same_picture_gives_the_same_file(tmp_path: Path) -> None:
    first = made(tmp_path, spec("GM")).read_bytes()
    assert made(tmp_path, spec("GM")).read_bytes() == first


def test_haze_and_specks_are_no_part_of_the_subject(tmp_path: Path) -> None:
    clean = made(tmp_path, spec()).read_bytes()
    dirty = Image.new("RGBA", (600, 800), (90, 90, 90, 12))
    ImageDraw.Draw(dirty).rectangle((2, 2, 4, 4), fill="red")
    dirty.alpha_composite(subject())
    shown = [Image.open(BytesIO(data)) for data in (clean, made(tmp_path, spec(), dirty).read_bytes())]
    assert ImageChops.difference(*(image.getchannel("A") for image in shown)).getextrema() == (0, 0)


@pytest.mark.parametrize("placement", ["top", "bottom", "sign"])
def test_words_leave_the_face_free(placement: Placement, tmp_path: Path) -> None:
    with Image.open(made(tmp_path, spec("WAGMI", placement))) as image:
        skin = Image.new("RGB", image.size, (232, 180, 138))
        apart = ImageChops.difference(image.convert("RGB"), skin).convert("L")
    head = apart.point([255] * 4 + [0] * 252).getbbox()
    assert head is not None
    # It is as high for its width as it was drawn (its foot is behind the trunk): no words lie over it.
    assert (head[2] - head[0]) / (head[3] - head[1]) == pytest.approx(0.44 * 600 / (0.31 * 800), abs=0.03)


def test_a_picture_full_of_detail_becomes_small_enough(tmp_path: Path) -> None:
    noise = Image.frombytes("RGB", (600, 800), Random(1).randbytes(600 * 800 * 3)).convert("RGBA")
    noise.putalpha(subject().getchannel("A"))
    asked = spec("GM", max_bytes=150 * 1024)
    assert check(made(tmp_path, asked, noise), asked) == ()


def claiming(width: int, height: int) -> bytes:
    """A PNG that says that it is so large."""
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", head) + png_chunk(b"IDAT", b"")


NO_PICTURE = {
    "a JPEG": lambda: encoded(subject().convert("RGB"), "JPEG"),
    "without transparency": lambda: encoded(subject().convert("RGB")),
    "opaque everywhere": lambda: encoded(Image.new("RGBA", (300, 300), "red")),
    "nothing": lambda: encoded(Image.new("RGBA", (300, 300))),
    "haze": lambda: encoded(Image.new("RGBA", (300, 300), (9, 9, 9, 20))),
    "cut off": lambda: encoded(subject())[:2000],
    "no picture": lambda: b"<svg/>",
    "empty": lambda: b"",
    "too large": lambda: encoded(Image.new("LA", (4097, 4096)), compress_level=1),
    "far too large": lambda: claiming(60_000, 60_000),
    "large enough for a warning": lambda: claiming(10_000, 10_000),
}


@pytest.mark.parametrize("what", NO_PICTURE)
def test_what_is_no_picture_with_transparency_is_refused_by_type(what: str, tmp_path: Path) -> None:
    source = tmp_path / "of-somebody.png"
    source.write_bytes(NO_PICTURE[what]())
    with pytest.raises(InputRefused) as refused:
        finish(source, spec(), tmp_path / "sticker.png")
    assert refused.value.field == "picture" and "of-somebody" not in str(refused.value)
    assert not (tmp_path / "sticker.png").exists()


def test_the_largest_picture_takes_little_memory(tmp_path: Path) -> None:
    subject((4096, 4096)).save(tmp_path / "large.png", compress_level=1)
    (tmp_path / "spec.json").write_text(spec("GM").model_dump_json())
    code = """
import resource, sys
from pathlib import Path
from coach.stickers.finish import finish
from coach.stickers.spec import JobSpec
spec = JobSpec.model_validate_json(Path("spec.json").read_text())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
finish(Path("large.png"), spec, Path("sticker.png"))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) < 200, "megabytes; the picture itself has 64"
    assert check(tmp_path / "sticker.png", spec("GM")) == ()


def test_every_sign_that_may_be_written_is_in_the_font() -> None:
    style = Style(font_size=40, stroke_width=0)
    signs = sorted(SIGNS - {" "})
    drawn = {sign: block(Text(value=sign, style=style), width=400, height=400).fill for sign in signs}
    # What a font has not is drawn as the same box, whichever sign it is.
    looks = [(mask.size, mask.tobytes()) for mask in drawn.values()]
    twice = [sign for sign, look in zip(drawn, looks, strict=True) if looks.count(look) > 2]
    assert not twice and all(mask.getbbox() for mask in drawn.values())


def test_with_a_certificate_it_is_signed(tmp_path: Path) -> None:
    pytest.importorskip("c2pa")
    signer = Signer.from_settings(*certificates().write(tmp_path))
    subject().save(tmp_path / "picture.png")
    finish(tmp_path / "picture.png", spec("GM"), tmp_path / "sticker.png", signer=signer)
    assert read(tmp_path / "sticker.png").credentials.state == "untrusted"
    assert check(tmp_path / "sticker.png", spec("GM")) == ()
    contact_sheet([tmp_path / "sticker.png"] * 2, tmp_path / "sheet.png", signer=signer)
    assert read(tmp_path / "sheet.png").credentials.state == "untrusted"
