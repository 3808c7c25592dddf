"""Parts of chat requests."""

from typing import Any

Json = dict[str, Any]

PHASES = [
    "introduction",
    "get_to_know_you",
    "identity_brainstorming",
    "identity_refinement",
    "i_am_statement",
    "identity_visualization",
    "wrap_up",
    "sticker",
]


def closed(properties: Json) -> Json:
    """An object schema as strict mode wants it."""
    required = list(properties)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def tool(name: str, /, **properties: Json) -> Json:
    """A strict tool."""
    function = {"name": name, "description": name, "parameters": closed(properties), "strict": True}
    return {"type": "function", "function": function}
