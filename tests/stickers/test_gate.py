"""Each rule of the gate fails on a picture that was made to fail it, and on it alone."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import get_args

import pytest
from PIL import Image, ImageChops, ImageDraw

from coach.stickers.gate import Rule, check
from coach.stickers.spec import JobSpec, Outline, Style
from tests.stickers._stickers import made, saved, spec, subject

Make = Callable[[Path, JobSpec], Path]


def changed(change: Callable[[Image.Image], Image.Image], **options: object) -> Make:
    """A good sticker, changed."""

    def make(folder: Path, asked: JobSpec) -> Path:
        with Image.open(made(folder, asked)) as image:
            return saved(folder, change(image), **options)

    return make


def asked_otherwise(text: str | None = "GM", **constraints: object) -> Make:
    """A good sticker of another spec."""
    return lambda folder, _: made(folder, spec(text, **constraints))


def ghost(image: Image.Image) -> Image.Image:
    """Something of a background in a corner."""
    image.paste((200, 200, 200, 60), (0, 490, 22, 512))
    return image


def block(_: Image.Image) -> Image.Image:
    """A full rectangle of the right height."""
    image = Image.new("RGBA", (512, 512))
    ImageDraw.Draw(image).rectangle((70, 40, 441, 471), fill="white")
    return image


def dot(_: Image.Image) -> Image.Image:
    """Next to nothing."""
    image = Image.new("RGBA", (512, 512))
    ImageDraw.Draw(image).ellipse((250, 250, 262, 262), fill="white")
    return image


def repainted(image: Image.Image) -> Image.Image:
    """A bar across the words, well within the outline."""
    ImageDraw.Draw(image).rectangle((190, 405, 322, 425), fill="#FF00FF")
    return image


WRONG: list[tuple[Rule, str | None, Make]] = [
    ("size", "GM", changed(lambda image: image.resize((256, 256)))),
    ("size", "GM", changed(lambda image: image.crop((0, 0, 512, 511)))),
    ("mode", "GM", changed(lambda image: image.quantize(256, method=Image.Quantize.FASTOCTREE))),
    ("file_size", "GM", changed(lambda image: image, compress_level=0)),
    ("empty", None, changed(dot)),
    ("corners", "GM", changed(ghost)),
    ("rectangle", None, changed(block)),
    ("subject_height", None, asked_otherwise(None, subject_height=(0.4, 0.5))),
    ("subject_height", None, asked_otherwise(None, subject_height=(0.94, 0.96))),
    ("centered", "GM", changed(lambda image: ImageChops.offset(image, 0, 20))),
    ("centered", "GM", changed(lambda image: ImageChops.offset(image, -20, 0))),
    ("outline", None, asked_otherwise(None, outline=None)),
    ("outline", None, asked_otherwise(None, outline=Outline(color="#FF0000"))),
    ("outline", None, asked_otherwise(None, outline=Outline(width=4))),
    ("text", "GM", asked_otherwise("GN")),
    ("text", "GM", changed(repainted)),
    ("text", "GM", asked_otherwise(None)),
]


@pytest.mark.parametrize(("rule", "text", "make"), WRONG)
def test_each_rule_fails_alone(rule: Rule, text: str | None, make: Make, tmp_path: Path) -> None:
    asked = spec(text)
    assert [found.rule for found in check(make(tmp_path, asked), asked)] == [rule]


def test_what_comes_too_near_an_edge_is_seen(tmp_path: Path) -> None:
    wide = made(tmp_path, spec(margin=4), subject((1000, 800)))
    assert check(wide, spec(margin=4)) == ()
    assert [found.rule for found in check(wide, spec(margin=60))] == ["margin"]


def test_words_at_another_place_or_in_another_colour_are_seen(tmp_path: Path) -> None:
    asked = spec("GM", "top")
    good = made(tmp_path, asked)
    assert check(good, asked) == ()
    assert [found.rule for found in check(good, spec("GM", "bottom"))] == ["text"]
    assert asked.text is not None
    blue = asked.text.model_copy(update={"style": Style(fill="#0000FF")})
    assert [found.rule for found in check(good, asked.model_copy(update={"text": blue}))] == ["text"]


def test_every_rule_has_a_picture_here() -> None:
    assert {rule for rule, _, _ in WRONG} | {"margin", "unreadable"} == set(get_args(Rule))


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_what_is_no_picture_is_unreadable(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "secret-name.png"
    path.write_bytes(data)
    (found,) = check(path, spec())
    assert found.rule == "unreadable" and "secret-name" not in found.say


def test_a_stranger_s_photo_is_no_sticker(photo_bytes: bytes, tmp_path: Path) -> None:
    with Image.open(BytesIO(photo_bytes)) as photo:
        photo.resize((512, 512)).save(tmp_path / "photo.jpg")
    rules = {found.rule for found in check(tmp_path / "photo.jpg", spec("GM"))}
    assert rules == {"mode", "corners", "rectangle", "subject_height", "margin", "outline", "text"}


def test_a_file_that_is_not_there_is_no_violation(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        check(tmp_path / "none.png", spec())
