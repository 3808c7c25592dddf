"""From what is wanted to what a model takes."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from coach.errors import InputRefused, PictureError
from coach.studio import Capabilities, Exact, PictureRequest, Plan, Reference

TABLE = Capabilities.load().of(["openai"])
TODAY = date(2026, 11, 20)
PHOTO = Reference(kind="photo", id="p")
SUNBURST = "gpt-image-2.5-sunburst"


def plan(model: str = SUNBURST, **wanted: Any) -> Plan:
    return TABLE.plan(PictureRequest(**{"prompt": "A guide", **wanted}), model, TODAY)


def refused(model: str = SUNBURST, **wanted: Any) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        plan(model, **wanted)
    return caught.value


def test_an_edit_of_a_photo_with_previews() -> None:
    assert plan(references=[PHOTO], keep_face=True) == Plan(
        operation="edit",
        model=SUNBURST,
        prompt="A guide",
        params={
            "model": SUNBURST,
            "size": "1024x1536",
            "quality": "high",
            "n": 1,
            "output_format": "png",
            "stream": True,
            "partial_images": 2,
        },
        given=1,
        repairs=(),
    )


@pytest.mark.parametrize(
    ("wanted", "operation"),
    [
        ({}, "generate"),
        ({"references": [PHOTO]}, "edit"),
        ({"references": [PHOTO, PHOTO]}, "compose"),
        ({"references": [PHOTO], "mask": PHOTO}, "inpaint"),
        ({"references": [PHOTO, PHOTO], "mask": PHOTO}, "inpaint"),
    ],
)
def test_the_operation_follows_from_what_is_given(wanted: dict[str, Any], operation: str) -> None:
    assert plan(**wanted).operation == operation


@pytest.mark.parametrize(
    ("shape", "size"),
    [("square", "1024x1024"), ("portrait", "1024x1536"), ("landscape", "1536x1024")],
)
def test_the_size_follows_from_the_shape(shape: str, size: str) -> None:
    assert plan(shape=shape).params["size"] == size


def test_a_size_is_never_left_to_the_model() -> None:
    with pytest.raises(ValidationError, match="shape"):
        PictureRequest.model_validate({"prompt": "A guide", "shape": "auto"})


def test_a_draft_is_quick_and_a_final_one_is_lossless() -> None:
    assert {k: plan(grade="draft").params[k] for k in ("quality", "output_format")} == {
        "quality": "low",
        "output_format": "jpeg",
    }
    assert plan(grade="draft", background="transparent").params["output_format"] == "png"
    assert plan(grade="final").params["output_format"] == "png"


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        ("gpt-image-1.5", "high"),
        ("gpt-image-1.5-2025-12-16", "high"),
        ("gpt-image-2", None),
        ("gpt-image-2.5-flare", None),
        ("gpt-image-2.6-sunburst", None),
    ],
)
def test_input_fidelity_is_sent_high_or_not_at_all(model: str, sent: str | None) -> None:
    planned = plan(model, references=[PHOTO], keep_face=True)
    assert planned.params.get("input_fidelity") == sent
    assert ("input_fidelity" in planned.params) == (sent is not None)
    assert planned.model == model and planned.repairs == ()
    assert "input_fidelity" not in plan(model, references=[PHOTO]).params


def test_what_is_changed_is_said() -> None:
    assert plan(keep_face=True).repairs == (
        "There is no photo to keep the face of; the face is left to the model.",
    )
    many = plan(count=3)
    assert many.repairs == ("Previews are shown for one picture at a time; none will be shown.",)
    assert many.params["n"] == 3 and "stream" not in many.params
    assert "may refuse" in plan("gpt-image-2", background="transparent").repairs[0]
    assert plan(previews=0).params.keys().isdisjoint({"stream", "partial_images"})


def test_a_model_that_can_do_less_gets_less_and_it_is_said() -> None:
    poor = TABLE.model(SUNBURST).model_copy(
        update={
            "sizes": ("512x512", "1024x1024"),
            "qualities": ("low",),
            "formats": ("webp",),
            "partials": 1,
            "transparent": "no",
        }
    )
    table = TABLE.model_copy(update={"models": {"poor": poor}})
    planned = table.plan(PictureRequest(prompt="A guide", background="transparent"), "poor", TODAY)
    assert planned.params["size"] == "1024x1024"
    assert planned.params["partial_images"] == 1
    assert "background" not in planned.params
    assert planned.repairs == (
        "The quality high is not offered; low is used.",
        "The size 1024x1536 is not offered; 1024x1024 is used.",
        f"{SUNBURST} draws no transparent background; the background is left to it.",
        "The format png is not offered; webp is used.",
        "At most 1 previews can be shown on the way.",
    )


def test_a_style_becomes_words() -> None:
    assert plan(style="ink on paper").prompt == "A guide\n\nStyle: ink on paper"


def test_what_cannot_be_repaired_is_refused_and_what_is_allowed_is_named() -> None:
    many = refused(references=[PHOTO] * 17)
    assert "takes 0 to 16 references; 17 were given" in str(many)
    assert (many.field, many.allowed) == ("image", ("0 to 16",))
    assert "give 1 to 16 references" in str(refused(mask=PHOTO))
    assert refused(prompt="a" * 31_990, style="in ink").field == "prompt"
    once = TABLE.model(SUNBURST).model_copy(update={"pictures": 1, "operations": ("edit",)})
    table = TABLE.model_copy(update={"models": {"once": once}})
    with pytest.raises(InputRefused, match="makes 1 to 1 pictures; 2 were asked for"):
        table.plan(PictureRequest(prompt="A guide", count=2), "once", TODAY)
    with pytest.raises(PictureError, match="cannot generate; it can edit") as caught:
        table.plan(PictureRequest(prompt="A guide"), "once", TODAY)
    assert (caught.value.code, caught.value.paid) == ("invalid_request", "unpaid")


CLEAR = {"background": "transparent"}


@pytest.mark.parametrize(
    ("model", "wanted", "used", "why"),
    [
        (SUNBURST, CLEAR, "gpt-image-2", "is not known to draw a transparent background"),
        ("gpt-image-2.6-flare", CLEAR, "gpt-image-2", "is not known to draw a transparent background"),
        ("gpt-image-1-mini", {"references": [PHOTO], "keep_face": True}, SUNBURST, "cannot be told to keep"),
    ],
)
def test_another_model_is_used_for_what_the_chosen_one_cannot(
    model: str, wanted: dict[str, Any], used: str, why: str
) -> None:
    planned = plan(model, **wanted)
    assert planned.model == planned.params["model"] == used
    assert planned.repairs[0].startswith(f"{model} {why}")
    assert planned.repairs[0].endswith(f"; {used} is used instead.")
    assert ("a preview; it may refuse" in " ".join(planned.repairs)) == (wanted is CLEAR)


@pytest.mark.parametrize("day", [TODAY, date(2026, 12, 1)])
def test_the_newest_of_the_defaults_family_with_a_price_stands_in(day: date) -> None:
    can = {"name": "poor", "operations": ("generate",), "shutdown": None}
    poor = TABLE.model("gpt-image-1.5").model_copy(update=can)
    table = TABLE.model_copy(update={"models": {**TABLE.models, "poor": poor}})
    request = PictureRequest(prompt="A guide", references=(PHOTO,), mask=PHOTO)
    planned = table.plan(request, "poor", day)
    assert planned.model == table.default
    assert planned.repairs == (f"poor cannot inpaint; {table.default} is used instead.",)


REFERENCES = st.builds(Reference, kind=st.sampled_from(["photo", "version"]), id=st.just("x"))
REQUESTS = st.builds(
    PictureRequest,
    prompt=st.text(min_size=1, max_size=50),
    references=st.lists(REFERENCES, max_size=18).map(tuple),
    mask=st.none() | REFERENCES,
    keep_face=st.booleans(),
    background=st.sampled_from(["auto", "opaque", "transparent"]),
    shape=st.sampled_from(["square", "portrait", "landscape"]),
    grade=st.sampled_from(["draft", "final"]),
    count=st.integers(1, 10),
    previews=st.integers(0, 3),
    style=st.none() | st.text(min_size=1, max_size=20),
    exact=st.none()
    | st.builds(
        Exact,
        size=st.sampled_from([None, "auto", "1024x1024", "1536x1024", "3840x2160", "512x512"]),
        quality=st.sampled_from([None, "auto", "low", "high", "max"]),
        output_format=st.sampled_from([None, "png", "jpeg", "webp", "gif"]),
        output_compression=st.none() | st.integers(-1, 101),
    ),
)
LIVING = [name for name, model in TABLE.of(["openai"]).models.items() if not model.is_gone(TODAY)]


@given(request=REQUESTS, name=st.sampled_from(LIVING))
def test_every_plan_is_one_the_documentation_allows(request: PictureRequest, name: str) -> None:
    try:
        planned = TABLE.plan(request, name, TODAY)
    except InputRefused as error:
        assert error.field
        assert request.exact or len(request.references) > 16 or (request.mask and not request.references)
        return
    params, exact = planned.params, request.exact or Exact()
    # OpenAI images reference and image guide, as of 2026-11-20.
    assert None not in params.values()
    assert params["model"] == planned.model in LIVING and 1 <= params["n"] <= 10
    assert planned.model == name or f"{planned.model} is used instead" in planned.repairs[0]
    sizes = {"1024x1024", "1536x1024", "1024x1536"}
    assert params["size"] in sizes or params["size"] == exact.size == "3840x2160"
    assert params["quality"] in {"low", "medium", "high"} or params["quality"] == exact.quality == "max"
    for word in ("size", "quality", "output_format", "output_compression"):
        assert getattr(exact, word) in (None, "auto", params.get(word))
    assert params["output_format"] in {"png", "webp", "jpeg"}
    assert params.get("background") != "transparent" or params["output_format"] != "jpeg"
    faithful = planned.model.startswith("gpt-image-1.5") and request.references
    assert "input_fidelity" not in params or faithful
    assert ("partial_images" in params) == (params.get("stream") is True)
    assert 1 <= params.get("partial_images", 1) <= 3
    assert params.keys().isdisjoint({"moderation", "response_format", "style", "user"})
