"""Telling a person, outside of any turn, that pictures may have been charged without arriving."""

from __future__ import annotations

from collections.abc import Iterable

from coach.studio.ledger import Ledger


async def untold(ledger: Ledger, user_id: str, conversation_id: str) -> list[str]:
    """The keys of a conversation's pictures in doubt that the person was not told of, oldest first."""
    rows = await ledger.of_conversation(user_id, conversation_id)
    return [row.key for row in rows if row.state == "unknown" and row.told_in is None]


async def tell(ledger: Ledger, user_id: str, keys: Iterable[str]) -> None:
    """Write down that they were told of these. It was in no turn: so already the next may ask for more."""
    for key in keys:
        await ledger.told(user_id, key, "between turns")
