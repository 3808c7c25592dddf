"""From pydantic's JSON schema to the subset that OpenAI's strict mode takes.

Source of the subset and its limits: OpenAI's guide "Structured model outputs", section "Supported schemas".
That a node must have a type, and that a pattern may not look around itself, are the API's own error messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]

_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
_FORMATS = frozenset(["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"])
_NUMBERS = frozenset(["multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"])
_KEPT: Mapping[str, frozenset[str]] = {
    "string": frozenset({"pattern", "format"}),
    "number": _NUMBERS,
    "integer": _NUMBERS,
    "array": frozenset({"items", "minItems", "maxItems"}),
    "object": frozenset({"properties", "required", "additionalProperties"}),
    "boolean": frozenset(),
    "null": frozenset(),
}
_ALWAYS = frozenset({"type", "description", "enum", "const"})
_SILENT = frozenset(
    [
        "title",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "minLength",
        "maxLength",
        "discriminator",
        "$defs",
    ]
)
_INSTEAD = {
    "prefixItems": "is a tuple; use a model with named fields",
    "uniqueItems": "is a set; use a list",
    "patternProperties": "is a dict; use a list of models with a key and a value",
    "propertyNames": "is a dict; use a list of models with a key and a value",
}
_LOOKAROUND = re.compile(r"\(\?(?:[=!]|<[=!])")

MOST_PROPERTIES, DEEPEST, MOST_TEXT = 5_000, 10, 120_000
MOST_ENUM_VALUES, LONG_ENUM, LONG_ENUM_TEXT = 1_000, 250, 15_000


class SchemaError(TypeError):
    """A model has no strict schema. ``path`` says where, e.g. ``scene.people[]``; empty: the model itself."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        super().__init__(f"parameter `{path}` {problem}" if path else problem)


class Strict:
    """Turns one model's schema strict.

    Args:
        defs: The definitions its references point to.
    """

    def __init__(self, defs: Mapping[str, Json]) -> None:
        self._defs = defs
        self._used: dict[str, Json] = {}

    def root(self, schema: Json) -> Json:
        """The whole schema, with the definitions it needs. It must be an object."""
        schema = self._target(schema) if "$ref" in schema else schema
        if schema.get("type") != "object" or "properties" not in schema:
            raise SchemaError("", "the parameters must be an object with named fields")
        strict = self._node(schema, "", frozenset())
        if self._used:
            strict["$defs"] = self._used
        _hold_limits(strict)
        return strict

    def _target(self, schema: Json) -> Json:
        return self._defs[_name(schema)]

    def _node(self, schema: Json, path: str, inlined: frozenset[str]) -> Json:
        if "$ref" in schema:
            return self._reference(schema, path, inlined)
        for union in ("anyOf", "oneOf"):
            if union in schema:
                return self._union(schema, schema[union], path, inlined)
        if "type" not in schema and "enum" in schema:
            return self._mixed_enum(schema, path, inlined)
        return self._typed(schema, path, inlined)

    def _reference(self, schema: Json, path: str, inlined: frozenset[str]) -> Json:
        name, beside = _name(schema), _without(schema, "$ref", "default")
        if beside and name not in inlined:
            # A reference may have nothing beside it, so a described one is written out.
            return self._node({**self._defs[name], **beside}, path, inlined | {name})
        if name not in self._used:
            self._used[name] = {}
            self._used[name] = self._node(self._defs[name], path, frozenset())
        return {"$ref": f"#/$defs/{name}"}

    def _union(self, schema: Json, arms: list[Json], path: str, inlined: frozenset[str]) -> Json:
        self._refuse(schema, _SILENT | {"anyOf", "oneOf", "description"}, path)
        return _described(schema) | {"anyOf": [self._node(arm, path, inlined) for arm in arms]}

    def _mixed_enum(self, schema: Json, path: str, inlined: frozenset[str]) -> Json:
        """One arm per type of value, since every node must name its type."""
        by_type: dict[str, list[Any]] = {}
        for value in schema["enum"]:
            if type(value) not in _TYPES:
                raise SchemaError(path, "has a fixed value that is no text, number, yes or no; use text")
            by_type.setdefault(_TYPES[type(value)], []).append(value)
        arms = [{"type": kind} | ({} if kind == "null" else {"enum": by_type[kind]}) for kind in by_type]
        return self._union(_without(schema, "enum"), arms, path, inlined)

    def _typed(self, schema: Json, path: str, inlined: frozenset[str]) -> Json:
        kind = str(schema.get("type"))
        if kind not in _KEPT:
            raise SchemaError(path, "may be anything; give it a type")
        self._refuse(schema, _SILENT | _ALWAYS | _KEPT[kind], path)
        if kind == "object":
            return self._object(schema, path, inlined)
        node = {key: value for key, value in schema.items() if key not in _SILENT}
        if kind == "array":
            if not schema.get("items"):
                raise SchemaError(path, "is a list of anything; give its items a type")
            node["items"] = self._node(schema["items"], f"{path}[]", inlined)
        if "format" in node and node["format"] not in _FORMATS:
            raise SchemaError(path, f"has the format {node['format']!r}; use `str` and check it yourself")
        if "pattern" in node and not _plain_pattern(node["pattern"]):
            del node["pattern"]
        return node

    def _object(self, schema: Json, path: str, inlined: frozenset[str]) -> Json:
        if schema.get("additionalProperties"):
            raise SchemaError(path, "is a dict or an open model; use a model that names its fields")
        required = schema.get("required", ())
        properties = {}
        for name, inner in schema.get("properties", {}).items():
            node = self._node(inner, f"{path}.{name}" if path else name, inlined)
            properties[name] = node if name in required or _takes_null(inner) else _or_null(node)
        return _described(schema) | {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }

    @staticmethod
    def _refuse(schema: Json, allowed: frozenset[str], path: str) -> None:
        for key in sorted(schema.keys() - allowed):
            raise SchemaError(path, _INSTEAD.get(key, f"needs `{key}`, which strict schemas do not have"))


def _name(schema: Json) -> str:
    return str(schema["$ref"]).removeprefix("#/$defs/")


def _without(schema: Json, *keys: str) -> Json:
    return {key: value for key, value in schema.items() if key not in keys}


def _described(schema: Json) -> Json:
    return {key: schema[key] for key in ("description",) if key in schema}


def _takes_null(schema: Json) -> bool:
    arms = schema.get("anyOf", [schema])
    return any(arm.get("type") == "null" or None in arm.get("enum", ()) for arm in arms)


def _or_null(node: Json) -> Json:
    arms = node["anyOf"] if "anyOf" in node else [_without(node, "description")]
    return _described(node) | {"anyOf": [*arms, {"type": "null"}]}


def _plain_pattern(pattern: str) -> bool:
    """Whether the API compiles a pattern: it uses Python's ``re`` and refuses looking around."""
    try:
        re.compile(pattern)
    except re.error:
        return False
    return not _LOOKAROUND.search(pattern)


def _children(node: Json) -> list[Json]:
    items = [node["items"]] if "items" in node else []
    return [*node.get("properties", {}).values(), *node.get("anyOf", ()), *items]


def _nodes(node: Json) -> Iterator[Json]:
    yield node
    for child in (*_children(node), *node.get("$defs", {}).values()):
        yield from _nodes(child)


def _depth(node: Json, defs: Mapping[str, Json], inside: tuple[str, ...] = ()) -> int:
    """How many objects and lists stand inside each other; a recursive reference counts once."""
    if "$ref" in node:
        name = _name(node)
        return 0 if name in inside else _depth(defs[name], defs, (*inside, name))
    own = node.get("type") in ("object", "array")
    return own + max((_depth(child, defs, inside) for child in _children(node)), default=0)


def _hold_limits(schema: Json) -> None:
    """Refuse what is larger than strict mode takes."""
    defs, nodes = schema.get("$defs", {}), list(_nodes(schema))
    properties = [name for node in nodes for name in node.get("properties", ())]
    enums = [[str(value) for value in node["enum"]] for node in nodes if "enum" in node]
    consts = [str(node["const"]) for node in nodes if "const" in node]
    text = [*properties, *defs, *consts, *(value for enum in enums for value in enum)]
    too_long = any(len(enum) > LONG_ENUM and sum(map(len, enum)) > LONG_ENUM_TEXT for enum in enums)
    limits = {
        f"more than {MOST_PROPERTIES:,} properties": len(properties) > MOST_PROPERTIES,
        f"more than {DEEPEST} levels": _depth(schema, defs) > DEEPEST,
        f"more than {MOST_TEXT:,} characters of names and fixed values": sum(map(len, text)) > MOST_TEXT,
        f"more than {MOST_ENUM_VALUES:,} fixed values": sum(map(len, enums)) > MOST_ENUM_VALUES,
        f"an enum of more than {LONG_ENUM_TEXT:,} characters": too_long,
    }
    for limit, passed in limits.items():
        if passed:
            raise SchemaError("", f"the parameters have {limit}; ask for less")
