"""A move."""

from __future__ import annotations

from coach import Context, Result, action


@action()
async def test_trigger_tool_change(ctx: Context) -> Result[None]:
    """Go on to the other phase: other tools and another prompt are listed."""
    return Result(say="On.", next=ctx.next[0])
