"""What the prompt may know."""

from __future__ import annotations

from coach import Context, context_key


@context_key
async def facts(ctx: Context) -> dict[str, str]:
    """What can be read as a resource."""
    return {"say": "This is the content of the static text resource."}
