"""What the sandbox received, and what it would have cost."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any

KEPT = 1000
"""How many requests are remembered one by one."""


@dataclass(kw_only=True)
class Received:
    """One request.

    Attributes:
        route: Method and path, e.g. ``"POST /v1/images/edits"``.
        request_id: The ``x-request-id`` it was answered with.
        model: What it asked for, once known.
        params: Its parameters without the files, null where it sent null.
        images: SHA-256 of every image it carried, in order, 64 hex digits.
        fault: How the sandbox misbehaved, a name of :data:`coach.sandbox.faults.MODES`.
        status: What it was answered with; ``None`` while it is being answered, and after a fault of HTTP.
        error_code: The error's code, if it was refused.
        usage: The tokens counted.
        micros: What it would have cost in micro-dollars: 0 when it was refused, ``None`` when not known.
        seconds: How long it took until the answer began; a stream goes on after that.
        late: Whether what it cost is known only when the job it began is over, long after its answer.
    """

    route: str
    request_id: str
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    model: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    images: tuple[str, ...] = ()
    fault: str | None = None
    status: int | None = None
    error_code: str | None = None
    usage: Mapping[str, Any] | None = None
    micros: int | None = None
    seconds: float | None = None
    late: bool = False

    def body(self) -> dict[str, Any]:
        """The entry as JSON."""
        return {**asdict(self), "at": self.at.isoformat(), "images": list(self.images)}


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Sums over every request since the start, also those no longer remembered.

    Attributes:
        received: How many there were.
        charged: How many are known to have cost something.
        micros: What is known of the cost, in micro-dollars.
        faults: How often the sandbox misbehaved in each way.
    """

    received: int = 0
    charged: int = 0
    micros: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)

    def plus(self, entries: Iterable[Received]) -> Totals:
        """The sums with these requests added."""
        more = list(entries)
        return Totals(
            received=self.received + len(more),
            charged=self.charged + sum(bool(entry.micros) for entry in more),
            micros=self.micros + sum(entry.micros or 0 for entry in more),
            faults=dict(Counter(self.faults) + Counter(entry.fault for entry in more if entry.fault)),
        )


class Log:
    """The last :data:`KEPT` requests, oldest first, and the sums over all."""

    def __init__(self) -> None:
        self._entries: deque[Received] = deque()
        self._late: list[Received] = []  # of the forgotten: as many as jobs, however often these are polled
        self._forgotten = Totals()
        self._lock = Lock()  # it is read from other threads

    def add(self, entry: Received) -> None:
        """Remember a request from the moment it arrives; it is filled in as it is answered."""
        with self._lock:
            self._entries.append(entry)
            # What one still being answered will cost is not known, so it is not forgotten.
            while len(self._entries) > KEPT and self._entries[0].seconds is not None:
                first = self._entries.popleft()
                if first.late:
                    self._late.append(first)
                else:
                    self._forgotten = self._forgotten.plus([first])

    def entries(self) -> list[Received]:
        """Every request remembered."""
        with self._lock:
            return list(self._entries)

    def totals(self) -> Totals:
        """The sums over every request there was."""
        with self._lock:
            return self._forgotten.plus([*self._late, *self._entries])

    def body(self) -> dict[str, Any]:
        """The log as JSON: the requests remembered, and the sums over all."""
        return {"requests": [entry.body() for entry in self.entries()], **asdict(self.totals())}
