"""What the person said the last time."""

from __future__ import annotations

from coach import Context, Conversations, context_key

LAST = 8
"""How many of their messages are shown; enough to pick up the thread."""


@context_key
async def what_was_said(ctx: Context, conversations: Conversations) -> list[str]:
    """The person's last messages in their conversation before this one, oldest first."""
    return list(await conversations.last_said(ctx.user_id, before=ctx.conversation_id, limit=LAST))
