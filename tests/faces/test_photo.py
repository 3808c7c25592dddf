"""What the photo coach says about a photo."""

from collections.abc import Callable

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from coach.faces import Embedding, Face, PhotoReport, align, best_set, judge, look
from coach.faces._face import roll, yaw
from coach.faces._sface import LIMITS
from coach.faces.photo import SAY
from tests.faces._people import changed, face_of, image, the_model


def beside_a_smaller_one(picture: Image.Image) -> Image.Image:
    wide = Image.new("RGB", (picture.width * 3 // 2, picture.height), "grey")
    wide.paste(picture, (0, 0))
    wide.paste(picture.reduce(2), (picture.width, 0))
    return wide


def far_away(picture: Image.Image) -> Image.Image:
    wide = Image.new("RGB", (picture.width * 2, picture.height * 2), "grey")
    wide.paste(picture.reduce(3), (200, 200))
    return wide


def in_sunglasses(picture: Image.Image) -> Image.Image:
    draw = ImageDraw.Draw(picture)
    for x, y in face_of(picture).landmarks[:2]:
        draw.ellipse((x - 36, y - 24, x + 36, y + 28), fill=(24, 22, 22))
    return picture


def washed_out(picture: Image.Image) -> Image.Image:
    return picture.point([min(255, 170 + value) for value in range(256)] * 3)


FAULTS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "no_face": lambda picture: Image.new("RGB", picture.size, "teal"),
    "several_faces": beside_a_smaller_one,
    "too_small": far_away,
    "blurred": lambda picture: picture.filter(ImageFilter.GaussianBlur(5)),
    "too_dark": lambda picture: picture.point([value // 4 for value in range(256)] * 3),
    "too_bright": washed_out,
    "tilted": lambda picture: picture.rotate(180),
    "face_hidden": in_sunglasses,
    "ok": lambda picture: picture,
}


@pytest.mark.parametrize("reason", FAULTS)
def test_each_fault_has_its_sentence(reason: str, photo_bytes: bytes) -> None:
    report = look(the_model(), changed(photo_bytes, FAULTS[reason]))
    assert (report.reason, report.usable) == (reason, reason == "ok")
    assert report.say == SAY[report.reason] and report.model == the_model().name
    assert 0 <= report.quality <= 1


def test_a_good_photo_is_measured(photo_bytes: bytes, other_photo_bytes: bytes) -> None:
    for photo in (photo_bytes, other_photo_bytes):
        report = look(the_model(), photo)
        assert (report.reason, report.faces) == ("ok", 1)
        assert report.sharpness and report.brightness and report.face_share
        assert abs(report.yaw or 0) < 15 and abs(report.roll or 0) < 5


def looking(nose: float, *, lean: float = 0.0) -> Face:
    """A face of 100 pixels whose nose is so far from the middle, and whose left eye so far down."""
    points = ((35.0, 40.0), (65.0, 40.0 + lean), (50.0 + nose, 55.0), (38.0, 72.0), (62.0, 72.0 + lean))
    return Face(box=(0, 0, 100, 120), landmarks=points, confidence=0.9)


def test_the_nose_says_where_a_head_turns_and_the_eyes_how_it_leans() -> None:
    assert [round(yaw(looking(nose))) for nose in (-10, 0, 10)] == [-53, 0, 53]
    assert [round(roll(looking(0, lean=lean))) for lean in (-30, 0, 30)] == [-45, 0, 45]


class Turned:
    """A face model that finds a face which looks to its left."""

    name = "turned"
    limits = LIMITS

    def find(self, image: Image.Image) -> list[Face]:
        return [looking(10)]

    def embed(self, image: Image.Image, face: Face) -> Embedding:
        raise AssertionError

    def distance(self, one: Embedding, other: Embedding) -> float:
        raise AssertionError


def test_a_face_turned_away_is_said_by_any_model(photo_bytes: bytes) -> None:
    assert look(Turned(), photo_bytes).reason == "turned_away"
    found = judge(Turned(), [photo_bytes], photo_bytes)
    assert found.band == "cannot judge" and "turned too far" in found.why


@pytest.mark.parametrize("side", [90, 270])
def test_a_photo_on_its_side_is_not_taken(side: int, photo_bytes: bytes) -> None:
    report = look(the_model(), changed(photo_bytes, lambda picture: picture.rotate(side, expand=True)))
    assert report.reason == "tilted"


def test_without_a_model_every_photo_is_usable() -> None:
    report = look(None, b"anything")
    assert (report.usable, report.reason, report.model, report.faces) == (True, "not_looked", "", 0)


def test_what_is_no_picture_has_no_face() -> None:
    assert look(the_model(), b"broken").reason == "no_face"


def report(quality: float, *, usable: bool = True) -> PhotoReport:
    return PhotoReport(
        usable=usable, reason="ok" if usable else "blurred", say="", quality=quality, model="m"
    )


def test_the_best_photos_come_first_and_unusable_ones_only_alone() -> None:
    reports = [report(0.4), None, report(0.9, usable=False), report(0.8)]
    assert best_set(reports, 5) == [3, 1, 0]
    assert best_set(reports, 1) == [3]
    assert best_set([report(0.2, usable=False), report(0.3, usable=False)], 2) == [1, 0]
    assert best_set([], 3) == best_set(reports, 0) == []


def test_aligned_faces_lie_on_one_another(photo_bytes: bytes) -> None:
    upright = image(photo_bytes)
    leaning = upright.rotate(12, Image.Resampling.BICUBIC).resize((900, 1055))
    cut = [align(picture, face_of(picture), (200, 240)) for picture in (upright, leaning)]
    faces = [face_of(picture) for picture in cut]
    for one, other in zip(faces[0].landmarks, faces[1].landmarks, strict=True):
        assert abs(one[0] - other[0]) < 9 and abs(one[1] - other[1]) < 9
    right, left = faces[0].landmarks[:2]
    assert left[0] - right[0] == pytest.approx(0.25 * 200, abs=8)
    assert abs(left[1] - right[1]) < 4
    assert ImageChops.difference(cut[0], Image.new("RGB", cut[0].size, "grey")).getbbox()
