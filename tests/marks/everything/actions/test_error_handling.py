"""Only failure."""

from __future__ import annotations

from coach import Context, Refused, Result, action


@action(effect="reads")
async def test_error_handling(ctx: Context) -> Result[None]:
    """Fail."""
    raise Refused("This tool intentionally returns an error for testing")
