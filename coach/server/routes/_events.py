"""What happens, as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Query, Request
from fastapi.sse import ServerSentEvent

from coach.errors import InputRefused
from coach.server.caller import SignedIn, known
from coach.server.routes._pictures import Show, Shown
from coach.server.running import Here, Running
from coach.store._work import Work

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description="Yours: the same key is the same turn, run or picture, however often it is sent.",
    ),
]

_LAST = 2**31 - 1
"""The largest number that the column of events has on PostgreSQL."""

_DIGITS = 20
"""More than any number of ours has: Python itself refuses to read thousands of them."""


async def _after(
    after: Annotated[int, Query(ge=0, le=_LAST, description="The id of the last event you have seen.")] = 0,
    last_event_id: Annotated[str, Header(description="The same, as a browser says it.")] = "",
) -> int:
    if not last_event_id:
        return after
    if not (last_event_id.isascii() and last_event_id.isdecimal()):
        raise InputRefused(
            "`Last-Event-ID` is no id of an event here. Send that of the last event you have seen, or leave "
            "it out for all of them.",
            field="Last-Event-ID",
            allowed=(f"0 to {_LAST}",),
        )
    return max(after, min(int(last_event_id[:_DIGITS]), _LAST))


After = Annotated[int, Depends(_after)]
"""From where on somebody watches: a browser that comes back says so in its own header."""


@dataclass(frozen=True, kw_only=True)
class Listening:
    """Somebody who has a stream of events open."""

    request: Request
    here: Running
    user_id: str
    show: Show

    async def to(
        self, channel: str, after: int = 0, *, work: Work | None = None
    ) -> AsyncIterator[ServerSentEvent]:
        """What happens in a channel, with links to the pictures in it. See :meth:`Live.watch`."""
        happening = self.here.live.watch(self.user_id, channel, after, work=work, may=self._may)
        async for each in happening:
            yield ServerSentEvent(id=str(each.seq), event=each.kind, data=self.show(each.data))

    async def _may(self) -> bool:
        """Whether they may still listen: a session or a key ends, is revoked, goes with the person."""
        if self.request.app.state.host_knows:
            return True
        caller = await known(self.request, self.here)
        return caller is not None and caller.user_id == self.user_id


async def _listening(request: Request, here: Here, caller: SignedIn, show: Shown) -> AsyncIterator[Listening]:
    with here.rates.stream(caller.user_id):
        yield Listening(request=request, here=here, user_id=caller.user_id, show=show)


Listens = Annotated[Listening, Depends(_listening)]
"""Whoever listens, counted until the answer has ended. Ask for it before anything is begun."""
