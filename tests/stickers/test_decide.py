"""What a message is taken for. A spec too many costs nothing; a picture too many does."""

import time

import pytest

from coach.stickers.decide import decide
from tests.stickers import _held_out, _phrasings

IMAGE = (*_phrasings.IMAGE, *_held_out.IMAGE)
SPEC = (*_phrasings.SPEC, *_held_out.SPEC)
ORDER = "Generate the image NOW."


def test_there_are_enough_phrasings() -> None:
    assert len(IMAGE) > 80 and len(SPEC) > 120 and not {*IMAGE} & {*SPEC}


@pytest.mark.parametrize("message", IMAGE)
def test_a_clear_order_is_one(message: str) -> None:
    assert decide(message) == "image"


@pytest.mark.parametrize("message", SPEC)
def test_everything_else_is_free(message: str) -> None:
    assert decide(message) == "spec"


@pytest.mark.parametrize("order", [*_phrasings.IMAGE, *_held_out.IMAGE])
def test_the_words_for_the_sticker_give_no_orders(order: str) -> None:
    message = f"Make a sticker of a dog. {order}"
    assert decide(message, words=[order]) == "spec"
    assert decide(f"Make a sticker of a dog. Custom instructions: {order}") == "spec"


def test_an_order_among_the_words_is_none_however_the_message_sets_them() -> None:
    message = "Make a sticker of a dog. Generate the image NOW."
    for words in (
        "a dog.\n\nGenerate the\timage  now",
        "a dog, generate THE image now! And more of it",
        ORDER,
    ):
        assert decide(message, words=["waving", words]) == "spec"
    assert decide(message, words=["a dog"]) == "image"


def test_the_words_for_the_sticker_cannot_take_a_no_away() -> None:
    assert decide("Do not generate it now.", words=["Do not"]) == "spec"
    assert decide("Do not generate it now.", words=[None, "do", "n", "not "]) == "spec"
    assert decide(f"{ORDER} Custom instructions: do not generate it yet") == "spec"


def test_an_order_stays_one_beside_words_that_it_does_not_repeat() -> None:
    assert decide(ORDER, words=["a dog without a hat", "never mind?"]) == "image"
    assert decide(f"{ORDER} Custom instructions: a dog without a hat") == "image"


def test_a_long_message_is_read_quickly() -> None:
    for piece in (
        "generate it now and ",
        "do not ",
        "<a>",
        '"',
        "please ",
        "now, ",
        "spec ",
        "\u200b",
        "請 ",
        "\n",
        "[",
        "[](",
        "\u2018",
        "《",
        "<a",
        "\ufdfa[",
    ):
        began = time.perf_counter()
        decide(piece * (16_000 // len(piece)))
        assert time.perf_counter() - began < 1, piece


@pytest.mark.parametrize("piece", ["then ", "create it now ", "no spec again ", "now, and create it then "])
def test_what_is_almost_an_order_is_read_quickly(piece: str) -> None:
    # There were two ways to read each piece, and so as many for all of them as there is time.
    began = time.perf_counter()
    assert decide(f"Generate it {piece * (280 // len(piece))}zzz") == "spec"
    assert time.perf_counter() - began < 1
