"""Faults of a stream of server-sent events."""

from __future__ import annotations

import json

from starlette.responses import Response

from coach.sandbox import errors
from coach.sandbox.faults.connection import chunk
from coach.sandbox.faults.content import stream
from coach.sandbox.faults.mode import Answer, polite, rude
from coach.sandbox.faults.wire import Act, Script


@rude(streamed=True)
async def sse_cut(answer: Answer) -> Script:
    """Closes the connection in the middle of the last event."""
    *before, last = await answer.events()
    yield answer.head("transfer-encoding: chunked") + b"".join(map(chunk, before))
    yield chunk(last)[: len(last) // 2]


@rude(streamed=True)
async def sse_stall(answer: Answer) -> Script:
    """Falls silent before the last event."""
    *before, _ = await answer.events()
    yield answer.head("transfer-encoding: chunked") + b"".join(map(chunk, before))
    yield Act.SILENCE


@rude(streamed=True)
async def sse_pings(answer: Answer) -> Script:
    """Sends comments for ever instead of the last event, one each `seconds`."""
    *before, _ = await answer.events()
    yield answer.head("transfer-encoding: chunked") + b"".join(map(chunk, before))
    while True:
        yield chunk(b": ping\n\n")
        yield answer.seconds


@polite(streamed=True)
async def sse_error(answer: Answer) -> Response:
    """An error of the server instead of the last event."""
    return await _ended_by(answer, errors.broken())


@polite(charged=False, streamed=True)
async def sse_blocked(answer: Answer) -> Response:
    """A refusal of the safety system instead of the last event."""
    return await _ended_by(answer, errors.blocked(answer.request_id, "output"))


async def _ended_by(answer: Answer, error: errors.ApiError) -> Response:
    # As openai 3.51.0 reads it (_streaming.py): the event `error`, or any data with an `error`.
    data = json.dumps({"type": "error", **error.body})
    *before, _ = await answer.events()
    return stream([*before, f"event: error\ndata: {data}\n\n".encode()])


@polite(streamed=True)
async def sse_unfinished(answer: Answer) -> Response:
    """A stream that ends properly, but without its last event."""
    return stream((await answer.events())[:-1])


@polite(streamed=True)
async def sse_twice(answer: Answer) -> Response:
    """The last event comes twice."""
    *before, last = await answer.events()
    return stream([*before, last, last])


@polite(streamed=True)
async def sse_wrong_type(answer: Answer) -> Response:
    """A stream that says it is JSON."""
    return stream(await answer.events(), media_type="application/json")
