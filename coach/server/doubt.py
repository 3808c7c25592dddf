"""What is said of the money when a button was cut off while it had a picture made."""

from __future__ import annotations

from datetime import datetime

from coach.folder import Coach
from coach.pending import CallRecord
from coach.store.states import UNSETTLED
from coach.studio import Studio

MAY_BE_CHARGED = "The picture may have been charged: that is written down and looked after."


async def with_doubt(
    say: str, coach: Coach, call: CallRecord | None, *, since: datetime | None = None
) -> str:
    """What is said of a call that was cut off, with one sentence more where its money is not settled.

    Args:
        call: ``None``: it did not begin.
        since: When its turn was asked for; a call that waited for a yes is older than its pictures.
    """
    studio = coach.perhaps("studio", Studio)
    action = coach.actions.get(call.action) if call else None
    if call is None or studio is None or action is None or not action.spends:
        return say
    # A conversation has one call at a time that pays, and an action may give its pictures keys of its own.
    began = call.created_at if since is None else max(since, call.created_at)
    rows = await studio.ledger.of_conversation(call.user_id, call.conversation_id)
    doubt = any(row.state in UNSETTLED and row.created_at >= began for row in rows)
    return f"{say} {MAY_BE_CHARGED}" if doubt else say
