"""HTTP on a socket, with an end to waiting. uvicorn waits for a request as long as somebody drips it."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS = 10.0
"""Seconds from the connection, or from a later request's first byte, until its headers have to be there."""

TAKING = 60.0
"""Seconds after which somebody who takes nothing of an answer is let go."""


class TimedProtocol(H11Protocol):
    """uvicorn's own HTTP, but no connection is held open by who sends too slowly or takes nothing.

    How long a connection may be idle between requests is uvicorn's setting; how long a body may take is
    :mod:`coach.server.bodies`'.
    """

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._asking, self._taking = _Deadline(self, HEADERS), _Deadline(self, TAKING)
        self._asking.begin()

    def data_received(self, data: bytes) -> None:
        """Wait no more once a request is there. What comes after its answer may begin another."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._asking.call_off()
        else:
            self._asking.begin()

    def pause_writing(self) -> None:
        """They take nothing now."""
        super().pause_writing()
        self._taking.begin()

    def resume_writing(self) -> None:
        """They do again."""
        super().resume_writing()
        self._taking.call_off()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        super().connection_lost(exc)
        self._asking.call_off()
        self._taking.call_off()


class _Deadline:
    """Cuts a connection when it is not called off in time."""

    def __init__(self, protocol: H11Protocol, seconds: float) -> None:
        self._protocol, self._seconds = protocol, seconds
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Begin to count, unless that was begun."""
        if self._timer is None:
            cut = self._protocol.transport.abort
            self._timer = self._protocol.loop.call_later(self._seconds, cut)

    def call_off(self) -> None:
        """Count no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
