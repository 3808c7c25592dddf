"""What happens, as server-sent events.

Written as bytes here, many at a time: FastAPI's own way costs more for each of them than all the rest.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Query, Request
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from starlette.responses import StreamingResponse

from coach.errors import InputRefused
from coach.server.caller import SignedIn, known
from coach.server.routes._pictures import Show, Shown
from coach.server.running import Here, Running
from coach.store._work import Work
from coach.store.happenings import Happening

T = TypeVar("T")

PING = 15.0
"""Seconds without news after which a comment is sent: nobody between is to take the connection for dead."""

_PIECE = 64 * 1024
"""Bytes of events after which they are handed on: who reads slowly is waited for then."""

_WORD = {"type": "string"}
_EVENT = {"data": _WORD, "event": _WORD, "id": _WORD, "retry": {"type": "integer", "minimum": 0}}

DECLARED: dict[str, Any] = {
    "response_class": StreamingResponse,
    "responses": {
        200: {"content": {"text/event-stream": {"itemSchema": {"type": "object", "properties": _EVENT}}}}
    },
}
"""What a route of events is declared with, as FastAPI declares its own."""

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

    def to(self, channel: str, after: int = 0, *, work: Work | None = None) -> EventSourceResponse:
        """What happens in a channel, with links to the pictures in it. See :meth:`Live.watch`."""
        happening = self.here.live.watch(self.user_id, channel, after, work=work, may=self._may)
        return answered(self._frames(with_pings(happening)))

    async def _frames(self, news: AsyncGenerator[Sequence[Happening] | None]) -> AsyncIterator[bytes]:
        """The events as they are sent, some at a time."""
        async with aclosing(news):
            async for some in news:
                piece = bytearray(KEEPALIVE_COMMENT if some is None else b"")
                for each in some or ():
                    data = json.dumps(self.show(each.data))
                    piece += format_sse_event(id=str(each.seq), event=each.kind, data_str=data)
                    if len(piece) >= _PIECE:
                        yield bytes(piece)
                        piece.clear()
                if piece:
                    yield bytes(piece)

    async def _may(self) -> bool:
        """Whether they may still listen: a session or a key ends, is revoked, goes with the person."""
        if self.request.app.state.host_knows:
            return True
        caller = await known(self.request, self.here)
        return caller is not None and caller.user_id == self.user_id


async def with_pings(rest: AsyncIterator[T], *first: T) -> AsyncGenerator[T | None]:
    """What comes, and ``None`` whenever nothing came for :data:`PING` seconds."""
    for each in first:
        yield each
    coming = asyncio.ensure_future(anext(rest, None))
    try:
        while True:
            await asyncio.wait([coming], timeout=PING)
            if not coming.done():
                yield None
            elif (item := coming.result()) is None:
                return
            else:
                yield item
                coming = asyncio.ensure_future(anext(rest, None))
    finally:
        coming.cancel()


def answered(frames: AsyncIterator[bytes]) -> EventSourceResponse:
    """An answer of events that no proxy keeps back."""
    return EventSourceResponse(frames, headers={"X-Accel-Buffering": "no"})


async def _listening(request: Request, here: Here, caller: SignedIn, show: Shown) -> AsyncIterator[Listening]:
    with here.rates.stream(caller.user_id):
        yield Listening(request=request, here=here, user_id=caller.user_id, show=show)


Listens = Annotated[Listening, Depends(_listening)]
"""Whoever listens, counted until the answer has ended. Ask for it before anything is begun."""
