"""What people upload becomes one clean photo, or one typed refusal."""

import asyncio
import random
import threading
from io import BytesIO

import pytest
from PIL import Image, ImageChops, PngImagePlugin

from coach.errors import PhotoRefused
from coach.store import intake
from coach.store._image_file import ImageFile
from coach.store.intake import MAX_BYTES, REASONS, CleanPhoto, clean_photo, take_in
from tests.store._images import (
    chunk,
    claimed_webp,
    exif,
    png,
    profile,
    quadrants,
    save,
    xmp,
)

CORNERS = ((20, 20), (100, 20), (100, 60), (20, 60))
UPRIGHT = ["red", "lime", "white", "blue"]
NAMES = {"red": (255, 0, 0), "lime": (0, 255, 0), "white": (255, 255, 255), "blue": (0, 0, 255)}


def opened(photo: CleanPhoto) -> Image.Image:
    image = Image.open(BytesIO(photo.data))
    assert (image.size, image.get_format_mimetype()) == ((photo.width, photo.height), photo.media_type)
    return image


def colours(photo: CleanPhoto) -> list[str]:
    """The nearest of the four colours, clockwise from the top left."""
    image = opened(photo).convert("RGB").resize((120, 80))

    def distance(name: str, pixel: tuple[int, ...]) -> int:
        return sum(abs(a - b) for a, b in zip(NAMES[name], pixel, strict=True))

    pixels = [image.getpixel(corner) for corner in CORNERS]
    return [min(NAMES, key=lambda name, pixel=pixel: distance(name, pixel)) for pixel in pixels]


def reason(upload: bytes) -> str:
    with pytest.raises(PhotoRefused) as refusal:
        clean_photo(upload)
    assert str(refusal.value) in REASONS.values()
    return refusal.value.code


def damaged(whole: bytes, *, seed: str, times: int) -> set[str]:
    """What becomes of a file that is cut off or has a few other bytes: media types and codes of refusals."""
    dice, outcomes = random.Random(seed), set()
    for _ in range(times):
        upload = bytearray(whole[: dice.randrange(len(whole))] if dice.random() < 0.2 else whole)
        for _ in range(dice.randrange(1, 8)):
            upload[dice.randrange(len(upload))] = dice.randrange(256)
        try:
            outcomes.add(clean_photo(bytes(upload)).media_type)
        except PhotoRefused as refusal:
            outcomes.add(refusal.code)
    return outcomes


def test_a_photo_keeps_its_size_and_look(photo_bytes: bytes) -> None:
    photo = clean_photo(photo_bytes)

    assert (photo.width, photo.height, photo.media_type) == (512, 600, "image/jpeg")
    difference = ImageChops.difference(opened(photo), Image.open(BytesIO(photo_bytes)))
    assert max(high for _, high in difference.getextrema()) < 40
    assert clean_photo(photo_bytes) == photo


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_upright(kind: str, orientation: int) -> None:
    undone = {6: 8, 8: 6}.get(orientation, orientation)
    image = quadrants() if undone == 1 else quadrants().transpose(intake._UPRIGHT[undone])

    photo = clean_photo(save(image, kind, exif=exif(orientation)))

    assert (photo.width, photo.height) == (120, 80)
    assert colours(photo) == UPRIGHT


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_no_metadata_is_left(kind: str, mode: str) -> None:
    mode = "RGB" if kind == "JPEG" else mode
    image = quadrants(mode)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    told = {"exif": exif(), "icc_profile": profile(), "xmp": xmp()}
    if kind == "JPEG":
        told["comment"] = b"Anna Secret"
    if kind == "PNG":
        told["pnginfo"] = PngImagePlugin.PngInfo()
        told["pnginfo"].add_text("Author", "Anna Secret", zip=True)
        told["pnginfo"].add_itxt("XML:com.adobe.xmp", xmp().decode())
    upload = save(image, kind, **told)
    assert b"Anna" in upload

    photo = clean_photo(upload)

    for trace in (b"Anna", b"Exif", b"eXIf", b"GPS", b"ICC_PROFILE", b"iCCP", b"Text", b"adobe", b"4711"):
        assert trace not in photo.data
    assert not set(opened(photo).info) - {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize(
    ("size", "kept"), [((4200, 2100), (2048, 1024)), ((2049, 100), (2048, 100)), ((2048, 2048), (2048, 2048))]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_longer_side_is_at_most_2048(size: tuple[int, int], kept: tuple[int, int], kind: str) -> None:
    photo = clean_photo(save(quadrants(size=size), kind))

    assert (photo.width, photo.height) == kept
    assert colours(photo) == UPRIGHT


def test_scaling_strip_by_strip_is_what_pillow_does_at_once(photo_bytes: bytes) -> None:
    large = Image.open(BytesIO(photo_bytes)).resize((2560, 3000))

    strips = intake._shrunk(lambda top, end: large.crop((0, top, 2560, end)), 3000, (1747, 2048))

    difference = ImageChops.difference(strips, large.resize((1747, 2048), Image.Resampling.LANCZOS))
    assert difference.getbbox() is None


def test_a_large_jpeg_is_decoded_small(photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    shrunk = intake._shrunk

    def watched(rows, height: int, target: tuple[int, int]) -> Image.Image:
        seen.append((rows(0, 1).width, height))
        return shrunk(rows, height, target)

    monkeypatch.setattr(intake, "_shrunk", watched)

    photo = clean_photo(save(Image.open(BytesIO(photo_bytes)).resize((1200, 4200)), "JPEG"))

    assert (seen, photo.height) == ([(600, 2100)], 2048)


def test_transparency_is_kept_only_where_there_is_some() -> None:
    clear = quadrants("RGBA")
    clear.putpixel((20, 20), (255, 0, 0, 0))
    palette = quadrants().quantize(8)

    assert clean_photo(save(clear, "PNG")).media_type == "image/png"
    assert opened(clean_photo(save(clear, "WEBP", lossless=True))).getpixel((20, 20))[3] == 0
    assert clean_photo(save(quadrants("RGBA"), "PNG")).media_type == "image/jpeg"
    transparent = clean_photo(save(palette, "PNG", transparency=palette.getpixel((20, 20))))
    assert opened(transparent).getpixel((20, 20))[3] == 0


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "LA", "1", "I;16", "CMYK"])
def test_every_kind_of_pixels_comes_out_right(mode: str) -> None:
    grey = mode in ("L", "LA", "1", "I;16")
    image = Image.linear_gradient("L").resize((120, 80)) if grey else quadrants()
    if mode == "I;16":
        image = image.convert("I").point(lambda value: value * 257).convert("I;16")
    upload = save(image if mode == "I;16" else image.convert(mode), "JPEG" if mode == "CMYK" else "PNG")

    photo = clean_photo(upload)

    if not grey:
        assert colours(photo) == UPRIGHT
        return
    top, middle, bottom = (opened(photo).convert("L").resize((1, 80)).getpixel((0, y)) for y in (2, 40, 77))
    assert top < 20 < 100 < middle < 160 < 235 < bottom


def test_colours_become_srgb() -> None:
    # The photo of a wide-gamut camera, made by swapping two of the profile's primaries: red says green.
    swapped = bytearray(profile())
    red, green = (swapped.find(tag, 128) for tag in (b"rXYZ", b"gXYZ"))
    swapped[red : red + 4], swapped[green : green + 4] = b"gXYZ", b"rXYZ"

    photo = clean_photo(save(quadrants(), "JPEG", icc_profile=bytes(swapped), quality=95))

    assert colours(photo) == ["lime", "red", "white", "blue"]


@pytest.mark.parametrize("broken", [b"nonsense" * 30, profile()[:200], profile("LAB")])
def test_a_profile_that_makes_no_sense_does_not_count(broken: bytes) -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        assert colours(clean_photo(save(quadrants(), kind, icc_profile=broken))) == UPRIGHT


def test_of_an_animation_the_first_frame_is_taken() -> None:
    frames = [quadrants(), Image.new("RGB", (120, 80), "black")]
    for kind in ("WEBP", "PNG", "MPO"):
        upload = save(frames[0], kind, save_all=True, append_images=frames[1:])
        assert colours(clean_photo(upload)) == UPRIGHT


def test_bytes_between_segments_are_skipped(photo_bytes: bytes) -> None:
    start = photo_bytes.index(b"\xff\xdb")
    assert clean_photo(photo_bytes[:start] + b"\0junk\xff\xff" + photo_bytes[start + 1 :]).height == 600


@pytest.mark.parametrize(
    ("upload", "code"),
    [
        (b"", "empty"),
        (b"<html>", "not_an_image"),
        (b"\0" * 100, "not_an_image"),
        (b"\xff\xd8", "not_an_image"),
        (b"GIF89a" + b"\0" * 50, "unsupported_type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_type"),
        (b"%PDF-1.7", "unsupported_type"),
        (b"\0\0\0\x1cftypavif", "unsupported_type"),
        (b"\xff\xd8\xff", "broken"),
        (b"\x89PNG\r\n\x1a\n", "broken"),
        (b"RIFF\0\0\0\0WEBP", "broken"),
        (b"\xff" * (MAX_BYTES + 1), "too_large"),
        (png(50_000, 40_000), "too_many_pixels"),
        (claimed_webp(16_383, 16_383), "too_many_pixels"),
        (png(0, 10), "broken"),
        (png(10, 10, rows=10)[:-30], "broken"),
        (b"\xff\xd8" + b"\xff\xe0\0\2" * 70_000, "broken"),
        (png(10, 10, rows=10, extra=chunk(b"tEXt", b"") * 70_000), "broken"),
        (b"RIFF\0\0\0\0WEBP" + b"JUNK\0\0\0\0" * 70_000, "broken"),
        (png(10, 10, rows=10, extra=chunk(b"IHDR", b"\0" * 13)), "broken"),
        (save(quadrants(), "JPEG")[:-2] + b"\xff\xda\0\2" * 70, "broken"),
    ],
)
def test_a_refusal_has_a_code_and_a_sentence(upload: bytes, code: str) -> None:
    assert reason(upload) == code


def test_a_photo_of_almost_40_megapixels_is_taken() -> None:
    assert clean_photo(png(8000, 4999, rows=4999)).width == 2048
    assert reason(png(8001, 5000)) == "too_many_pixels"


def test_huge_text_and_profiles_are_never_unpacked() -> None:
    bomb = PngImagePlugin.PngInfo()
    bomb.add_text("Comment", "x" * 50_000_000, zip=True)

    assert colours(clean_photo(save(quadrants(), "PNG", pnginfo=bomb))) == UPRIGHT


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_damaged_file_is_a_photo_or_a_refusal_and_never_warns(kind: str, photo_bytes: bytes) -> None:
    image = Image.open(BytesIO(photo_bytes)).resize((64, 75))
    outcomes = damaged(save(image, kind, exif=exif(6), icc_profile=profile()), seed=kind, times=400)
    # Every chunk of a PNG has a checksum: hardly a change goes unseen.
    assert {"broken"} < outcomes | {kind} and outcomes <= {*REASONS, "image/jpeg", "image/png"}
    assert kind == "PNG" or "image/jpeg" in outcomes


async def test_a_large_photo_holds_up_neither_the_loop_nor_small_ones(photo_bytes: bytes) -> None:
    held = threading.Event()
    intake._large.submit(held.wait)
    large = asyncio.create_task(take_in(png(4000, 3200)))
    assert (await take_in(photo_bytes)).height == 600
    assert not large.done()

    held.set()
    with pytest.raises(PhotoRefused, match="damaged"):
        await large


async def test_whoever_waits_too_long_is_told_so(photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    held, began = threading.Event(), threading.Event()
    clean = intake._clean

    def slow(file: ImageFile) -> CleanPhoto:
        began.set()
        held.wait()
        return clean(file)

    monkeypatch.setattr(intake, "_clean", slow)
    monkeypatch.setattr(intake, "MAX_SECONDS", 0.2)

    ends = await asyncio.gather(take_in(photo_bytes), take_in(photo_bytes), return_exceptions=True)

    # The first one keeps the thread until it is done; the second one never began, and never will.
    assert began.is_set()
    assert [end.code for end in ends if isinstance(end, PhotoRefused)] == ["too_slow", "busy"]
    held.set()
    monkeypatch.undo()
    assert (await take_in(photo_bytes)).height == 600
