"""Strict JSON schemas: the part of JSON Schema that OpenAI's strict mode takes, made from pydantic models.

The rules are those of OpenAI's guide "Structured model outputs", section "Supported schemas": the root is an
object, every object is closed and requires all its properties, no ``default``, no ``oneOf``, no maps, no
tuples. What a strict schema cannot say but pydantic can check (the length of a text, a pattern that looks
around itself) is left out of what is sent and still checked when the arguments come back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from coach._strict import SchemaError, Strict

__all__ = ["SchemaError", "drop_left_out", "strict_schema"]

Json = dict[str, Any]

_NO_SCHEMA = "has a type without a JSON schema; use text, numbers, lists or models"


def strict_schema(model: type[BaseModel]) -> Json:
    """The JSON schema of a model, for a tool with ``strict: true``.

    A parameter with a default may be left out; strict mode has no word for that, so such a parameter takes
    ``null`` too, and :func:`drop_left_out` turns that ``null`` back into "left out".

    Raises:
        SchemaError: The model cannot be expressed; the message names the path and a way out.
    """
    raw = _raw_schema(model)
    try:
        return Strict(raw.get("$defs", {})).root(raw)
    except SchemaError:
        raise
    except Exception as exc:  # a type may write its own schema, and write anything
        raise SchemaError("", _NO_SCHEMA) from exc


def drop_left_out(model: type[BaseModel], arguments: Mapping[str, Any]) -> Json:
    """Remove, at every depth, each ``null`` given for a parameter whose type has no ``null``.

    Args:
        model: The model the arguments will be validated with.
        arguments: Parsed JSON, not validated; anything unexpected in it is left as it is.
    """
    given = dict(arguments)
    if not _holds_null(given):
        return given
    raw = _raw_schema(model)
    kept = _Dropper(raw.get("$defs", {})).drop(raw, given)
    return kept if isinstance(kept, dict) else given


@lru_cache(maxsize=1024)
def _raw_schema(model: type[BaseModel]) -> Json:
    try:
        return model.model_json_schema()
    except Exception as exc:
        raise SchemaError("", _NO_SCHEMA) from exc


def _holds_null(value: dict[str, Any] | list[Any]) -> bool:
    inner = value.values() if isinstance(value, dict) else value
    return any(each is None or (isinstance(each, (dict, list)) and _holds_null(each)) for each in inner)


class _Dropper:
    """Walks arguments along pydantic's own schema, which still knows what may be ``null``."""

    def __init__(self, defs: Mapping[str, Json]) -> None:
        self._defs = defs

    def drop(self, schema: Json, value: Any) -> Any:
        if isinstance(value, list):
            items = self._arm(schema, value).get("items", {})
            return [self.drop(items, inner) for inner in value]
        if not isinstance(value, dict):
            return value
        properties = self._arm(schema, value).get("properties", {})
        return {
            key: self.drop(properties.get(key, {}), inner)
            for key, inner in value.items()
            if inner is not None or self._takes_null(properties.get(key, {}))
        }

    def _arm(self, schema: Json, value: Any) -> Json:
        """The arm of a union that a value is meant for, by its shape; the schema itself outside a union."""
        kind = "array" if isinstance(value, list) else "object"
        arms = [arm for arm in self._arms(schema) if arm.get("type") == kind]
        return arms[0] if len(arms) == 1 else next((arm for arm in arms if self._fits(arm, value)), {})

    def _arms(self, schema: Json) -> Iterator[Json]:
        schema = self._resolve(schema)
        union = schema.get("anyOf", schema.get("oneOf"))
        if union is None:
            yield schema
        for arm in union or ():
            yield from self._arms(arm)

    def _fits(self, arm: Json, value: Any) -> bool:
        if isinstance(value, list):
            inner = [one for one in value if isinstance(one, (dict, list))]
            return all(self._arm(arm.get("items", {}), one) for one in inner)
        properties = arm.get("properties", {})
        return (
            value.keys() <= properties.keys()
            and all(name in value for name in arm.get("required", ()))
            and all(self._meant(self._resolve(properties[key]), inner) for key, inner in value.items())
        )

    @staticmethod
    def _meant(schema: Json, value: Any) -> bool:
        """Whether a fixed value, such as the ``kind`` of a tagged union, is the one that was given."""
        return "const" not in schema or value is None or schema["const"] == value

    def _takes_null(self, schema: Json) -> bool:
        return any(
            arm.get("type") == "null" or None in arm.get("enum", ()) or not arm.keys() & {"type", "enum"}
            for arm in self._arms(schema)
        )

    def _resolve(self, schema: Json) -> Json:
        while "$ref" in schema:
            schema = self._defs[schema["$ref"].removeprefix("#/$defs/")]
        return schema
