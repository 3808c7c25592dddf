"""What an application asks for by the service's own names is sent as it is, or refused by name."""

from typing import Any

import pytest

from coach.studio import Exact, PictureRequest
from tests.studio.test_planner import CLEAR, SUNBURST, TABLE, TODAY, plan, refused


def exactly(**words: Any) -> dict[str, Any]:
    """A request for one picture without previews, in the service's words."""
    return {"exact": Exact(**words), "previews": 0}


@pytest.mark.parametrize(
    ("words", "sent"),
    [
        ({"size": "1536x1024"}, {"size": "1536x1024", "quality": "high", "output_format": "png"}),
        ({"size": "3840x2160", "quality": "max"}, {"size": "3840x2160", "quality": "max"}),
        ({"quality": "xhigh"}, {"size": "1024x1536", "quality": "xhigh"}),
        ({"output_format": "webp", "output_compression": 0}, {"output_compression": 0}),
        ({"output_format": "jpeg", "moderation": "auto"}, {"output_format": "jpeg"}),
    ],
)
def test_exact_words_are_sent_as_they_are(words: dict[str, Any], sent: dict[str, Any]) -> None:
    planned = plan(**exactly(**words))
    assert sent.items() <= planned.params.items() and planned.repairs == ()
    assert planned.params.keys().isdisjoint({"moderation"})


def test_what_is_left_open_is_chosen_and_it_is_said() -> None:
    planned = plan(**exactly(size="auto", quality="auto"), shape="landscape", grade="draft")
    assert (planned.params["size"], planned.params["quality"]) == ("1536x1024", "low")
    assert planned.repairs == (
        "The quality was left open; low is used, as it is a draft picture.",
        "The size was left open; 1536x1024 is used, as it is to be landscape.",
    )


THREE = ("auto", "1024x1024", "1024x1536", "1536x1024")


@pytest.mark.parametrize(
    ("model", "wanted", "field", "allowed"),
    [
        (SUNBURST, exactly(size="512x512"), "size", (*THREE, "2048x2048", "3840x2160")),
        ("gpt-image-2", exactly(size="2048x2048", quality="low"), "size", THREE),
        ("gpt-image-1.5", exactly(size="2048x2048"), "size", THREE),
        ("gpt-image-2.6-flare", exactly(size="2048x2048"), "size", ("auto", *TABLE.model(SUNBURST).sizes)),
        ("gpt-image-2", exactly(quality="max"), "quality", ("auto", "low", "medium", "high")),
        (SUNBURST, exactly(quality=""), "quality", ("auto", "low", "medium", "high", "xhigh", "max")),
        (SUNBURST, exactly(output_format="gif"), "output_format", ("jpeg", "webp", "png")),
        (SUNBURST, exactly(output_compression=50), "output_compression", ()),
        (
            SUNBURST,
            exactly(output_format="jpeg", output_compression=101),
            "output_compression",
            ("0 to 100",),
        ),
        (SUNBURST, exactly(moderation="low"), "moderation", ("auto",)),
        (
            "gpt-image-2",
            exactly(output_format="jpeg") | {"background": "transparent"},
            "output_format",
            ("webp", "png"),
        ),
        (SUNBURST, exactly() | {"previews": 2, "count": 2}, "partial_images", ("0",)),
    ],
)
def test_an_exact_word_that_is_not_taken_is_refused_by_name(
    model: str, wanted: dict[str, Any], field: str, allowed: tuple[str, ...]
) -> None:
    error = refused(model, **wanted)
    assert (error.field, error.allowed) == (field, allowed)
    assert f"`{field}`" in str(error) and all(each in str(error) for each in allowed)


def test_less_moderation_is_sent_where_the_operator_allows_it() -> None:
    request = PictureRequest(prompt="A guide", **exactly(moderation="low"))
    planned = TABLE.with_low_moderation().plan(request, SUNBURST, TODAY)
    assert planned.params["moderation"] == "low"


def test_no_other_model_is_used_that_does_not_take_the_exact_words() -> None:
    planned = plan(**exactly(quality="max"), **CLEAR)
    assert (planned.model, planned.params["background"]) == (SUNBURST, "transparent")
    assert planned.repairs == (f"On {SUNBURST} a transparent background is not documented; it may refuse.",)
