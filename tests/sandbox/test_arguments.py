"""Made-up arguments fit any schema a tool may have."""

import jsonschema_rs
from hypothesis import given, settings
from hypothesis import strategies as st

from coach.sandbox.arguments import fit
from tests.sandbox._requests import Json, closed


def bounded(kind: str) -> st.SearchStrategy[Json]:
    """Numbers with one bound, both or none."""
    low, high = st.integers(-50, 0), st.integers(3, 50)
    return st.fixed_dictionaries({"type": st.just(kind)}, optional={"minimum": low, "maximum": high})


SCHEMAS = st.recursive(
    st.sampled_from(
        [{"type": "string"}, {"type": "boolean"}, {"type": "null"}, {"enum": ["a", "b"]}, {"const": "x"}]
    )
    | bounded("integer")
    | bounded("number")
    | st.just({"$ref": "#/$defs/Place"}),
    lambda inner: (
        st.builds(closed, st.dictionaries(st.sampled_from("pqrs"), inner, max_size=3))
        | st.builds(
            lambda item, least: {"type": "array", "items": item, "minItems": least}, inner, st.integers(0, 3)
        )
        | st.builds(lambda one: {"anyOf": [one, {"type": "null"}]}, inner)
    ),
    max_leaves=8,
)
GIVEN = st.none() | st.text(max_size=5) | st.integers() | st.lists(st.integers(), max_size=2) | st.booleans()


@settings(max_examples=400)
@given(
    properties=st.dictionaries(st.sampled_from("abcd"), SCHEMAS, max_size=4),
    values=st.dictionaries(st.sampled_from("abcde"), GIVEN),
    said=st.text(max_size=20),
)
def test_whatever_the_schema_the_arguments_are_valid(properties: Json, values: Json, said: str) -> None:
    schema = closed(properties) | {"$defs": {"Place": closed({"name": {"type": "string"}})}}
    arguments = fit(schema, values, said=said)
    jsonschema_rs.validate(schema, arguments)


def test_what_was_given_is_kept_and_the_rest_is_taken_from_what_was_said() -> None:
    schema = closed(
        {
            "title": {"type": "string"},
            "text": {"type": "string"},
            "minutes": {"type": "integer", "maximum": 60},
            "mood": {"enum": ["calm", "happy"]},
            "place": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        }
    )
    said = "Log a happy walk of 90 minutes"
    assert fit(schema, {"title": "Walk", "other": 1}, said=said) == {
        "title": "Walk",
        "text": said,
        "minutes": 60,
        "mood": "happy",
        "place": None,
    }
