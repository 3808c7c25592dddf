"""What a way of misbehaving is, and what it has to work with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from starlette.responses import Response

from coach.sandbox import errors
from coach.sandbox.faults.wire import Raw, Script

Strikes = Literal["head", "order", "answer"]
"""How far a request gets before its fault: its head is read and not its body; it is found in order and priced
and nothing is done for it; its answer is there (of a stream: begun)."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The good answer, for a fault to spoil.

    Attributes:
        mode: The name of the fault.
        request_id: What the answer is to say as its ``x-request-id``.
        seconds: The pause of a fault that is slow.
        streamed: Whether it is a stream of events.
        pieces: The body: event by event when it is streamed, otherwise in one piece.
    """

    mode: str
    request_id: str
    seconds: float
    streamed: bool
    pieces: AsyncIterator[bytes]

    async def body(self) -> bytes:
        """The whole body."""
        return b"".join(await self.events())

    async def events(self) -> list[bytes]:
        """All its pieces, at least one."""
        return [piece async for piece in self.pieces]

    def head(self, *headers: str) -> bytes:
        """The good status line and headers, and those given."""
        kind = "text/event-stream; charset=utf-8" if self.streamed else "application/json"
        lines = ("HTTP/1.1 200 OK", f"content-type: {kind}", f"x-request-id: {self.request_id}", *headers)
        return "\r\n".join(lines).encode() + b"\r\n\r\n"

    def out_of_place(self, needs: str) -> errors.ApiError:
        """The error for a fault that this answer has no room for."""
        return errors.fault_out_of_place(self.mode, needs)


Spoil = Callable[[Answer], Awaitable[Response]]


@dataclass(frozen=True, kw_only=True)
class Mode:
    """One way of misbehaving.

    Attributes:
        name: What it is asked for by.
        what: What it does, in a sentence.
        charged: Whether the service charges for the request; if so, its normal price.
        strikes: How far the request gets before.
        streamed: Whether only a streamed answer can be spoiled like this.
        agent: Whether only an agent's reply can.
        job: Whether only a job that was posted can.
        spoil: Makes the answer that is sent instead.
    """

    name: str
    what: str
    charged: bool
    strikes: Strikes
    streamed: bool
    agent: bool
    job: bool
    spoil: Spoil


MODES: dict[str, Mode] = {}
"""Every mode by its name."""


def add(
    name: str,
    what: str | None,
    spoil: Spoil,
    *,
    charged: bool,
    strikes: Strikes = "answer",
    streamed: bool = False,
    agent: bool = False,
    job: bool = False,
) -> None:
    """Put a mode into the table."""
    MODES[name] = Mode(
        name=name,
        what=what or "",
        charged=charged,
        strikes=strikes,
        streamed=streamed,
        agent=agent,
        job=job,
        spoil=spoil,
    )


def polite(*, charged: bool = True, streamed: bool = False) -> Callable[[Spoil], Spoil]:
    """Add a mode whose answer is good HTTP; its name and sentence are the function's."""

    def added(spoil: Spoil) -> Spoil:
        add(spoil.__name__, spoil.__doc__, spoil, charged=charged, streamed=streamed)
        return spoil

    return added


_Scripted = Callable[[Answer], Script]


def rude(
    *, charged: bool = True, strikes: Strikes = "answer", streamed: bool = False
) -> Callable[[_Scripted], _Scripted]:
    """Add a mode that writes on the connection itself; its name and sentence are the function's."""

    def added(script: _Scripted) -> _Scripted:
        async def spoil(answer: Answer) -> Response:
            return Raw(script(answer))

        name, what = script.__name__, script.__doc__
        add(name, what, spoil, charged=charged, strikes=strikes, streamed=streamed)
        return script

    return added
