"""What a person saw happen, in order: shown again after a reload, a lost connection or a restart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select

from coach.store._rows import every, hold, now, rows_of
from coach.store._work import still_ours
from coach.store.bell import announce
from coach.store.database import Database
from coach.store.serving import happenings

MOST = 500
"""How many are read at a time."""


def happened(channel: str) -> str:
    """What rings when something happened in a channel."""
    return f"happened:{channel}"


@dataclass(frozen=True, kw_only=True)
class Happening:
    """One thing that happened in a channel: a conversation, or another thing with an id of its own.

    Attributes:
        seq: Counts from 1 within the channel, without gaps.
        turn_id: The turn, or the run of a flow, that it belongs to; ``""``: none.
        data: What is to be known of it. A picture is in it as the key of its blob.
    """

    user_id: str
    channel: str
    seq: int
    turn_id: str
    kind: str
    data: Mapping[str, Any]
    at: datetime


class Happenings:
    """What happened in this database's channels. Those of others are empty."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(
        self, user_id: str, channel: str, some: Sequence[tuple[str, Mapping[str, Any]]], *, turn_id: str = ""
    ) -> Sequence[Happening]:
        """Add to the end of a channel, in one transaction.

        Args:
            some: Kind and data of each, in order.

        Raises:
            Erasing: The person is being erased.
            TakenOver: Another process carries on what this belongs to.
        """
        last = select(func.max(happenings.c.seq)).where(
            happenings.c.user_id == user_id, happenings.c.channel == channel
        )
        async with self._database.write() as connection:
            await hold(connection, user_id)  # and nobody else gives out this channel's numbers
            await still_ours(connection)
            before = (await connection.execute(last)).scalar_one_or_none() or 0
            moment = now()
            made = [
                Happening(
                    user_id=user_id,
                    channel=channel,
                    seq=seq,
                    turn_id=turn_id,
                    kind=kind,
                    data=data,
                    at=moment,
                )
                for seq, (kind, data) in enumerate(some, before + 1)
            ]
            await connection.execute(insert(happenings), [vars(each) for each in made])
            await announce(connection, happened(channel))
        return made

    async def after(
        self, user_id: str, channel: str, seq: int, *, turn_id: str | None = None
    ) -> Sequence[Happening]:
        """What came after a number, oldest first, at most :data:`MOST`.

        Args:
            turn_id: Only what belongs to this turn or run.
        """
        mine = rows_of(happenings, Happening, user_id).where(
            happenings.c.channel == channel, happenings.c.seq > seq
        )
        if turn_id is not None:
            mine = mine.where(happenings.c.turn_id == turn_id)
        async with self._database.read() as connection:
            return await every(connection, mine.order_by(happenings.c.seq).limit(MOST), Happening)
