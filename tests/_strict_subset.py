"""The subset of JSON Schema that OpenAI's strict mode takes, written down a second time to compare with.

Source: OpenAI's guide "Structured model outputs", section "Supported schemas".
"""

from __future__ import annotations

from typing import Any

ALWAYS = {"type", "description", "title", "enum", "const"}
BY_TYPE = {
    "string": {"pattern", "format"},
    "number": {"multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"},
    "integer": {"multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"},
    "array": {"items", "minItems", "maxItems"},
    "object": {"properties", "required", "additionalProperties", "$defs"},
    "boolean": set[str](),
    "null": set[str](),
}
FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}


def complaints(schema: dict[str, Any]) -> list[str]:
    """What keeps a schema from being accepted; empty when nothing does."""
    said = [] if schema.get("type") == "object" else ["the root is no object"]
    defs = schema.get("$defs", {})
    for where, node in [("", schema), *((f"$defs.{name}", node) for name, node in defs.items())]:
        said += _node(node, where, set(defs))
    return said


def _node(node: dict[str, Any], where: str, defs: set[str]) -> list[str]:
    if "$ref" in node:
        known = node["$ref"] in {f"#/$defs/{name}" for name in defs} | {"#"}
        return [] if known and len(node) == 1 else [f"{where}: a reference to nowhere, or beside something"]
    if "anyOf" in node:
        extra = node.keys() - {"anyOf", "description", "title"}
        said = [f"{where}: {sorted(extra)} beside anyOf"] if extra else []
        return said + [text for arm in node["anyOf"] for text in _node(arm, f"{where}|", defs)]
    if node.get("type") not in BY_TYPE:
        return [f"{where}: no type"]
    extra = node.keys() - ALWAYS - BY_TYPE[node["type"]]
    said = [f"{where}: {sorted(extra)} is not supported"] if extra else []
    if node.get("format", "uuid") not in FORMATS:
        said.append(f"{where}: format {node['format']}")
    if node["type"] == "array":
        said += _node(node["items"], f"{where}[]", defs) if "items" in node else [f"{where}: no items"]
    if node["type"] == "object":
        said += _object(node, where, defs)
    return said


def _object(node: dict[str, Any], where: str, defs: set[str]) -> list[str]:
    properties = node.get("properties", {})
    said = []
    if node.get("additionalProperties") is not False:
        said.append(f"{where}: open")
    if sorted(node.get("required", [])) != sorted(properties):
        said.append(f"{where}: not everything is required")
    return said + [
        text for name, inner in properties.items() for text in _node(inner, f"{where}.{name}", defs)
    ]
