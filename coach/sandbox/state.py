"""What every route can ask for: the sandbox's settings, and the log entry of its own request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from starlette.requests import Request

from coach.sandbox.log import Log, Received


def _today() -> date:
    return datetime.now(UTC).date()


@dataclass(frozen=True, kw_only=True)
class Service:
    """The sandbox's settings and its log.

    Attributes:
        delay: Seconds a picture takes.
        today: Gives the day that decides which models are gone.
    """

    delay: float = 0.0
    today: Callable[[], date] = _today
    log: Log = field(default_factory=Log)


def service(request: Request) -> Service:
    """The sandbox a request came to."""
    found: Service = request.app.state.service
    return found


def received(request: Request) -> Received:
    """The log entry of a request."""
    entry: Received = request.state.received
    return entry
