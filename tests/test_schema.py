"""Strict schemas, compared with an independent description of the subset, and the way back from a call."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, RootModel, ValidationError, create_model

from coach.schema import SchemaError, drop_left_out, strict_schema
from tests._pets import Cat, Dog, Mood, Pet
from tests._strict_subset import complaints


class Size(IntEnum):
    small = 1
    large = 2


class Node(BaseModel):
    value: int
    children: list[Node] = []


class Everything(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(description="Some text.", min_length=1, max_length=9, pattern="^[a-z]+$")
    mood: Mood
    size: Size = Size.small
    mixed: Literal["a", 1, True, None]
    pet: Pet
    pets: list[Pet] = Field(default_factory=list, max_length=3)
    dog: Dog = Field(description="The dog.")
    tree: Node = Field(description="A tree.")
    trees: tuple[Node, ...] = ()
    cat_or_none: Cat | None = None
    price: Decimal = Field(Decimal("1.5"), ge=0)
    at: datetime
    lasting: timedelta | None
    ratio: float = Field(0.5, gt=0, lt=1, multiple_of=0.25)


def test_a_model_with_everything_is_in_the_subset() -> None:
    schema = strict_schema(Everything)
    assert complaints(schema) == []
    assert list(schema["properties"]) == schema["required"] == list(Everything.model_fields)
    text = str(schema)
    assert not any(
        word in text for word in ("oneOf", "default", "maxLength", "minLength", "discriminator", "title")
    )


def test_an_action_sees_exactly_this() -> None:
    model = create_model(
        "wave",
        who=(Annotated[str, Field(description="Whom.", max_length=40)], ...),
        how=(Annotated[Literal["left", "right"], Field(description="Which hand.")], "left"),
        why=(Annotated[str | None, Field(description="Why.")], None),
    )
    assert strict_schema(model) == {
        "type": "object",
        "properties": {
            "who": {"type": "string", "description": "Whom."},
            "how": {
                "anyOf": [{"type": "string", "enum": ["left", "right"]}, {"type": "null"}],
                "description": "Which hand.",
            },
            "why": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "Why."},
        },
        "required": ["who", "how", "why"],
        "additionalProperties": False,
    }


def test_an_action_without_parameters_has_an_empty_object() -> None:
    assert strict_schema(create_model("go")) == {
        "type": "object",
        "properties": {},
        "required": [],
        "additionalProperties": False,
    }


def test_a_described_model_is_written_out_and_a_recursive_one_is_referred_to() -> None:
    tree = strict_schema(Everything)["properties"]["tree"]
    assert tree["description"] == "A tree."
    assert tree["properties"]["children"]["anyOf"][0]["items"] == {"$ref": "#/$defs/Node"}


def test_a_model_that_is_recursive_itself_has_an_object_at_its_root() -> None:
    schema = strict_schema(Node)
    assert complaints(schema) == [] and schema["type"] == "object"


def test_what_is_not_sent_is_still_checked() -> None:
    model = create_model("wave", who=(Annotated[str, Field(max_length=2, min_length=1)], ...))
    assert strict_schema(model)["properties"]["who"] == {"type": "string"}
    for wrong in ("", "abc"):
        with pytest.raises(ValidationError):
            model.model_validate({"who": wrong})


def test_a_pattern_that_the_api_cannot_compile_is_not_sent() -> None:
    letters = create_model("wave", who=(Annotated[str, Field(pattern=r"^\p{L}+$")], ...))
    assert strict_schema(letters)["properties"]["who"] == {"type": "string"}
    config = ConfigDict(regex_engine="python-re")
    ahead = create_model("wave", __config__=config, who=(Annotated[str, Field(pattern="(?!a)b")], ...))
    assert strict_schema(ahead)["properties"]["who"] == {"type": "string"}


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class Opaque:
    pass


REFUSED: dict[str, tuple[Any, str]] = {
    "dict": (dict[str, int], "parameter `x` is a dict"),
    "bare dict": (dict, "parameter `x` is a dict"),
    "dict of patterns": (dict[Annotated[str, Field(pattern="a")], int], "parameter `x` is a dict"),
    "any": (Any, "parameter `x` may be anything"),
    "object": (object, "parameter `x` may be anything"),
    "list of any": (list, "parameter `x` is a list of anything"),
    "tuple": (tuple[int, str], "parameter `x` is a tuple"),
    "set": (set[int], "parameter `x` is a set"),
    "open model": (Open, "parameter `x` is a dict or an open model"),
    "link": (HttpUrl, "parameter `x` has the format 'uri'; use `str`"),
    "bytes": (bytes, "parameter `x` has the format 'binary'"),
    "deep": (
        list[create_model("Deep", y=(list[dict[str, int]], ...))],
        r"parameter `x\[\]\.y\[\]` is a dict",
    ),
    "in a union": (int | dict[str, int], "parameter `x` is a dict"),
    "an odd enum": (Enum("Odd", {"a": (1, 2), "b": "b"}), "parameter `x` has a fixed value that is no text"),
    "extra": (Annotated[int, Field(json_schema_extra={"not": {}})], "needs `not`"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_said_strictly_is_refused_with_its_path(case: str) -> None:
    annotation, words = REFUSED[case]
    with pytest.raises(SchemaError, match=words):
        strict_schema(create_model("wave", x=(annotation, ...)))


def test_a_type_without_a_json_schema_and_a_root_that_is_no_object_are_refused() -> None:
    config = ConfigDict(arbitrary_types_allowed=True)
    with pytest.raises(SchemaError, match="without a JSON schema"):
        strict_schema(create_model("wave", __config__=config, x=(Opaque, ...)))
    with pytest.raises(SchemaError, match="must be an object"):
        strict_schema(RootModel[list[int]])


def nested(levels: int) -> Any:
    model: Any = int
    for number in range(levels - 1):
        model = create_model(f"Level{number}", x=(model, ...))
    return model


LIMITS: dict[str, tuple[Any, str]] = {
    "levels": (nested(11), "more than 10 levels"),
    "values": (Literal[tuple(range(1001))], "more than 1,000 fixed values"),
    "text of an enum": (Literal[tuple(f"{n:060}" for n in range(251))], "more than 15,000 characters"),
    "text": (Literal[tuple(f"{n:0700}" for n in range(200))], "more than 120,000 characters"),
}


@pytest.mark.parametrize("case", LIMITS)
def test_what_is_larger_than_the_api_takes_is_refused(case: str) -> None:
    annotation, words = LIMITS[case]
    with pytest.raises(SchemaError, match=words):
        strict_schema(create_model("wave", x=(annotation, ...)))


def test_what_is_just_as_large_as_the_api_takes_is_not_refused() -> None:
    assert complaints(strict_schema(create_model("wave", x=(nested(10), ...)))) == []
    fields: dict[str, Any] = {f"p{number}": (bool, ...) for number in range(5_000)}
    assert len(strict_schema(create_model("wave", **fields))["required"]) == 5_000
    with pytest.raises(SchemaError, match="more than 5,000 properties"):
        strict_schema(create_model("wave", one_more=(bool, ...), **fields))


def test_null_where_a_type_has_none_means_left_out_at_every_depth() -> None:
    given = {
        "size": None,
        "mixed": None,
        "text": None,
        "pet": {"kind": "cat", "lives": None},
        "pets": [{"kind": "dog", "friend": None}, {"kind": "cat", "lives": None}],
        "dog": {"kind": "dog", "friend": {"kind": "cat", "lives": None}},
        "tree": {"value": 1, "children": [{"value": 2, "children": None}]},
        "cat_or_none": None,
        "unknown": None,
    }
    assert drop_left_out(Everything, given) == {
        "mixed": None,
        "pet": {"kind": "cat"},
        "pets": [{"kind": "dog", "friend": None}, {"kind": "cat"}],
        "dog": {"kind": "dog", "friend": {"kind": "cat"}},
        "tree": {"value": 1, "children": [{"value": 2}]},
        "cat_or_none": None,
        "unknown": None,
    }
    assert given["size"] is None, "what was given is not changed"


def test_the_arm_of_a_union_is_known_by_the_shape_of_what_was_given() -> None:
    model = create_model("wave", x=(list[int] | list[list[Cat]] | Dog | Cat | None, ...))
    assert drop_left_out(model, {"x": [[{"kind": "cat", "lives": None}]]}) == {"x": [[{"kind": "cat"}]]}
    assert drop_left_out(model, {"x": {"kind": "cat", "lives": None}}) == {"x": {"kind": "cat"}}
    assert drop_left_out(model, {"x": None}) == {"x": None}


@pytest.mark.parametrize(
    "given", [{"pet": [None]}, {"pets": {"a": None}}, {"tree": None, "dog": 3}, {"pet": {}}]
)
def test_arguments_of_any_shape_are_left_for_the_validator(given: dict[str, Any]) -> None:
    kept = drop_left_out(Everything, given)
    with pytest.raises(ValidationError):
        Everything.model_validate(kept)
