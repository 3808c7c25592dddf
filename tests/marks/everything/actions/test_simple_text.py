"""Only words."""

from __future__ import annotations

from coach import Context, Result, action


@action(effect="reads")
async def test_simple_text(ctx: Context) -> Result[None]:
    """Answer with words."""
    return Result(say="This is a simple text response for testing.")
