"""What one picture service bears from all processes together: pictures at once, and pictures per minute.

The numbers are those of one API key, and the rows in the database are what all its users have in common. Time
is the database's: the clocks of the processes do not count.

Never too many in a minute: what is taken and not yet sent counts as if it were sent now, so whenever it is
sent there is room for it. After a quiet time a whole minute's pictures may go as fast as others come back;
how many arrive in one moment is bounded by ``at_once``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any

from sqlalchemy import Executable

from coach.errors import CoachError
from coach.store._rows import first, insert_if_new, new_id
from coach.store.database import Database
from coach.store.upstreams import upstreams
from coach.studio._pace import MINUTE, pause_of
from coach.studio.gate import GateLimits
from coach.workers import _slots
from coach.workers.instruments import SLOTS

LEASE = 10.0
"""Seconds after its last :meth:`SharedLimits.beat` in which a holder's slots still count as in use."""

_LEASE = timedelta(seconds=LEASE)
_LATE = 2.0  # Seconds from the stamp to the arrival at the service, at most.
_PROMPT = 1.0  # Seconds of these until the request leaves.
_LOOK_AGAIN = 0.25  # Seconds to wait for what nobody can foretell: that somebody gives a slot back.


class SlotLost(CoachError):
    """This slot is no leave to send: its lease ran out, it was used, or it was given back. Take another."""

    def __init__(self) -> None:
        super().__init__("This place at the picture service is gone: take another before anything is sent.")


@dataclass(frozen=True, kw_only=True)
class Wait:
    """There is no room now.

    Attributes:
        seconds: When it is worth asking again. With the minute's pictures gone, or in a pause, just then;
            sooner only if a slot is given back that was never used. For a slot in use, a guess.
    """

    seconds: float


class Slot:
    """Room for one request, and leave to send it once.

    Attributes:
        pictures: How many it is for.
    """

    def __init__(self, limits: SharedLimits, id: str, pictures: int) -> None:
        self._limits, self._id, self.pictures = limits, id, pictures
        self._used = False

    async def send(self) -> None:
        """Say right before the request leaves that it does. Another try needs another slot.

        Raises:
            SlotLost: It must not leave.
            StoreUnavailable: It must not leave either: whether this was written down is not known.
        """
        used, self._used = self._used, True
        if used or not await self._limits._send(self._id):
            raise SlotLost

    async def release(self) -> None:
        """Give it back; safe to repeat. One never sent counts no more in the minute.

        Raises:
            StoreUnavailable: It counts as in use until its lease ends; there is nothing more to do.
        """
        await self._limits._release(self._id)


class SharedLimits:
    """The limits of one upstream, kept together by all processes with the same PostgreSQL database.

    Each taker goes by its own numbers, so they can be changed process by process.

    Args:
        upstream: The name of the API key at its service; whoever has the same shares the limits.
        at_once: As in :class:`~coach.studio.gate.GateLimits`.
        per_minute: Likewise. Of a broken number the whole part counts; below one it is one in so much longer
            than a minute. ``None``: any number.

    Raises:
        ValueError: A number is not above 0, or ``upstream`` is empty.
    """

    def __init__(
        self, database: Database, *, upstream: str, at_once: int, per_minute: float | None = None
    ) -> None:
        GateLimits(at_once=at_once, per_minute=per_minute)  # raises if they are none
        if not upstream:
            raise ValueError("upstream must have a name.")
        self._database, self._upstream = database, upstream
        per_minute = math.inf if per_minute is None else per_minute
        self._limits: dict[str, Any] = {
            "of": upstream,
            "at_once": at_once,
            "per_minute": max(1.0, per_minute),
            "window": timedelta(seconds=MINUTE / min(1.0, per_minute) + _LATE),
        }
        # Who holds what was taken here, and for how many pictures. A slot that was taken, but whose taker was
        # cancelled before it got it, is not in it and so not renewed: else it would be lost as long as the
        # process lives.
        self._held: dict[str, tuple[str, int]] = {}

    async def take(self, holder: str, pictures: int = 1, *, part: float = 1.0) -> Slot | Wait:
        """Take room for a request, if there is some now.

        Args:
            holder: Who must :meth:`beat` while it is in use: one name for each life of a process.
            pictures: How many it asks for. More than ``at_once``, or more than ``per_minute``, go alone.
            part: How much of the limits may be in use then, above 0 to 1: what can wait leaves room.

        Raises:
            ValueError: ``pictures`` is below 1, or ``holder`` is empty.
            StoreUnavailable: The database cannot be used now. What may have been taken ends with its lease.
        """
        if pictures < 1 or not holder:
            raise ValueError("pictures must be at least 1, and holder must have a name.")
        id = new_id()
        wanted = {"slot": id, "by": holder, "wanted": pictures, "lease": _LEASE, "guess": _LOOK_AGAIN}
        limits = dict(self._limits)
        limits["at_once"] = max(1, int(limits["at_once"] * part))
        limits["per_minute"] = max(1.0, limits["per_minute"] * part)
        async with self._database.write() as connection:
            if await first(connection, _slots.LOCK, limits) is None:
                await insert_if_new(connection, upstreams, {"name": self._upstream})
                await connection.execute(_slots.LOCK, limits)
            seconds = (await connection.execute(_slots.TAKE, limits | wanted)).scalar_one()
        if seconds > 0:
            return Wait(seconds=seconds)
        self._held[id] = holder, pictures
        SLOTS.add(pictures, {"coach.upstream": self._upstream})
        return Slot(self, id, pictures)

    async def beat(self, holder: str) -> None:
        """Say that a holder is alive: what it took here is its for another :data:`LEASE` seconds.

        Raises:
            StoreUnavailable: The database cannot be used now; try again soon.
        """
        if ids := [id for id, (who, _) in self._held.items() if who == holder]:
            await self._change(
                _slots.BEAT, {"of": self._upstream, "by": holder, "slots": ids, "lease": _LEASE}
            )

    async def pause(self, seconds: float | None) -> None:
        """Let nobody take anything for so long: the service has said "too many requests".

        Args:
            seconds: What it said; an hour at most. ``None``: it did not say. A longer pause stays.

        Raises:
            StoreUnavailable: The database cannot be used now.
        """
        for_so_long = timedelta(seconds=pause_of(seconds))
        await self._change(_slots.PAUSE, {"of": self._upstream, "pause": for_so_long})

    async def _send(self, id: str) -> bool:
        began = monotonic()
        sent = await self._change(_slots.SEND, {"slot": id})
        # The answer may have been long on its way: the stamp is then older than the window allows for.
        if sent and monotonic() - began <= _PROMPT:
            return True
        await self._release(id)
        return False

    async def _release(self, id: str) -> None:
        if (held := self._held.pop(id, None)) is not None:
            SLOTS.add(-held[1], {"coach.upstream": self._upstream})
            await self._change(_slots.RELEASE, {"slot": id})

    async def _change(self, statement: Executable, values: Mapping[str, Any]) -> int:
        """How many rows it changed."""
        async with self._database.once() as connection:
            return (await connection.execute(statement, values)).rowcount
