"""The request: one base picture of several."""

import time
from typing import Any

import pytest

from coach.errors import PhotoRefused
from coach.stickers.request import Base, StickerRequest, picture_in

LINK, DATA = "https://example.com/a.png", "data:image/png;base64,aGk="


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ({}, None),
        ({"base_image_url": LINK, "base_image_ref": "photo", "base_image": DATA}, Base(url=LINK)),
        ({"base_image_url": f" {LINK}\n"}, Base(url=LINK)),
        ({"base_image_ref": LINK, "base_image": DATA}, Base(url=LINK)),
        ({"base_image_ref": "photo", "base_image": DATA}, Base(ref="photo")),
        ({"base_image_ref": "uploaded_image", "base_image": DATA}, Base(data=DATA)),
        ({"base_image_url": "", "base_image_ref": " ", "base_image": ""}, None),
        ({"base_image_ref": "uploaded_image"}, None),
    ],
)
def test_of_several_base_pictures_the_first_of_the_contracts_order_counts(
    given: dict[str, Any], base: Base | None
) -> None:
    assert StickerRequest.model_validate(given).base == base


def test_what_no_database_takes_is_made_fit_and_a_picture_is_in_no_log() -> None:
    asked = StickerRequest.model_validate({"user_prompt": "a\x00b", "base_image": DATA, "template_id": "gm"})
    assert asked.user_prompt == "a\N{REPLACEMENT CHARACTER}b" and asked.has_wish
    assert DATA not in repr(asked)
    assert not StickerRequest.model_validate({"user_prompt": "  ", "user_context": "x"}).has_wish


def test_a_data_uri_is_one_of_a_picture_or_refused() -> None:
    assert picture_in(DATA) == b"hi" and picture_in(" data:image/JPEG;base64,aG\nk=\n") == b"hi"
    for wrong in (
        "data:text/html;base64,aGk=",
        "aGk=",
        "data:image/png,hi",
        "data:image/png;base64,aGk",
        "",
        DATA + "é",
    ):
        with pytest.raises(PhotoRefused):
            picture_in(wrong)


def test_a_data_uri_of_white_space_is_refused_at_once() -> None:
    began = time.perf_counter()
    with pytest.raises(PhotoRefused):
        picture_in(f"data:image/png;base64,{' ' * 200_000}!")
    assert time.perf_counter() - began < 1
