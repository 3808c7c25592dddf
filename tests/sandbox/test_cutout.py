"""Somebody on nothing: drawn in the pose that is asked for, with the label on what they wear."""

from io import BytesIO

import pytest
from PIL import Image, ImageChops

from coach.sandbox.painter import Commission, Picture, encode, paint, read_mark
from coach.sandbox.painter.cutout import POSES, pose_of
from coach.stickers.templates import TEMPLATES
from coach.stickers.write import write_spec
from tests.marks.stickers import figure


def image(data: bytes) -> Image.Image:
    with Image.open(BytesIO(data)) as opened:
        opened.load()
        return opened


def drawn(prompt: str, *images: Image.Image, size: tuple[int, int] = (320, 320)) -> Picture:
    return paint(Commission(prompt=prompt, size=size, seed="s", images=images, transparent=True))


def test_each_template_is_a_pose_of_its_own() -> None:
    asked = {name: write_spec(template_id=name, engine="gpt_image").told() for name in TEMPLATES}
    poses = {name: pose_of(prompt) for name, prompt in asked.items()}
    assert {id(pose) for pose in poses.values()} == {id(POSES[name]) for name in POSES if name != "stand"}


@pytest.mark.parametrize(
    ("prompt", "pose"),
    [
        ("a sticker", "stand"),
        ("waving. Leave out: sleep, fists, whispering secrets.", "wave"),
        ("<wish>asleep</wish> pointing upwards", "sleep"),
        ("not waving but saluting", "salute"),
    ],
)
def test_the_pose_is_the_one_that_is_asked_for(prompt: str, pose: str) -> None:
    assert pose_of(prompt) == POSES[pose]


@pytest.mark.parametrize(
    ("who", "size"),
    [
        *(("nobody", size) for size in ((320, 320), (320, 480), (480, 320), (1600, 1600))),
        *(("a photo", (320, 320)), ("a figure", (320, 480))),
    ],
)
def test_all_of_it_is_inside_and_around_it_is_nothing(
    who: str, size: tuple[int, int], photo_bytes: bytes
) -> None:
    images = {"nobody": [], "a photo": [image(photo_bytes)], "a figure": [image(figure())]}[who]
    for prompt in ("arms wide", "pointing upwards"):
        picture = drawn(prompt, *images, size=size)
        box = picture.image.getchannel("A").getbbox()
        assert picture.image.size == size and box is not None
        assert box[0] > 0 and box[1] > 0 and box[2] < size[0] and box[3] < size[1]
        assert (picture.mark.person, picture.mark.face is None) == (box if images else None, not images)


def test_the_face_is_that_of_the_photo_and_is_where_the_note_says(photo_bytes: bytes) -> None:
    picture = drawn("standing", image(photo_bytes), size=(512, 512))
    sent = encode(picture.image, picture.mark, hash="01234567", format="png")
    mark = read_mark(image(sent))
    assert mark is not None and mark.face is not None
    there = picture.image.crop(mark.face).convert("RGB").resize((24, 24))
    photo = image(photo_bytes)
    least = min(
        sum(ImageChops.difference(there, photo.crop(box).resize((24, 24))).convert("L").tobytes()) / 576
        for left in range(120, 220, 10)
        for top in range(80, 200, 10)
        for side in (160, 190)
        for box in [(left, top, left + side, top + round(side * 1.3))]
    )
    assert least < 30, "levels of 255 that a pixel is off, at the best place"


def test_the_label_is_on_the_figure_and_the_corners_stay_empty() -> None:
    picture = drawn("waving", size=(512, 512))
    signed = image(encode(picture.image, picture.mark, hash="01234567", format="png"))
    assert ImageChops.difference(signed.getchannel("A"), picture.image.getchannel("A")).getbbox() is None
    box = ImageChops.difference(signed.convert("RGB"), picture.image.convert("RGB")).getbbox()
    assert box is not None and picture.mark.label is not None
    left, top, right, bottom = picture.mark.label
    assert left <= box[0] and top - 4 <= box[1] and box[2] <= right + 4 and box[3] <= bottom + 4


def test_a_cut_out_that_was_drawn_here_is_drawn_again_as_the_same_person(photo_bytes: bytes) -> None:
    first = drawn("waving", image(photo_bytes), size=(512, 512))
    sent = image(encode(first.image, first.mark, hash="01234567", format="png"))
    again = drawn("saluting", sent, size=(512, 512))
    assert again.mark.face is not None
    assert again.image.getchannel("A").getbbox() == again.mark.person


def test_the_same_request_draws_the_same_cut_out() -> None:
    assert drawn("waving").image.tobytes() == drawn("waving").image.tobytes()
