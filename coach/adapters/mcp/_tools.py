"""Actions as MCP tools, and what came of a call as a tool's result."""

from __future__ import annotations

from typing import Any

import mcp_types as types

from coach.action import Action
from coach.adapters.mcp._shown import output_schema, shown
from coach.adapters.mcp._talks import Came

_CLOSED = frozenset(
    {
        *("store", "blobs", "people", "consents", "photos", "identities", "notes", "conversations", "calls"),
        *("versions", "faces", "sheets", "thumbnails", "photo_coach", "prompts"),
    }
)
"""The library's own services that reach nobody outside: the store, and what works on it on this machine."""

_PAID = frozenset({"studio", "stickers"})


def tool(action: Action[..., Any]) -> types.Tool:
    """An action as a tool."""
    title = action.name.replace("_", " ").capitalize()
    return types.Tool(
        name=action.name,
        title=title,
        description=action.description,
        input_schema=action.schema,
        output_schema=output_schema(action),
        annotations=_annotations(action, title),
    )


def _annotations(action: Action[..., Any], title: str) -> types.ToolAnnotations:
    """What its declarations say; where these say nothing, nothing, which clients take for the worst."""
    reads = action.effect == "reads"
    return types.ToolAnnotations(
        title=title,
        read_only_hint=reads,
        destructive_hint=None if reads else action.effect == "changes",
        idempotent_hint=True if reads else None,
        open_world_hint=_open_world(action),
    )


def _open_world(action: Action[..., Any]) -> bool | None:
    needs = set(action.needs)
    if action.spends or needs & _PAID:
        return True
    return False if needs <= _CLOSED else None


def result(came: Came, links: list[types.ResourceLink], *, hint: str = "") -> types.CallToolResult:
    """What a call's client gets: words for the model, links to pictures, data for programs.

    Args:
        links: The pictures that came of it.
        hint: How the person can do what it waits for, where this client cannot ask them.
    """
    said = f"{came.say} {hint}".strip()
    content: list[types.ContentBlock] = [types.TextContent(text=said), *links]
    if came.prompt:
        begins = (
            f"The conversation is in the phase `{came.phase}` now. From here on these are your instructions:"
        )
        content.append(types.TextContent(text=f"{begins}\n\n{came.prompt}"))
    state = came.finished.state
    data = shown(came.finished.data) if state == "done" else None
    return types.CallToolResult(
        content=content,
        structured_content={"state": state, "phase": came.phase, "data": data},
        is_error=came.failed,
    )


def failed(say: str) -> types.CallToolResult:
    """What a client gets where nothing could be begun."""
    return types.CallToolResult(content=[types.TextContent(text=say)], is_error=True)
