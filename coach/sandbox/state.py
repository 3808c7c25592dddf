"""What every route can ask for: the sandbox's settings, and its own request's log entry and fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from starlette.requests import Request

from coach.sandbox.faults import Fault, Schedule
from coach.sandbox.log import Log, Received


def _today() -> date:
    return datetime.now(UTC).date()


@dataclass(frozen=True, kw_only=True)
class Service:
    """The sandbox's settings, its log, and its plan of faults.

    Attributes:
        delay: Seconds a picture takes.
        today: Gives the day that decides which models are gone.
        quick: Whether pictures are only labelled, not painted.
        drift: How much of a stranger comes into a face when a picture drawn here is drawn again, 0 to 1.
    """

    faults: Schedule
    delay: float = 0.0
    quick: bool = False
    drift: float = 0.0
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


class Refused(Exception):
    """The request is in order, and a fault refuses it: nothing is to be done for it."""


def admit(request: Request) -> None:
    """Called by a route when a request is checked and priced, before the work.

    Raises:
        Refused: A fault strikes here.
    """
    fault: Fault | None = request.state.fault
    if fault is not None and fault.mode.strikes == "order":
        raise Refused
