"""Any model has a strict schema in the subset, and what a model sends for it comes back as it was meant."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Annotated, Any, Literal
from uuid import UUID

import jsonschema_rs
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from coach.schema import SchemaError, drop_left_out, strict_schema
from tests._pets import Cat, Mood, Pet
from tests._strict_subset import complaints


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A type and values of it."""

    annotation: Any
    values: st.SearchStrategy[Any]


LEAVES = [
    Shape(annotation=str, values=st.text(max_size=5)),
    Shape(annotation=Annotated[str, Field(max_length=3)], values=st.text(max_size=3)),
    Shape(annotation=int, values=st.integers(-(2**53), 2**53)),
    Shape(annotation=Annotated[int, Field(ge=0, lt=9)], values=st.integers(0, 8)),
    Shape(annotation=float, values=st.floats(allow_nan=False, allow_infinity=False)),
    Shape(annotation=bool, values=st.booleans()),
    Shape(annotation=Mood, values=st.sampled_from(Mood)),
    Shape(annotation=Literal["a", "b", None], values=st.sampled_from(["a", "b", None])),
    Shape(annotation=UUID, values=st.uuids()),
    Shape(annotation=Pet, values=st.builds(Cat, kind=st.just("cat"), lives=st.integers(0, 9))),
]
numbers = count()


def list_of(inner: Shape) -> Shape:
    return Shape(annotation=list[inner.annotation], values=st.lists(inner.values, max_size=3))


def or_none(inner: Shape) -> Shape:
    return Shape(annotation=inner.annotation | None, values=st.none() | inner.values)


@st.composite
def model_of(draw: st.DrawFn, inner: st.SearchStrategy[Shape]) -> Shape:
    shapes = draw(st.lists(inner, min_size=1, max_size=3))
    fields: dict[str, Any] = {
        f"f{index}": (shape.annotation, draw(shape.values) if draw(st.booleans()) else ...)
        for index, shape in enumerate(shapes)
    }
    model = create_model(f"M{next(numbers)}", __config__=ConfigDict(extra="forbid"), **fields)
    values = {f"f{index}": shape.values for index, shape in enumerate(shapes)}
    return Shape(annotation=model, values=st.builds(model, **values))


shapes = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: inner.map(list_of) | inner.map(or_none) | model_of(inner),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(shape=model_of(shapes), data=st.data())
def test_any_model_is_in_the_subset_and_its_instances_come_back(shape: Shape, data: st.DataObject) -> None:
    model: type[BaseModel] = shape.annotation
    try:
        schema = strict_schema(model)
    except SchemaError as exc:
        assume("levels" not in str(exc))
        raise
    assert complaints(schema) == []

    instance: BaseModel = data.draw(shape.values)
    sent = instance.model_dump(mode="json")
    jsonschema_rs.validate(schema, sent)
    assert model.model_validate(drop_left_out(model, sent)) == instance

    optional = sorted(name for name, field in model.model_fields.items() if not field.is_required())
    left_out = set(data.draw(st.lists(st.sampled_from(optional)))) if optional else set()
    fewer = sent | dict.fromkeys(left_out)
    jsonschema_rs.validate(schema, fewer)
    meant = {name: fewer[name] for name in fewer if name not in left_out or takes_null(model, name)}
    assert model.model_validate(drop_left_out(model, fewer)) == model.model_validate(meant)


def takes_null(model: type[BaseModel], name: str) -> bool:
    try:
        create_model("One", x=(model.model_fields[name].annotation, ...)).model_validate({"x": None})
    except ValidationError:
        return False
    return True


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(shape=model_of(shapes), given_value=json_values, extra=st.text(max_size=3))
def test_arguments_of_any_shape_never_raise(shape: Shape, given_value: Any, extra: str) -> None:
    given_arguments = dict.fromkeys((*shape.annotation.model_fields, extra), given_value)
    kept = drop_left_out(shape.annotation, given_arguments)
    assert kept.keys() <= given_arguments.keys()
