"""What programs around a model get of an action's data: the same, without what no model may see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from pydantic import TypeAdapter

from coach.action import Action
from coach.events import State

_STATES = list(get_args(State))


def is_shown(name: str) -> bool:
    """Whether a field is shown: ids of rows and keys of blobs are not; people and models have handles."""
    return name not in ("id", "blob") and not name.endswith(("_id", "_ids", "_blob", "_url"))


def shown(data: Any) -> Any:
    """Plain data without what is not shown, at any depth."""
    if isinstance(data, Mapping):
        return {name: shown(value) for name, value in data.items() if is_shown(str(name))}
    if isinstance(data, list | tuple):
        return [shown(value) for value in data]
    return data


def output_schema(action: Action[..., Any]) -> dict[str, Any]:
    """The JSON schema of what each call of an action gives: its end, the phase, data."""
    kind = next(iter(get_args(action.signature.returns)), None)
    data = {} if kind in (None, type(None)) else TypeAdapter(kind).json_schema(mode="serialization")
    definitions = data.pop("$defs", {})
    result: dict[str, Any] = {
        "type": "object",
        "properties": {
            "state": {"type": "string", "enum": _STATES, "description": "How the call ended."},
            "phase": {"type": "string", "description": "The phase the conversation is in now."},
            "data": {"anyOf": [_each(data, _without), {"type": "null"}]} if data else {"type": "null"},
        },
        "required": ["state", "phase", "data"],
    }
    return result | ({"$defs": _each(definitions, _without)} if definitions else {})


def _without(schema: dict[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties")
    if not isinstance(properties, dict) or schema.get("type") != "object":
        return schema
    required = [name for name in schema.get("required", []) if is_shown(name)]
    kept = {name: value for name, value in properties.items() if is_shown(name)}
    return schema | {"properties": kept} | ({"required": required} if "required" in schema else {})


def _each(schema: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    if isinstance(schema, dict):
        return {name: _each(value, change) for name, value in change(schema).items()}
    return [_each(value, change) for value in schema] if isinstance(schema, list) else schema
