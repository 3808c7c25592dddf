"""Only with a yes."""

from __future__ import annotations

from coach import Context, Result, action


@action(by="user", ask="Is that so?")
async def test_input_required_result_request_state(ctx: Context) -> Result[None]:
    """Happens when the person says yes."""
    return Result(say="It is so.")
