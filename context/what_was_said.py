"""What the person said the last time."""

from __future__ import annotations

from coach import Context, Conversations, context_key

LAST = 8
"""How many of their messages are shown; enough to pick up the thread."""


@context_key
async def what_was_said(ctx: Context, conversations: Conversations) -> list[str]:
    """The person's last messages in their conversation before this one, oldest first."""
    for conversation in await conversations.list(ctx.user_id):
        if conversation.id == ctx.conversation_id:
            continue
        messages = await conversations.messages(ctx.user_id, conversation.id)
        said = [str(row.content["content"]) for row in messages if row.role == "user"]
        if said:
            return said[-LAST:]
    return []
