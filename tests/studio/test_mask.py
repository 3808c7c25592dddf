"""Putting back what is outside a mask: exact outside, whole inside, soft between; the change is measured."""

import random

import pytest
from PIL import Image, ImageChops, ImageDraw

from coach.errors import InputRefused
from coach.studio.mask import MAX_PIXELS, SEAM, check_mask, put_back
from coach.studio.provenance import IPTC, read
from tests.studio._drawn import encoded, holed, opened

SIZE = (300, 400)
HOLE = (60, 80, 200, 260)
SEEN_OUTSIDE = 0.02
"""A picture that is only saved or scaled again changes less."""


def mask(size: tuple[int, int] = SIZE, hole: tuple[int, int, int, int] | None = HOLE) -> bytes:
    return holed(size, hole)


@pytest.fixture(scope="module")
def parent(photo_bytes: bytes) -> Image.Image:
    return opened(photo_bytes).convert("RGB").resize(SIZE)


@pytest.fixture(scope="module")
def answer(parent: Image.Image) -> Image.Image:
    """The parent with something else in the hole, and nothing changed outside."""
    changed = parent.copy()
    changed.paste((10, 200, 30), HOLE)
    return changed


def outside_is_kept(image: Image.Image, parent: Image.Image) -> bool:
    apart = ImageChops.difference(image.convert("RGB"), parent)
    apart.paste((0, 0, 0), HOLE)
    return apart.getbbox() is None


def test_outside_every_pixel_is_the_parents_and_inside_the_answers(
    parent: Image.Image, answer: Image.Image
) -> None:
    before, after = encoded(parent), encoded(answer)
    made = put_back(before, after, mask())
    image = opened(made.image)
    assert (made.width, made.height) == image.size == SIZE and image.mode == "RGB"
    assert outside_is_kept(image, parent)
    seam = round(2 * SEAM * max(SIZE))
    left, top, right, bottom = HOLE
    middle = (left + seam, top + seam, right - seam, bottom - seam)
    assert ImageChops.difference(image.crop(middle), answer.crop(middle)).getextrema() == ((0, 0),) * 3
    assert made.outside == 0.0
    found = read(made.image)
    assert found.source_type == IPTC + "compositeWithTrainedAlgorithmicMedia"
    assert found.sha256 == made.sha256
    assert found.made_from == (read(after).sha256, read(before).sha256)


def test_the_seam_is_soft_and_lies_inside() -> None:
    black, white = Image.new("RGB", SIZE, "black"), Image.new("RGB", SIZE, "white")
    made = put_back(encoded(black), encoded(white), mask())
    across = opened(made.image).crop((HOLE[0] - 3, 170, HOLE[0] + 12, 171))
    row = list(across.convert("L").tobytes())
    assert row[:3] == [0, 0, 0] and row == sorted(row) and row[-1] == 255
    assert len([value for value in row if 0 < value < 255]) >= 3
    assert made.outside == 1.0


@pytest.mark.parametrize("size", [(150, 200), (600, 800), (512, 512)])
def test_an_answer_of_another_size_is_scaled_to_the_parent(
    size: tuple[int, int], parent: Image.Image, answer: Image.Image
) -> None:
    made = put_back(encoded(parent), encoded(answer.resize(size), "JPEG", quality=85), mask())
    image = opened(made.image)
    assert image.size == SIZE and outside_is_kept(image, parent)
    assert made.outside < SEEN_OUTSIDE
    assert all(abs(a - b) < 12 for a, b in zip(image.getpixel((130, 170)), (10, 200, 30), strict=True))


@pytest.mark.parametrize("how", ["shows more", "shows the middle", "is shifted"])
def test_an_answer_that_lies_elsewhere_is_laid_where_it_belongs(
    how: str, parent: Image.Image, answer: Image.Image
) -> None:
    if how == "shows more":
        moved = Image.new("RGB", (500, 400), "white")
        moved.paste(answer, (100, 0))
    elif how == "shows the middle":
        moved = answer.crop((0, 50, 300, 350)).resize((1024, 1024))
    else:
        moved = ImageChops.offset(answer, 3, -2)
    made = put_back(encoded(parent), encoded(moved), mask())
    image = opened(made.image)
    assert outside_is_kept(image, parent) and made.outside < 2 * SEEN_OUTSIDE
    for at in ((70, 90), (130, 170), (190, 250)):
        assert all(abs(a - b) < 40 for a, b in zip(image.getpixel(at), (10, 200, 30), strict=True)), at


def test_what_the_service_changed_outside_is_measured(parent: Image.Image, answer: Image.Image) -> None:
    half = answer.copy()
    half.paste((250, 250, 0), (0, 300, 300, 400))
    made = put_back(encoded(parent), encoded(half), mask())
    whole = SIZE[0] * SIZE[1] - 140 * 180
    assert made.outside == pytest.approx(300 * 100 / whole, abs=0.03)
    assert outside_is_kept(opened(made.image), parent)


def test_thin_lines_in_a_mask_are_not_lost() -> None:
    black, white = Image.new("RGB", SIZE, "black"), Image.new("RGB", SIZE, "white")
    line = Image.new("RGBA", SIZE, (0, 0, 0, 255))
    ImageDraw.Draw(line).line((20, 20, 280, 380), fill=(0, 0, 0, 0), width=2)
    made = opened(put_back(encoded(black), encoded(white), encoded(line)).image)
    assert sum(made.convert("L").histogram()[128:]) > 300


def test_pictures_with_transparency_keep_it(parent: Image.Image, answer: Image.Image) -> None:
    cut_out, redrawn = parent.convert("RGBA"), answer.convert("RGBA")
    cut_out.paste((0, 0, 0, 0), (0, 0, 300, 40))
    redrawn.paste((0, 0, 0, 0), (0, 0, 300, 40))
    made = put_back(encoded(cut_out), encoded(redrawn), mask())
    image = opened(made.image)
    assert image.mode == "RGBA" and image.getpixel((5, 5))[3] == 0 and made.outside == 0.0
    opaque = put_back(encoded(cut_out), encoded(answer), mask())
    assert opened(opaque.image).getpixel((5, 5))[3] == 0 and opaque.outside > 0.1
    webp, jpeg = (
        opened(put_back(encoded(cut_out), encoded(redrawn), mask(), media_type=each).image)
        for each in ("image/webp", "image/jpeg")
    )
    assert (webp.format, webp.mode, jpeg.format, jpeg.mode) == ("WEBP", "RGBA", "JPEG", "RGB")
    assert min(jpeg.getpixel((5, 5))) > 250, "what cannot be kept is white, not what lay beneath"


def palette() -> bytes:
    image = Image.new("P", SIZE, 1)
    image.paste(0, HOLE)
    return encoded(image, transparency=0)


@pytest.mark.parametrize("which", ["LA", "palette", "RGB with one colour"])
def test_every_png_with_transparency_can_be_a_mask(which: str) -> None:
    if which == "palette":
        data = palette()
    elif which == "LA":
        data = encoded(opened(mask()).convert("LA"))
    else:
        image = Image.new("RGB", SIZE, "white")
        image.paste((0, 0, 0), HOLE)
        data = encoded(image, transparency=(0, 0, 0))
    check_mask(data, SIZE)
    black, white = Image.new("RGB", SIZE, "black"), Image.new("RGB", SIZE, "white")
    assert opened(put_back(encoded(black), encoded(white), data).image).getpixel((130, 170)) == (255,) * 3


WRONG = {
    "another size": (mask((301, 400)), "301 x 400"),
    "no transparency": (encoded(Image.new("RGB", SIZE)), "no transparency"),
    "opaque": (mask(hole=None), "no pixel that is fully transparent"),
    "half transparent": (encoded(Image.new("RGBA", SIZE, (0, 0, 0, 128))), "has no pixel that is"),
    "transparent": (encoded(Image.new("RGBA", SIZE)), "transparent everywhere"),
    "a WebP": (encoded(Image.new("RGBA", SIZE), "WEBP"), "no PNG"),
    "cut off": (mask()[:-60], "no PNG, or it is damaged"),
    "nothing": (b"", "no PNG"),
    "large": (mask() + b"\0" * 4 * 1024 * 1024, "smaller than 4 MB"),
}


@pytest.mark.parametrize("which", WRONG)
def test_a_mask_that_is_none_is_refused_with_the_rule(which: str) -> None:
    data, said = WRONG[which]
    picture = encoded(Image.new("RGB", SIZE))
    for refused in (lambda: check_mask(data, SIZE), lambda: put_back(picture, picture, data)):
        with pytest.raises(InputRefused, match=said) as caught:
            refused()
        assert "A mask is a PNG with transparency" in str(caught.value)


def test_pictures_that_cannot_be_used_are_refused() -> None:
    picture = encoded(Image.new("RGB", SIZE))
    large = encoded(Image.new("1", (MAX_PIXELS // 100 + 1, 100)))
    for parent, answer in ((b"no", picture), (picture, b"no"), (large, picture), (picture, picture[:60])):
        with pytest.raises(InputRefused):
            put_back(parent, answer, mask())


def test_noise_in_the_pictures_raises_nothing_else() -> None:
    chance = random.Random(7)
    whole = [
        encoded(Image.effect_noise((40, 40), 50).convert("RGB"), form) for form in ("PNG", "JPEG", "WEBP")
    ]
    hole = mask((40, 40), (10, 10, 30, 30))
    for _ in range(60):
        data = bytearray(chance.choice([*whole, hole]))
        for _ in range(chance.choice((1, 4))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        given = [whole[0], whole[0], hole]
        given[chance.randrange(3)] = bytes(data)
        try:
            put_back(*given)
        except InputRefused as refused:
            assert len(str(refused)) < 200
