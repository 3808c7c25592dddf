"""What comes of a request: the pictures, and what the ledger says of them."""

from __future__ import annotations

from dataclasses import dataclass

from coach.store.versions import Version
from coach.studio.ledger import Generation


@dataclass(frozen=True, kw_only=True)
class Generated:
    """A picture that was made and kept, or several of one request.

    Attributes:
        versions: The pictures, in order.
        repairs: What differs from the request, one sentence each.
        quote_micros: The most it could have cost, in micro-dollars; ``None``: not known.
        actual_micros: What it cost by the service's count; ``None``: not known.
        seconds: From sending to the last byte; ``None`` when it was finished after a crash.
        request_id: The service's id of the request.
    """

    generation_id: str
    versions: tuple[Version, ...]
    engine: str
    model: str
    operation: str
    repairs: tuple[str, ...]
    quote_micros: int | None
    actual_micros: int | None
    seconds: float | None
    request_id: str | None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of what was asked for: a row of the ledger, and the versions that came of it."""

    generation: Generation
    versions: tuple[Version, ...]
