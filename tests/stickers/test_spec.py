"""The job spec: its keys, its hash, and those that somebody else wrote."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from coach.errors import InputRefused
from coach.stickers.foreign import LONGEST, read_spec
from coach.stickers.spec import JobSpec, Outline, Shadow, Text
from tests.stickers._stickers import spec

KEYS = [
    *("version", "type", "engine", "base_image_ref", "canvas", "prompt", "negative_prompt", "text"),
    "constraints",
]
# As published, with the second example's words.
PACKPUTER: dict[str, Any] = {
    "version": "3.0",
    "type": "image_sticker",
    "engine": "memeputer_i2i",
    "base_image_ref": "uploaded_image",
    "canvas": {"w": 512, "h": 512, "bg": "transparent"},
    "prompt": "A funny wizard character holding a sign saying HODL.",
    "negative_prompt": "background, scenery, small text",
    "text": {
        "value": "HODL",
        "style": {"font_size": 110, "placement": "center", "stroke_width": 6, "color": "#ffffff"},
    },
    "constraints": {
        "transparent_bg_required": True,
        "no_photoreal_humans": True,
        "no_logos_no_brands": False,
        "no_small_text": True,
        "subject_scale": "70-90%",
        "outline_required": True,
        "shadow_required": False,
    },
}


def altered(path: str, value: object) -> dict[str, Any]:
    """PackPuter's spec with another value at a place such as ``text.value``."""
    spec = json.loads(json.dumps(PACKPUTER))
    *parents, last = path.split(".")
    inner = spec
    for parent in parents:
        inner = inner[parent]
    inner[last] = value
    return spec


def test_it_has_the_keys_of_the_contract_in_their_order() -> None:
    assert list(json.loads(spec("GM").model_dump_json())) == KEYS
    assert json.loads(spec().model_dump_json())["text"] is None


def test_its_hash_is_the_same_wherever_it_is_counted_and_another_for_anything_else() -> None:
    one = spec("GM")
    assert one.hash() == "0936b1374b1cf794c55a1c93cecd89cfeb8d6288c203cfaa9ac31bc7cda96152"
    assert JobSpec.model_validate_json(one.model_dump_json()).hash() == one.hash()
    others = [
        spec("GN"),
        spec("GM", "top"),
        spec("GM", outline=None),
        spec("GM", shadow=Shadow(opacity=0.3)),
        spec("GM", max_bytes=100_000),
        *(
            one.model_copy(update={name: "other"})
            for name in ("engine", "base_image_ref", "prompt", "negative_prompt")
        ),
    ]
    assert len({other.hash() for other in (one, *others)}) == len(others) + 1


@pytest.mark.parametrize("value", ["", " ", "\u200b", "\u202e", "x" * 33, "☀", "Привет", "行", "a\u0301"])
def test_words_that_cannot_be_drawn_are_no_words(value: str) -> None:
    with pytest.raises(ValidationError):
        Text(value=value)


def test_what_cannot_be_seen_is_no_part_of_the_words() -> None:
    assert Text(value=" H\u200bO\u202eDL\nnow\t").value == "HODL now"


def test_a_spec_cannot_be_changed_and_has_nothing_else_in_it() -> None:
    with pytest.raises(ValidationError):
        spec().prompt = "another"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        JobSpec.model_validate({**spec().model_dump(), "webhook": "x"})
    with pytest.raises(ValidationError):
        spec(margin=64, subject_height=(0.8, 0.9))


@pytest.mark.parametrize("form", [json.dumps(PACKPUTER), PACKPUTER], ids=["text", "dict"])
def test_packputer_s_spec_is_read(form: object) -> None:
    read = read_spec(form)
    assert read.text is not None
    assert (read.text.value, read.text.placement, read.text.style.fill) == ("HODL", "sign", "#FFFFFF")
    assert (read.text.style.font_size, read.text.style.stroke_width) == (110, 6)
    assert read.constraints.subject_height == (0.7, 0.9)
    assert (read.constraints.outline, read.constraints.shadow) == (Outline(), None)
    assert read.negative_prompt == "background, scenery, small text, photorealistic humans"


def test_no_words_are_an_empty_value_there() -> None:
    assert read_spec(altered("text.value", "")).text is None


def test_our_own_spec_comes_back_as_it_was() -> None:
    for one in (spec("GM", "top", margin=20, outline=None), spec()):
        assert read_spec(one.model_dump_json()) == one
        assert read_spec(one.model_dump()) == one


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("version", "2.0", "version"),
        ("type", "video_sticker", "type"),
        ("engine", "other", "engine"),
        ("canvas.w", 1024, "canvas.w"),
        ("canvas.bg", "white", "canvas.bg"),
        ("prompt", "", "prompt"),
        ("prompt", "x" * 4001, "prompt"),
        ("prompt", {"a": 1}, "prompt"),
        ("negative_prompt", 7, "negative_prompt"),
        ("text.value", "x" * 33, "text.value"),
        ("text.value", "☀", "text.value"),
        ("text.style.color", "white", "text.style.fill"),
        ("text.style.placement", "left", "text.placement"),
        ("text.style.placement", ["top"], "text.placement"),
        ("text.style.rotation", 7, "text.style.rotation"),
        ("text.style.font_size", float("nan"), "text.style.font_size"),
        ("text.style", "bold", "text.style"),
        ("constraints.transparent_bg_required", False, "constraints.transparent_bg_required"),
        ("constraints.subject_scale", "all", "constraints.subject_scale"),
        ("constraints.subject_scale", "90-70%", "constraints"),
        ("constraints.outline_required", "yes", "constraints.outline_required"),
        ("constraints.no_small_text", "maybe", "constraints.no_small_text"),
        ("constraints.max_bytes", 10**9, "constraints.max_bytes"),
        ("webhook", "https://example.com", "webhook"),
    ],
)
def test_what_is_not_understood_is_named(path: str, value: object, field: str) -> None:
    with pytest.raises(InputRefused) as refused:
        read_spec(altered(path, value))
    assert refused.value.field == field
    assert "example.com" not in str(refused.value)


@pytest.mark.parametrize(
    "given",
    ["", "null", "[]", '"text"', "⚠️ An error occurred", "[" * 60_000, " " * (LONGEST + 1), None, 7, []],
)
def test_what_is_no_spec_at_all_is_refused(given: object) -> None:
    with pytest.raises(InputRefused) as refused:
        read_spec(given)
    assert refused.value.field == "spec"


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)


@given(path=st.sampled_from(["text", "text.style", "text.style.placement", "constraints", *KEYS]), value=ANY)
def test_whatever_stands_in_it_is_read_or_refused_by_type(path: str, value: object) -> None:
    try:
        assert read_spec(altered(path, value)).version == "3.0"
    except InputRefused as refused:
        assert refused.field
