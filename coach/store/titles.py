"""What conversations are called in a list of them: by whom they led to, else by how they began."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select

from coach.store.database import Database
from coach.store.tables import generations, identities, messages
from coach.text import one_line

LONGEST = 60
"""Characters of a title."""


async def titles(database: Database, user_id: str) -> Mapping[str, str]:
    """The titles of a person's conversations by their ids; one in which nothing was said has none.

    The name of the identity that the last picture in it is of, else the person's first words, on one
    line. What is kept in their workshop, as a sticker's picture, is of none. Both are what somebody wrote:
    show them as text.
    """
    firsts = (
        select(messages.c.conversation_id, func.min(messages.c.seq).label("seq"))
        .where(messages.c.user_id == user_id, messages.c.role == "user")
        .group_by(messages.c.conversation_id)
        .subquery()
    )
    same = (messages.c.conversation_id == firsts.c.conversation_id) & (messages.c.seq == firsts.c.seq)
    said = (
        select(messages.c.conversation_id, messages.c.content)
        .join(firsts, same)
        .where(messages.c.user_id == user_id)
    )
    made = (
        select(generations.c.conversation_id, identities.c.name)
        .join(identities, identities.c.id == generations.c.identity_id)
        .where(generations.c.user_id == user_id, identities.c.user_id == user_id)
        .where(generations.c.conversation_id != "", identities.c.name != "", identities.c.kind == "identity")
        .order_by(generations.c.created_at)
    )
    async with database.read() as connection:
        words = {row.conversation_id: row.content.get("content") for row in await connection.execute(said)}
        names = {row.conversation_id: row.name for row in await connection.execute(made)}
    return {talk: _short(str(text or "")) for talk, text in (words | names).items()}


def _short(text: str) -> str:
    line = one_line(text)
    if len(line) <= LONGEST:
        return line
    whole = line[:LONGEST].rpartition(" ")[0]
    return f"{whole or line[: LONGEST - 1]}…"
