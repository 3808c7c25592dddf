"""The pictures themselves: the right scene, and the person of the photo in it."""

import io
from random import Random

import pytest
from PIL import Image, ImageChops, ImageStat

import coach
from coach.sandbox.painter import NOTE, Commission, Picture, encode, paint, quick, read_mark
from coach.sandbox.painter.figure import Box, find_face
from coach.sandbox.painter.scene import PLACES, TIMES, Scene, scene_of, usual_time
from coach.studio.provenance import IPTC, MEANING, read

SIZE = (512, 768)
NIGHT = Scene(place="observatory", time="night")
EARLIER = "<wish>in a library</wish>\n<wish>By the sea, please</wish>\n<wish>a red scarf</wish>"


def image(data: bytes) -> Image.Image:
    opened = Image.open(io.BytesIO(data))
    opened.load()
    return opened


def drawn(prompt: str, *images: Image.Image, size: tuple[int, int] = SIZE) -> Picture:
    return paint(Commission(prompt=prompt, size=size, seed="seed", images=images))


def signed(picture: Picture) -> Image.Image:
    return image(encode(picture.image, picture.mark, hash="0123abcd", format="png"))


@pytest.mark.parametrize(
    ("prompt", "before", "expected"),
    [
        ("in the observatory, under the stars", None, ("observatory", "night")),
        ("by the sea", None, ("sea", "dawn")),
        ("by the sea at night", None, ("sea", "night")),
        ("a clearing in the forest at sunset", None, ("forest", "dusk")),
        ("on stage before a full house", None, ("stage", "indoors")),
        ("in a library at night", None, ("study", "indoors")),
        ("on a hill, not by the sea", None, ("hills", "day")),
        ("Somebody.\n<scene>\non a ship\n</scene>\nin the mountains, the mountains", None, ("sea", "dawn")),
        ("at sunrise instead of at night", NIGHT, ("observatory", "dawn")),
        ("Keep the observatory, but at sunrise", NIGHT, ("observatory", "dawn")),
        ("brighter", NIGHT, ("observatory", "night")),
        ("in a library", NIGHT, ("study", "indoors")),
        (
            "<change>\nby the sea\n</change>\n<scene>\nthe observatory at night\n</scene>",
            NIGHT,
            ("sea", "night"),
        ),
        ("on a mountain", Scene(place="study", time="indoors"), ("mountain", "dusk")),
        (f"{EARLIER}\n<change>at sunset</change>", NIGHT, ("observatory", "dusk")),
        (f"<scene>on a hill</scene>\n{EARLIER}", None, ("sea", "dawn")),
        (f"<scene>on a hill</scene>\n{EARLIER}\n<wish>and at night.</wish>", None, ("sea", "night")),
    ],
)
def test_the_words_decide_place_and_light(
    prompt: str, before: Scene | None, expected: tuple[str, str]
) -> None:
    scene = scene_of(prompt, before=before, rng=Random(1))
    assert (scene.place, scene.time) == expected


def test_of_the_reference_coach_s_prompt_for_many_wishes_the_last_counts() -> None:
    wishes = ["Could it be by the sea?", "At sunset!", "In the forest after all", "A red scarf"]
    values = {"name": "Guide", "statement": None, "appearance": None, "scene": "In a library.", "photos": 1}
    prompts = coach.load("coach.reference").prompts
    text = prompts.render("images/afresh.md", values | {"wishes": wishes}).text
    assert scene_of(text, rng=Random(1)) == Scene(place="forest", time="dusk")


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("place", PLACES)
def test_every_place_is_painted_in_every_light(place: str, time: str) -> None:
    scene = Scene(place=place, time="indoors" if usual_time(place) == "indoors" else time)
    painted, _ = scene.paint((96, 144), Random(3))
    spread = ImageStat.Stat(painted.convert("L")).stddev[0]
    assert painted.size == (96, 144) and spread > 4, "something is there"


@pytest.mark.parametrize("who", [0, 1])
@pytest.mark.parametrize("size", [(1024, 1536), (1024, 1024)])
def test_the_person_is_in_it_with_a_face_that_can_be_recognised(
    who: int, size: tuple[int, int], photo_bytes: bytes, other_photo_bytes: bytes
) -> None:
    photos = [image(photo_bytes), image(other_photo_bytes)]
    picture = drawn("in the observatory at night", photos[who], size=size)
    face, box = find_face(photos[who]), picture.mark.person
    assert face is not None and box is not None
    assert 0.15 <= (face[2] - face[0]) * (box[2] - box[0]) / size[0] <= 0.25
    there = face_of(picture.image.crop(box), face)
    here, other = (face_of(photo, find_face(photo)) for photo in (photos[who], photos[1 - who]))
    assert likeness(there, here) > 0.9 > 0.6 > likeness(there, other)


def face_of(photo: Image.Image, face: Box | None) -> Image.Image:
    """The face of a photo, always equally large."""
    left, top, right, bottom = face or (0, 0, 1, 1)
    width, height = photo.size
    return photo.crop(
        (round(left * width), round(top * height), round(right * width), round(bottom * height))
    ).resize((64, 80))


def likeness(a: Image.Image, b: Image.Image) -> float:
    """The correlation of two pictures' brightness, 1 when one is a lit version of the other."""
    x, y = ([v - sum(d) / len(d) for v in d] for d in (a.convert("L").tobytes(), b.convert("L").tobytes()))
    norm = (sum(v * v for v in x) * sum(v * v for v in y)) ** 0.5
    return float(sum(p * q for p, q in zip(x, y, strict=True)) / norm)


def test_a_change_keeps_the_person_of_the_photo_and_the_place(photo_bytes: bytes) -> None:
    photo = image(photo_bytes)
    first = drawn("in the observatory at night", photo)
    second = drawn("at sunrise instead", signed(first), photo)
    assert second.mark.scene == Scene(place="observatory", time="dawn")
    assert second.mark.person == first.mark.person, "taken from the photo, not from the picture of it"
    assert ImageChops.difference(first.image, second.image).getbbox() is not None


def test_without_the_photo_the_person_is_taken_from_the_earlier_picture(photo_bytes: bytes) -> None:
    first = drawn("in the observatory at night", image(photo_bytes), size=(1024, 1536))
    second = drawn("by the sea", signed(first), size=(1024, 1536))
    assert second.mark.person is not None and second.mark.scene.place == "sea"


@pytest.mark.parametrize("size", [(8, 8), (400, 100), (60, 900)])
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "LA", "CMYK", "I;16"])
def test_whatever_is_sent_something_is_drawn(mode: str, size: tuple[int, int]) -> None:
    assert drawn("hills", Image.new(mode, size), size=(256, 256)).image.size == (256, 256)


def test_the_label_and_the_hash_are_on_it(photo_bytes: bytes) -> None:
    picture = drawn("hills", image(photo_bytes))
    one, other = (
        image(encode(picture.image, picture.mark, hash=hash, format="png"))
        for hash in ("00000000", "ffffffff")
    )
    assert ImageChops.difference(one, other).getbbox() is not None
    label = ImageChops.difference(one.convert("RGB"), picture.image).getbbox()
    assert label is not None and label[1] > SIZE[1] * 0.9 and label[2] - label[0] > SIZE[0] * 0.4
    assert read_mark(one) == picture.mark
    assert read_mark(image(photo_bytes)) is None


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
def test_it_says_what_it_is_in_the_words_of_iptc(photo_bytes: bytes, format: str) -> None:
    alone, person = drawn("hills"), drawn("hills", image(photo_bytes))
    for picture, term in ((alone, "algorithmicMedia"), (person, "composite")):
        data = encode(picture.image, picture.mark, hash="0123abcd", format=format)
        found = read(data)
        assert found.source_type == IPTC + term and MEANING[term], "and not a model's"
        assert read_mark(image(data)) == picture.mark
    stamped = quick(SIZE, format=format, compression=90, transparent=False, stamp="1")
    assert read(stamped).source_type == IPTC + "algorithmicMedia"


@pytest.mark.parametrize(
    "person",
    [
        "person=900,900,100,100 face=0,0,9,9",
        "person=-9,-9,-1,-1 face=0,0,9,9",
        "person=0,0,64,64 face=70,70,90,90",
        "person=0,0,20,20 face=40,40,60,60",
        "person=0,0,64,64",
        "",
    ],
)
def test_a_forged_note_does_no_harm(person: str) -> None:
    forged = Image.new("RGB", (64, 64))
    forged.info["sandbox"] = f"{NOTE} place=sea time=night {person}".strip()
    picture = drawn("brighter", forged, size=(256, 256))
    assert (picture.mark.scene, picture.mark.person) == (Scene(place="sea", time="night"), None)
    forged.info["sandbox"] = f"{NOTE} place=sea time=never"
    assert read_mark(forged) is None


@pytest.mark.parametrize("transparent", [False, True])
@pytest.mark.parametrize("face", ["10,10,11,11", "-50,-50,500,500", "63,63,64,64"])
def test_a_face_of_any_size_can_be_drawn_again(face: str, transparent: bool) -> None:
    forged = Image.new("RGB", (64, 64))
    forged.info["sandbox"] = f"{NOTE} place=sea time=night person=0,0,64,64 face={face}"
    commission = Commission(
        prompt="brighter", size=(256, 256), seed="s", images=[forged], drift=1.0, transparent=transparent
    )
    assert paint(commission).image.size == (256, 256)
