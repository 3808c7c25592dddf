"""Pictures for thousands of requests: not painted, and in everything else the same."""

import base64
import io
from typing import Any

import pytest
from PIL import Image

from coach.sandbox import Sandbox, images
from coach.sandbox.painter import NOTE, read_mark
from tests.sandbox._wire import ORDER, PRICE, STREAMED, post


def pictures(answer: Any) -> list[bytes]:
    return [base64.b64decode(each["b64_json"], validate=True) for each in answer.json()["data"]]


CLEAR = {"background": "transparent"}


@pytest.mark.parametrize(
    ("format", "how"), [("png", {}), ("jpeg", {}), ("webp", {}), ("png", CLEAR), ("webp", CLEAR)]
)
def test_a_quick_picture_is_a_good_one_and_like_no_other(quick: Sandbox, format: str, how: Any) -> None:
    body = {**ORDER, "size": "1536x1024", "output_format": format, "n": 2, **how}
    first, second = pictures(post(quick, body=body))
    assert first != second and [first, second] == pictures(post(quick, body=body))
    assert first not in pictures(post(quick, body={**body, "prompt": "a hill."}))
    with Image.open(io.BytesIO(first)) as image:
        image.load()
        assert (image.format, image.size) == (format.upper(), (1536, 1024))
        assert str(read_mark(image)).startswith(NOTE)
        assert image.has_transparency_data is bool(how)
    with Image.open(io.BytesIO(first)) as image:
        image.verify()


def test_nothing_is_painted_and_all_is_checked_and_priced(
    quick: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "paint", None)
    assert post(quick).status_code == 200 and quick.log[-1].micros == PRICE
    assert post(quick, body={**ORDER, "size": "1000x1000"}).status_code == 400


def test_the_previews_differ_too(quick: Sandbox) -> None:
    text = post(quick, body={**STREAMED, "partial_images": 3}).text
    shown = {line.partition('"b64_json": "')[2].partition('"')[0] for line in text.split("\n\n") if line}
    assert len(shown) == 4
