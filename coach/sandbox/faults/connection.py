"""Faults of the connection and of HTTP itself."""

from __future__ import annotations

from itertools import count

from coach.sandbox.faults.mode import Answer, rude
from coach.sandbox.faults.wire import Act, Script

_MUCH = b"A" * 65_536


@rude()
async def hang(answer: Answer) -> Script:
    """Does the work and never says a word."""
    yield Act.SILENCE


@rude()
async def closed(answer: Answer) -> Script:
    """Does the work and closes the connection without a word."""
    yield b""


@rude()
async def reset(answer: Answer) -> Script:
    """Does the work and resets the connection without a word."""
    yield Act.RESET


@rude(charged=False, strikes="head")
async def reset_early(answer: Answer) -> Script:
    """Resets the connection when the head of the request is read; nothing is done."""
    yield Act.RESET


@rude(charged=False, strikes="head")
async def upload_stalled(answer: Answer) -> Script:
    """Takes the request in sips, one each `seconds`, and never answers; nothing is done."""
    while True:
        yield answer.seconds
        yield Act.SIP


@rude()
async def not_http(answer: Answer) -> Script:
    """Answers in another protocol."""
    yield b"SSH-2.0-OpenSSH_10.0\r\n\0\0\1\x2c\n\r\n\r\n"


@rude()
async def half_head(answer: Answer) -> Script:
    """Closes the connection in the middle of the headers."""
    head = answer.head("content-length: 1000")
    yield head[: len(head) // 2]


@rude()
async def endless_headers(answer: Answer) -> Script:
    """Sends headers without end."""
    yield answer.head()[:-2]
    for number in count():
        yield f"x-more-{number}: {'a' * 1000}\r\n".encode()


@rude()
async def endless_continue(answer: Answer) -> Script:
    """Says `100 Continue` for ever, once each `seconds`."""
    while True:
        yield b"HTTP/1.1 100 Continue\r\n\r\n"
        yield answer.seconds


@rude()
async def half_body(answer: Answer) -> Script:
    """Closes the connection after half of the body."""
    body = await answer.body()
    yield answer.head(f"content-length: {len(body)}") + body[: len(body) // 2]


@rude()
async def stall(answer: Answer) -> Script:
    """Falls silent after half of the body."""
    body = await answer.body()
    yield answer.head(f"content-length: {len(body)}") + body[: len(body) // 2]
    yield Act.SILENCE


@rude()
async def drip(answer: Answer) -> Script:
    """Sends the good body one byte each `seconds`."""
    body = await answer.body()
    yield answer.head(f"content-length: {len(body)}")
    for at in range(len(body)):
        yield body[at : at + 1]
        yield answer.seconds


@rude()
async def endless_body(answer: Answer) -> Script:
    """Sends a picture that never ends."""
    yield answer.head("transfer-encoding: chunked")
    yield chunk(b'data: {"b64_json": "' if answer.streamed else b'{"created": 1, "data": [{"b64_json": "')
    while True:
        yield chunk(_MUCH)


@rude()
async def length_too_small(answer: Answer) -> Script:
    """Sends the whole good body, but says that it is half as long."""
    body = await answer.body()
    yield answer.head(f"content-length: {len(body) // 2}") + body


@rude()
async def chunk_broken(answer: Answer) -> Script:
    """Sends half of the body in chunks, and then a chunk whose size is no number."""
    body = await answer.body()
    yield answer.head("transfer-encoding: chunked") + chunk(body[: len(body) // 2]) + b"soon\r\n"


def chunk(data: bytes) -> bytes:
    """A chunk of HTTP's chunked transfer coding."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"
