"""What a picture can cost, and what it did cost."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.studio import Capabilities, PictureRequest, Reference
from coach.studio.price import Quote, actual, quote

TABLE = Capabilities.load()
PHOTO = Reference(kind="photo", id="p")
SUNBURST = "gpt-image-2.5-sunburst"


def priced(model: str = SUNBURST, **wanted: Any) -> Quote:
    request = PictureRequest(**{"prompt": "A guide", **wanted})
    return quote(TABLE.plan(request, model, date(2026, 11, 20)), TABLE.model(model))


def usage(text: int, image: int, out: int, **split: int) -> dict[str, Any]:
    counted = {"input_tokens_details": {"text_tokens": text, "image_tokens": image}, "output_tokens": out}
    return counted | ({"output_tokens_details": split} if split else {})


def test_the_worst_case_of_an_edit_counts_every_part() -> None:
    quoted = priced(references=[PHOTO], previews=2)
    lines = {part.what: (part.tokens, part.micros) for part in quoted.parts}
    assert lines == {
        "prompt": (7, 35),
        "pictures": (1373, 41_190),
        "references": (1536, 12_288),
        "previews": (200, 6_000),
    }
    assert quoted.micros == 59_513


def test_several_pictures_and_a_mask_cost_several_times() -> None:
    quoted = priced(references=[PHOTO, PHOTO], mask=PHOTO, count=3)
    assert [part.tokens for part in quoted.parts] == [7, 3 * 1373, 3 * 1536]


def test_a_second_try_costs_the_same_again() -> None:
    plan = TABLE.plan(PictureRequest(prompt="A guide"), SUNBURST, date(2026, 11, 20))
    once, twice = (quote(plan, TABLE.model(SUNBURST), tries=tries) for tries in (1, 2))
    assert once.micros is not None and (twice.micros, twice.tries) == (2 * once.micros, 2)
    assert once.parts == twice.parts
    unknown = TABLE.model("gpt-image-2.6-sunburst")
    assert quote(plan, unknown, tries=2).micros is None


def test_every_price_has_a_day_and_a_source() -> None:
    prices = {name: model.prices for name, model in TABLE.models.items()}
    told = {"checked", "source"}
    priced = [each for each in prices.values() if each.model_dump(exclude=told, exclude_none=True)]
    assert len(priced) >= 8
    assert all(each.checked and each.checked <= TABLE.checked and each.source for each in priced)


def test_text_is_bounded_by_its_bytes() -> None:
    assert priced(prompt="✦" * 10).parts[0].tokens == 30


@pytest.mark.parametrize("model", ["gpt-image-2.6-sunburst", "chatgpt-image-latest", "gpt-image-1-mini"])
def test_a_price_that_is_not_known_is_none_and_never_zero(model: str) -> None:
    quoted = priced(model)
    assert quoted.micros is None
    assert [part for part in quoted.parts if part.micros is None]
    assert not [part for part in quoted.parts if part.micros == 0]


def test_the_unknown_count_of_an_input_picture_makes_an_edit_unknown() -> None:
    assert priced("gpt-image-1.5").micros is not None
    assert priced("gpt-image-1.5", references=[PHOTO]).micros is None


def test_the_actual_cost_follows_the_services_own_count() -> None:
    cost = actual(TABLE.model(SUNBURST), usage(76, 1024, 1373, image_tokens=1373, text_tokens=0))
    assert cost is not None
    assert (cost.micros, cost.split) == (76 * 5 + 1024 * 8 + 1373 * 30, True)


def test_text_in_the_output_has_its_own_price_or_none() -> None:
    mixed = usage(10, 0, 110, image_tokens=100, text_tokens=10)
    cost = actual(TABLE.model("gpt-image-1.5"), mixed)
    assert cost is not None and cost.micros == 50 + 3200 + 100
    assert actual(TABLE.model(SUNBURST), mixed) is None


def test_a_count_without_a_split_is_priced_as_pictures_and_says_so() -> None:
    cost = actual(TABLE.model(SUNBURST), usage(10, 0, 1573))
    assert cost is not None
    assert (cost.micros, cost.split) == (50 + 47_190, False)


@pytest.mark.parametrize(
    "counted",
    [
        None,
        {},
        {"output_tokens": 5},
        usage(-1, 0, 5),
        usage(1, 0, True),
        {"input_tokens_details": [], "output_tokens": 5},
    ],
)
def test_a_count_that_makes_no_sense_is_no_cost(counted: Any) -> None:
    assert actual(TABLE.model(SUNBURST), counted) is None


@given(
    words=st.integers(1, 500),
    given_along=st.integers(0, 16),
    grade=st.sampled_from(["draft", "final"]),
    shape=st.sampled_from(["square", "portrait", "landscape"]),
    previews=st.integers(0, 3),
    share=st.floats(0, 1),
)
def test_what_is_charged_never_exceeds_the_quote(
    words: int, given_along: int, grade: str, shape: str, previews: int, share: float
) -> None:
    prompt = "word " * words
    quoted = priced(
        prompt=prompt, references=[PHOTO] * given_along, grade=grade, shape=shape, previews=previews
    )
    model = TABLE.model(SUNBURST)
    sizes = model.output_tokens["low" if grade == "draft" else "high"]
    size = {"square": "1024x1024", "portrait": "1024x1536", "landscape": "1536x1024"}[shape]
    counted = usage(int(len(prompt) * share), 1536 * given_along, sizes[size] + 100 * round(previews * share))
    cost = actual(model, counted)
    assert cost is not None and quoted.micros is not None and cost.micros <= quoted.micros
