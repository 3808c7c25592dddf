"""Requests that the OpenAPI document says are right: every operation, with its examples."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coach.server import CoachApp
from coach.server.openapi import operations
from tests.store._images import quadrants, save
from tests.studio._drawn import holed

PLACEHOLDERS = {"string": "x", "integer": 1, "number": 1.0, "boolean": True, "array": [], "object": {}}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One thing that can be asked for.

    Attributes:
        path: With the names of its parameters in braces.
        body: What goes into httpx2's request, as the document says.
    """

    method: str
    path: str
    said: Mapping[str, Any]
    body: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def parameters(self) -> list[str]:
        """The names of what is in the path."""
        return [each["name"] for each in self.said.get("parameters", []) if each["in"] == "path"]

    @property
    def needs_somebody(self) -> bool:
        """Whether one has to be signed in."""
        whose = self.said.get("security", [])
        return bool(whose) and {} not in whose

    @property
    def needs_operator(self) -> bool:
        """Whether one has to be an operator."""
        return any("operator" in roles for way in self.said.get("security", []) for roles in way.values())


def all_of(app: CoachApp) -> list[Operation]:
    """Every operation of an application; what destroys something comes last."""
    document = app.openapi()
    found = [
        Operation(method=method.upper(), path=path, said=said, body=body_of(said, document))
        for method, path, said in operations(document)
    ]
    return sorted(found, key=lambda each: each.method == "DELETE")


def body_of(said: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """A right body for an operation."""
    content = said.get("requestBody", {}).get("content", {})
    for media_type, shape in content.items():
        if media_type == "multipart/form-data":
            return form_of(shape["schema"], document)
        if media_type == "application/json":
            return {"json": shape["example"] if "example" in shape else value_of(shape["schema"], document)}
        return {"content": picture(), "headers": {"Content-Type": media_type}}
    return {}


def form_of(schema: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """A form: a picture for every file, and the fields that have to be there."""
    schema = resolved(schema, document)
    fields = value_of(schema, document)
    asked = [name for name, value in fields.items() if value == FILE]
    may = [name for name, each in schema["properties"].items() if value_of(each, document) == FILE]
    named = asked or may[:1]
    files = {name: ("x.png", hole() if name == "mask" else picture(), "image/png") for name in named}
    return {"files": files, "data": {name: value for name, value in fields.items() if value != FILE}}


FILE = "(a file)"


def value_of(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    """A value that fits a schema: its example, or what follows from the rest."""
    schema = resolved(schema, document)
    for said in ("const", "example", "default"):
        if said in schema:
            return schema[said]
    for many in ("examples", "enum"):
        if schema.get(many):
            return schema[many][0]
    if schema.get("contentMediaType") or schema.get("format") == "binary":
        return FILE
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return value_of(schema[choice][0], document)
    if "properties" in schema:
        needed = {
            *schema.get("required", []),
            *(n for n, s in schema["properties"].items() if "examples" in s),
        }
        return {
            name: value_of(each, document) for name, each in schema["properties"].items() if name in needed
        }
    return PLACEHOLDERS.get(schema.get("type", "string"))


def resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema itself, where it is only named, with what is said beside its name."""
    if "$ref" not in schema:
        return schema
    named = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    beside = {name: value for name, value in schema.items() if name != "$ref"}
    return {**resolved(named, document), **beside}


def picture() -> bytes:
    """A small picture."""
    return save(quadrants(), "PNG")


def hole() -> bytes:
    """A mask for it."""
    return holed(quadrants().size, (0, 0, 40, 80))
