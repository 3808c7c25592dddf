"""What happens, as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Header, Query
from fastapi.sse import ServerSentEvent

from coach.server.routes._pictures import Show
from coach.store.happenings import Happening

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
    last_event_id: Annotated[str | None, Header()] = None,
) -> int:
    if last_event_id is not None and last_event_id.isdecimal():
        return max(after, min(int(last_event_id[:_DIGITS]), _LAST))
    return after


After = Annotated[int, Depends(_after)]
"""From where on somebody watches: a browser that comes back says so in its own header."""


async def as_events(happening: AsyncIterator[Happening], show: Show) -> AsyncIterator[ServerSentEvent]:
    """What happens, with links to the pictures in it."""
    async for each in happening:
        yield ServerSentEvent(id=str(each.seq), event=each.kind, data=show(each.data))
