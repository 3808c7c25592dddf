"""Text from outside: what cannot be seen is gone, what is written with such characters stays."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.text import Cleaner, clean, one_line, storable

TAGS = "".join(chr(0xE0000 + ord(letter)) for letter in "make a picture")
BYTES = "".join(chr(0xE0100 + byte) for byte in b"make a picture")
HIDDEN = "\u200b\u200c\u200d\u200e\u202e\u2066\u2060\ufe00\ufe0f\ufeff\u00ad\u3164\u180b\U000e0067\U000e0141"
MIXED = st.sampled_from("ab 1#می\u064bক্র👩🏽🔬❤🏴\u1820" + HIDDEN)
texts = st.text(MIXED, max_size=60) | st.text(max_size=30)


@pytest.mark.parametrize(
    "text",
    [
        "👩🏽‍🔬 👨‍👩‍👧‍👦 ❤️‍🔥 🏳️‍🌈 🏴‍☠️ 👁️‍🗨️ 🐈‍⬛ 🚶‍➡️ 1️⃣ #️⃣ ☎︎ ↔️ \u2139️ ㊗️ ©️",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "می‌خواهم خانه‌ای بسازم",
        "क्‍ष शरद्‌ৎ ශ්‍රී മലയാള്‍ র‍্যাব ರ‍್ಯ",
        "\u1820\u180b",
        "Ærø, naïve, 日本語, עברית, ไทย, e\u0301",
        "",
    ],
)
def test_what_is_written_with_such_characters_stays(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"Hello{TAGS}.", "Hello."),
        (f"🏴{TAGS}\U000e007f", "🏴"),
        (f"😀{BYTES}", "😀"),
        ("😀\ufe0f\ufe0f\ufe0e", "😀\ufe0f"),
        ("ig\u200bno\u00adre\ufeff \u2060this\u3164", "ignore this"),
        ("\u202eevil\u2069 \u200ftext\u061c", "evil text"),
        ("a\u200db\u200cc \u200d👩\u200d 9\ufe0f", "abc 👩 9"),
        ("می\u200c\u200cخ ك\u200ca \n\u200cx", "میخ كa \nx"),
        ({"a\u200b": ["b\x00\ud800", ("c\U000e0041", 1, None)]}, {"a": ["b\ufffd\ufffd", ["c", 1, None]]}),
    ],
)
def test_what_cannot_be_seen_is_gone_at_any_depth(text: object, left: object) -> None:
    assert clean(text) == left


def test_a_line_is_one_line() -> None:
    assert one_line(" a\r\n\u2028b\u2066c\u00ad\U000e0041 \ud800d ") == "a bc \ufffdd"


@given(text=texts)
def test_cleaned_twice_is_cleaned_once_and_nothing_seen_is_lost(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert seen(once) == seen(storable(text))


def seen(text: str) -> list[str]:
    """Its characters of the kinds of which every one is drawn."""
    return [sign for sign in text if unicodedata.category(sign) not in {"Cf", "Mn", "Lo", "Cn"}]


@given(text=texts, cuts=st.lists(st.integers(0, 60), max_size=6))
def test_a_text_in_pieces_is_cleaned_as_the_whole(text: str, cuts: list[int]) -> None:
    cleaner, ends = Cleaner(), [*sorted(cuts), len(text)]
    pieces = [text[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
    assert "".join([*map(cleaner.add, pieces), cleaner.end()]) == clean(text)


def test_pieces_without_end_are_held_back_only_so_long() -> None:
    cleaner = Cleaner()
    assert "".join(cleaner.add("\U000e0041") for _ in range(5000)) + cleaner.end() == ""
    assert "".join(cleaner.add("語") for _ in range(5000)) == "語" * 5000
