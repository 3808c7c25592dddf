"""A model that edits its own edits loses the person; the sandbox can too, and a real network sees it."""

import base64
import re
from collections.abc import Sequence
from io import BytesIO

import httpx2
import pytest
from PIL import Image
from typer.testing import CliRunner

from coach.cli import app
from coach.faces import Likeness, judge
from coach.sandbox import Sandbox
from coach.sandbox.faults import Rule
from coach.sandbox.painter import Commission, encode, other_face, paint, read_mark
from tests.faces._people import the_model

SHARE = 0.15
DEEP = 8
SIZE = (384, 576)
SCENES = (
    "observatory at night",
    "the sea",
    "a library",
    "the forest",
    "hills",
    "a city",
    "on stage",
    "mountains",
)


def drawn(*images: bytes, scene: str = "observatory at night", drift: float = SHARE) -> bytes:
    opened = [Image.open(BytesIO(one)) for one in images]
    picture = paint(Commission(prompt=scene, size=SIZE, seed=scene, images=opened, drift=drift))
    return encode(picture.image, picture.mark, hash="0" * 8, format="png")


def chain(first: bytes, *beside: bytes, scenes: Sequence[str] = SCENES, drift: float = SHARE) -> bytes:
    """Revisions, each from the version before and what is sent beside it."""
    for scene in scenes:
        first = drawn(first, *beside, scene=scene, drift=drift)
    return first


def judged(photo: bytes, candidate: bytes) -> Likeness:
    return judge(the_model(), [photo], candidate)


def test_a_naive_chain_of_eight_loses_the_person(photo_bytes: bytes) -> None:
    assert len(SCENES) == DEEP
    photo = photo_bytes
    first = drawn(photo)
    assert judged(photo, first).band == "strong", "the first one is from the photo"
    last = judged(photo, chain(first))
    assert last.band == "no" and last.distance is not None and last.threshold is not None
    assert last.distance > last.threshold
    assert judged(photo, chain(first, drift=0.0)).band == "strong", "it is the drift, not the painting"


def test_drawn_afresh_from_the_photo_there_is_no_drift(photo_bytes: bytes) -> None:
    afresh = drawn(photo_bytes, scene="the sea")
    assert afresh == drawn(photo_bytes, scene="the sea", drift=0.0)
    assert judged(photo_bytes, afresh).band == "strong"


def test_the_photo_beside_the_version_before_keeps_the_person(other_photo_bytes: bytes) -> None:
    photo = other_photo_bytes
    last = chain(drawn(photo), photo, scenes=SCENES[:3])
    assert judged(photo, last).band == "strong", "half a drift that does not add up"


def test_the_more_of_the_photo_the_less_it_drifts(other_photo_bytes: bytes) -> None:
    photo = other_photo_bytes
    first = drawn(photo, drift=0.5)
    sent = ((photo,), (first, photo), (first,))
    distances = [judged(photo, drawn(*images, scene="the sea", drift=0.5)).distance or 2 for images in sent]
    assert distances == sorted(distances)


def edited(sandbox: Sandbox, image: bytes, **params: str) -> httpx2.Response:
    return httpx2.post(
        f"{sandbox.base_url}/images/edits",
        headers={"authorization": "Bearer any"},
        data={"model": "gpt-image-2", "prompt": "the sea", "size": "1024x1024", **params},
        files={"image": ("photo.png", image, "image/png")},
        timeout=60,
    )


def picture_of(answer: httpx2.Response) -> bytes:
    return base64.b64decode(re.findall(r'"b64_json": ?"([^"]+)"', answer.text)[-1])


def test_the_service_drifts_when_it_is_asked_to(photo_bytes: bytes) -> None:
    with Sandbox() as steady, Sandbox(drift=0.9) as drifting:
        services = (steady, steady, drifting)
        first, again, drifted = (picture_of(edited(each, drawn(photo_bytes))) for each in services)
        assert first == again != drifted


def test_a_plan_can_let_it_draw_somebody_else(photo_bytes: bytes) -> None:
    with Sandbox(faults=[Rule(mode="other_face", route="edits", times=1)]) as sandbox:
        first, second = (
            picture_of(edited(sandbox, photo_bytes, stream="true", partial_images="1")) for _ in range(2)
        )
        assert [entry.fault for entry in sandbox.log] == ["other_face", None]
        assert sandbox.log[0].micros == sandbox.log[1].micros != 0
    assert [judged(photo_bytes, each).band for each in (first, second)] == ["no", "strong"]


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
def test_another_face_is_a_no_in_every_format_and_the_picture_stays_ours(
    other_photo_bytes: bytes, format: str
) -> None:
    photo = Image.open(BytesIO(other_photo_bytes))
    picture = paint(Commission(prompt="a library", size=SIZE, seed="s", images=[photo]))
    before = encode(picture.image, picture.mark, hash="0" * 8, format=format)
    after = other_face(before)
    assert [judged(other_photo_bytes, each).band for each in (before, after)] == ["strong", "no"]
    image = Image.open(BytesIO(after))
    assert image.format == format.upper() and read_mark(image) == picture.mark


def test_where_there_is_no_face_nothing_is_changed() -> None:
    assert other_face(drawn()) == drawn()


def test_the_command_takes_a_share() -> None:
    shown = CliRunner().invoke(app, ["sandbox", "--drift", "2"], env={"COLUMNS": "200"})
    assert shown.exit_code == 2 and "--drift" in shown.output
