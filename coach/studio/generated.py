"""What comes of a request: the pictures, and what the ledger says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coach.errors import Conflict
from coach.store import Store
from coach.store.versions import Version
from coach.studio.faults import fault
from coach.studio.ledger import IN_FLIGHT, Generation


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


async def generated_of(store: Store, generation: Generation) -> Generated:
    """The answer for a generation that ended.

    Raises:
        PictureError: It did not end well.
        Conflict: It has not ended.
    """
    if generation.error_code is not None and generation.paid is not None:
        raise fault(generation.error_code, paid=generation.paid, request_id=generation.request_id)
    if generation.state != "done":
        raise Conflict(IN_FLIGHT)
    [entry] = await entries_of(store, generation.user_id, [generation])
    return Generated(
        generation_id=generation.id,
        versions=entry.versions,
        engine=generation.engine,
        model=generation.model,
        operation=generation.operation,
        repairs=tuple(generation.repairs),
        quote_micros=generation.quote_micros,
        actual_micros=generation.actual_micros,
        seconds=generation.seconds,
        request_id=generation.request_id,
    )


async def entries_of(store: Store, user_id: str, rows: Sequence[Generation]) -> list[Entry]:
    """A person's lines of the ledger, with what came of each."""
    made = await store.versions.of_generations(user_id, [row.id for row in rows])
    return [
        Entry(generation=row, versions=tuple(each for each in made if each.generation_id == row.id))
        for row in rows
    ]
