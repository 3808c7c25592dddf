"""What a type says about its attributes, and values made to look like it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple, Protocol, TypedDict, TypeVar
from uuid import UUID

import pytest
from pydantic import AwareDatetime, BaseModel, EmailStr, Field, TypeAdapter, computed_field
from typing_extensions import TypeAliasType

from coach._plain import plain
from coach.check import sample
from coach.check._sample import variants
from coach.check._types import missing, unplain
from coach.context import Context, context_key


class Mood(Enum):
    glad = "glad"


@dataclass(frozen=True)
class Place:
    name: str
    near: Place | None = None


class Person(BaseModel):
    place: Place
    mood: Mood = Mood.glad
    friends: list[Person] = []

    @computed_field
    @property
    def label(self) -> str:
        return self.place.name


class Pair(NamedTuple):
    left: Place
    right: int


class Row(TypedDict):
    place: Place


class Unsaid:
    pass


@dataclass(frozen=True)
class Unknown:
    other: object


class Supports(Protocol):
    name: str


Unknown.__annotations__["other"] = "OnlyKnownToTypeCheckers"


@dataclass(frozen=True)
class Knot:
    inside: Knot


Somebody = TypeAliasType("Somebody", Person | None)

THERE: list[tuple[Any, str]] = [
    (Person, "place.name"),
    (Person, "place.near.near.name"),
    (Person, "label"),
    (Person, "friends [] friends [] mood"),
    (Person | None, "mood"),
    (Somebody, "mood"),
    (Annotated[Person, Field(description="x")], "mood"),
    (Place | Person, "name"),
    (Pair, "left.name"),
    (Row, "place.name"),
    (Sequence[Place], "[] name"),
    (tuple[Place, ...], "[] name"),
    (Any, "anything.at.all"),
    (dict[str, Place], "anything"),
    (Unsaid, "anything"),
    (Unknown, "anything"),
    (list, "[] anything"),
    (dict[str, int], "[] anything"),
    (tuple[int, str], "[] anything"),
    ("not a type", "anything"),
]

NOT_THERE: list[tuple[Any, str, int, list[str]]] = [
    (Person, "plce", 0, ["friends", "label", "mood", "place"]),
    (Person, "place.nam", 1, ["name", "near"]),
    (Person | None, "label.first", 1, []),
    (Place | Person, "other", 0, ["friends", "label", "mood", "name", "near", "place"]),
    (list[Place], "name", 0, []),
    (list[Place], "[] nam", 1, ["name", "near"]),
    (Pair, "middle", 0, ["left", "right"]),
    (Row, "plac", 0, ["place"]),
    (Mood, "name", 0, []),
    (datetime, "year", 0, []),
    (UUID, "hex", 0, []),
    (Literal["a"], "upper", 0, []),
    (bool, "real", 0, []),
]


def steps(path: str) -> tuple[str, ...]:
    return tuple(path.replace(" ", ".").split("."))


@pytest.mark.parametrize(("annotation", "path"), THERE)
def test_what_may_be_there_is_not_called_missing(annotation: Any, path: str) -> None:
    assert missing(annotation, steps(path)) is None


@pytest.mark.parametrize(("annotation", "path", "index", "known"), NOT_THERE)
def test_what_cannot_be_there_is_called_missing(
    annotation: Any, path: str, index: int, known: list[str]
) -> None:
    assert missing(annotation, steps(path)) == (index, known)


def key(returns: Any) -> Any:
    async def thing(ctx: Context) -> Any:
        """A thing."""

    thing.__annotations__ = {"ctx": Context, "return": returns}
    return context_key(thing)


SAMPLES: list[tuple[Any, Any]] = [
    (str, "(thing)"),
    (int, 3),
    (bool | None, True),
    (float, 0.5),
    (None, None),
    (Mood, "glad"),
    (Literal["a", "b"], "a"),
    (datetime, datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
    (date, date(2026, 1, 31)),
    (time, time(9, 30)),
    (list[str], ["(thing)"]),
    (dict[str, int], {"(key)": 3}),
    (dict, {}),
    (Pair, {"left": {"name": "(name)", "near": None}, "right": 3}),
    (Any, "(thing)"),
    (Mapping[str, str], {"(key)": "(thing)"}),
    (Unsaid, "(thing)"),
    (TypeVar("T"), "(thing)"),
    (Knot, {"inside": None}),
]


@pytest.mark.parametrize(("returns", "value"), SAMPLES)
def test_a_sample_looks_like_its_type(returns: Any, value: Any) -> None:
    assert sample(key(returns)) == value
    plain(value)


def test_the_sample_of_a_model_is_one() -> None:
    value = sample(key(Person | None))
    assert value.pop("label") == "(label)"
    assert TypeAdapter(Person).validate_python(value | {"friends": []}).mood is Mood.glad


def test_what_a_template_easily_forgets_is_tried() -> None:
    assert variants(key(str)) == []
    assert variants(key(None)) == []
    assert variants(key(str | None)) == [None]
    assert variants(key(list[str] | None)) == [None, []]


PLAIN = [
    *(
        str,
        int | None,
        Person,
        Pair,
        Row,
        Knot,
        Unknown,
        Somebody,
        Any,
        object,
        None,
        Mood,
        UUID,
        time,
        TypeVar("T"),
    ),
    *(
        list[Place],
        dict[Unsaid, int],
        tuple[int, ...],
        Mapping[str, Any],
        set[str],
        Iterable[str],
        Literal["a"],
    ),
    *(AwareDatetime, EmailStr, Supports),
]
NOT_PLAIN: list[tuple[Any, str]] = [
    (bytes, "bytes"),
    (bytearray | None, "bytearray"),
    (list[memoryview], "memoryview"),
    (dict[str, list[bytes]], "bytes"),
    (Unsaid, "Unsaid"),
    (timedelta, "timedelta"),
    (Iterator[str], "Iterator"),
    (NamedTuple("Shot", [("data", bytes)]), "bytes"),
    (TypedDict("Shown", {"data": bytes}), "bytes"),
    (type[Person], "type"),
]


@pytest.mark.parametrize("annotation", PLAIN, ids=str)
def test_what_may_become_plain_data_is_not_complained_of(annotation: Any) -> None:
    assert unplain(annotation) is None


@pytest.mark.parametrize(("annotation", "name"), NOT_PLAIN)
def test_what_never_becomes_plain_data_is_named(annotation: Any, name: str) -> None:
    assert unplain(annotation) == name
