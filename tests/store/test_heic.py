"""Photos of phones: HEIC is taken in, and a file that is built to do harm is not decoded."""

import struct
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from coach.store import _heic_file, intake
from coach.store._heic_file import NotThisHeic, read_heic
from coach.store.intake import REASONS, clean_photo
from tests.store._images import claimed_heic, exif, heic, profile, quadrants, xmp
from tests.store.test_intake import UPRIGHT, colours, damaged, opened, reason


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heic_is_turned_once(orientation: int) -> None:
    undone = {6: 8, 8: 6}.get(orientation, orientation)
    image = quadrants() if undone == 1 else quadrants().transpose(intake._UPRIGHT[undone])

    # The writer makes of Exif's orientation one of the container, as phones have both.
    photo = clean_photo(heic(image, exif=exif(orientation), quality=90))

    assert (photo.width, photo.height) == (120, 80)
    assert colours(photo) == UPRIGHT


def test_heic_is_scaled_and_keeps_no_metadata_and_its_transparency() -> None:
    upload = heic(quadrants(size=(2560, 320)), exif=exif(), xmp=xmp(), icc_profile=profile(), quality=60)
    assert b"Anna" in upload

    photo = clean_photo(upload)

    assert (photo.width, photo.height, photo.media_type) == (2048, 256, "image/jpeg")
    assert colours(photo) == UPRIGHT
    for trace in (b"Anna", b"Exif", b"GPS", b"ICC_PROFILE", b"adobe", b"4711"):
        assert trace not in photo.data
    clear = quadrants("RGBA")
    clear.paste((255, 0, 0, 0), (0, 0, 60, 40))
    assert opened(clean_photo(heic(clear, quality=90))).getpixel((20, 20))[3] == 0


def test_a_grid_of_tiles_is_one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pillow_heif.options.GRID_TILE_SIZE", 256)
    upload = heic(quadrants(size=(600, 400)), quality=80)

    size = read_heic(upload)

    assert (b"grid" in upload, size.width, size.height) == (True, 600, 400)
    assert size.work >= 600 * 400
    assert colours(clean_photo(upload)) == UPRIGHT
    # One tile in each place: else a few bytes are decoded as often as somebody likes.
    tiles = upload.index(b"dimg") + 8
    again = upload[: tiles + 2] + upload[tiles : tiles + 2] + upload[tiles + 4 :]
    with pytest.raises(NotThisHeic, match="one tile for each place"):
        read_heic(again)
    assert reason(again) == "unsupported_type"


def test_what_the_coded_picture_says_counts_and_not_what_the_file_claims() -> None:
    upload = claimed_heic(1024)

    size = read_heic(upload)

    assert (size.width, size.height, size.work) == (64, 64, 1024 * 1024)
    assert reason(upload) == "broken"


def test_only_so_much_of_a_file_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    upload = heic(Image.new("RGB", (64, 64)))
    for limit, least in (
        ("_MOST_UNITS", 1),
        ("_MOST_PLACES", 1),
        ("_MOST_BOXES", 20),
        ("_LONGEST_META", 500),
    ):
        monkeypatch.setattr(_heic_file, limit, least)
        assert read_heic(upload).width == 64
        monkeypatch.setattr(_heic_file, limit, 0)
        with pytest.raises(NotThisHeic):
            read_heic(upload)
        monkeypatch.undo()


def test_too_many_pixels_are_refused_undecoded(monkeypatch: pytest.MonkeyPatch) -> None:
    upload = heic(Image.new("RGB", (512, 512)))
    monkeypatch.setitem(intake.MAX_PIXELS, "HEIF", 512 * 511)
    monkeypatch.setattr("pillow_heif.open_heif", None)
    assert reason(upload) == "too_many_pixels"
    assert reason(claimed_heic(1024)) == "too_many_pixels"


def test_a_second_picture_or_size_in_the_coded_data_is_not_decoded() -> None:
    upload = heic(Image.new("RGB", (64, 64)))
    at = upload.index(b"mdat") + 4
    coded = upload[at:]
    for unit in (coded, struct.pack(">I", 4) + b"\x42\x01\0\0"):
        with pytest.raises(NotThisHeic, match="one picture"):
            read_heic(with_data(upload, at, coded + unit))


def with_data(upload: bytes, at: int, data: bytes) -> bytes:
    """The file with other coded data, of another length, where there is one item."""
    places = upload.index(b"iloc")
    length = upload.index(struct.pack(">I", len(upload) - at), places)
    head = upload[:length] + struct.pack(">I", len(data)) + upload[length + 4 : at - 8]
    return head + struct.pack(">I", len(data) + 8) + b"mdat" + data


@pytest.mark.parametrize(
    "change",
    [
        lambda whole: whole + whole[whole.index(b"meta") - 4 : whole.index(b"mdat") - 4],
        lambda whole: whole.replace(b"hvc1", b"av01"),
        lambda whole: whole.replace(b"hvcC", b"xxxx"),
        lambda whole: whole.replace(b"ispe", b"xxxx"),
        lambda whole: whole.replace(b"pitm", b"free"),
    ],
)
def test_what_no_camera_builds_is_not_decoded(change: Any) -> None:
    assert reason(change(heic(Image.new("RGB", (64, 64))))) == "unsupported_type"


def test_damaged_heic_is_a_photo_or_a_refusal(photo_bytes: bytes) -> None:
    whole = heic(Image.open(BytesIO(photo_bytes)).resize((64, 75)), exif=exif(6), quality=70)
    outcomes = damaged(whole, seed="heic", times=300)
    assert {"broken", "unsupported_type", "image/jpeg"} <= outcomes <= {*REASONS, "image/jpeg", "image/png"}
