"""What the sandbox received, and what it would have cost."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

KEPT = 1000
"""How many requests are remembered."""


@dataclass(kw_only=True)
class Received:
    """One request.

    Attributes:
        route: Method and path, e.g. ``"POST /v1/images/edits"``.
        request_id: The ``x-request-id`` it was answered with.
        model: What it asked for, once known.
        params: Its parameters without the files, null where it sent null.
        images: SHA-256 of every image it carried, in order, 64 hex digits.
        status: What it was answered with; ``None`` while it is being answered.
        error_code: The error's code, if it was refused.
        usage: The tokens counted.
        micros: What it would have cost in micro-dollars: 0 when it was refused, ``None`` when not known.
        seconds: How long it took until the answer began; a stream goes on after that.
    """

    route: str
    request_id: str
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    model: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    images: tuple[str, ...] = ()
    status: int | None = None
    error_code: str | None = None
    usage: Mapping[str, Any] | None = None
    micros: int | None = None
    seconds: float | None = None

    def body(self) -> dict[str, Any]:
        """The entry as JSON."""
        return {**asdict(self), "at": self.at.isoformat(), "images": list(self.images)}


class Log:
    """The last :data:`KEPT` requests, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Received] = deque(maxlen=KEPT)

    def add(self, entry: Received) -> None:
        """Remember a request from the moment it arrives; it is filled in as it is answered."""
        self._entries.append(entry)

    def entries(self) -> list[Received]:
        """Every request remembered."""
        return list(self._entries)

    def body(self) -> dict[str, Any]:
        """The log as JSON, with the sum of what is known of the cost."""
        entries = self.entries()
        return {
            "requests": [entry.body() for entry in entries],
            "micros": sum(entry.micros or 0 for entry in entries),
        }
