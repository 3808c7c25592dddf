"""In steps."""

from __future__ import annotations

from coach import Context, Result, action


@action(effect="reads")
async def test_tool_with_progress(ctx: Context) -> Result[None]:
    """Answer after three steps."""
    for step in (0, 50, 100):
        await ctx.report(f"Completed step {step}", done=step, of=100)
    return Result(say="Done.")
