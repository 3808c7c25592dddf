"""What comes of a request: the pictures, and what the ledger says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coach._money import total
from coach.errors import Conflict, Erasing
from coach.store import Store
from coach.store.versions import Version
from coach.studio._say import say_likeness
from coach.studio.faults import fault
from coach.studio.judge import Judgement, judgement_of, rank_of
from coach.studio.ledger import IN_FLIGHT, Generation


@dataclass(frozen=True, kw_only=True)
class Generated:
    """A picture that was made and kept, or several of one request.

    Attributes:
        versions: The pictures, the best first: by likeness, then in the order they were made. Show the first;
            those that are not like the person are kept all the same.
        repairs: What differs from the request, and what was chosen where it was left open, a sentence each.
        quote_micros: The most it could have cost, in micro-dollars; ``None``: not known. What was charged for
            a second try is in it, as in ``actual_micros`` and ``seconds``.
        actual_micros: What it cost by the service's count; ``None``: not known.
        seconds: From sending to the last byte; ``None`` when it was finished after a crash.
        request_id: The service's id of the request.
        second_try: Whether it was asked for once more, because the first did not look like the person.
        say_likeness: For the person: what was found of the likeness, or that it was not measured, and of what
            had changed outside a mask; ``None``: neither a face nor anything outside a mask was to be kept.
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
    second_try: bool = False
    say_likeness: str | None = None

    @property
    def judgements(self) -> Mapping[str, Judgement]:
        """How the versions were judged, by their ids; those that were not are left out."""
        return {each.id: judged for each in self.versions if (judged := judgement_of(each)) is not None}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of what was asked for: a row of the ledger, and the versions that came of it."""

    generation: Generation
    versions: tuple[Version, ...]


async def generated_of(store: Store, first: Generation, second: Generation | None = None) -> Generated:
    """The answer for a generation that ended, and for its second try.

    Raises:
        PictureError: The first did not end well.
        Conflict: One of them has not ended; or (``Erasing``) the person was erased meanwhile.
    """
    if first.error_code is not None and first.paid is not None:
        raise fault(first.error_code, paid=first.paid, request_id=first.request_id)
    if first.state != "done" or (second is not None and second.state in ("reserved", "sending")):
        raise Conflict(IN_FLIGHT)
    rows = [first] if second is None else [first, second]
    entries = await entries_of(store, first.user_id, [row for row in rows if row.state == "done"])
    made = sorted((version for entry in entries for version in entry.versions), key=rank_of)
    if not made:  # what is done has a version for as long as its person is here
        raise Erasing("This person was erased meanwhile, and the picture with them.")
    charged = [row for row in rows if row.paid != "unpaid"]
    return Generated(
        generation_id=first.id,
        versions=tuple(made),
        engine=first.engine,
        model=first.model,
        operation=first.operation,
        repairs=tuple(first.repairs),
        quote_micros=total([row.quote_micros for row in charged]),
        actual_micros=total([row.actual_micros for row in charged]),
        seconds=total([entry.generation.seconds for entry in entries]),
        request_id=first.request_id,
        second_try=second is not None and second.posts > 0,
        say_likeness=say_likeness(judgement_of(made[0]), second),
    )


async def entries_of(store: Store, user_id: str, rows: Sequence[Generation]) -> list[Entry]:
    """A person's lines of the ledger, with what came of each."""
    made = await store.versions.of_generations(user_id, [row.id for row in rows])
    return [
        Entry(generation=row, versions=tuple(each for each in made if each.generation_id == row.id))
        for row in rows
    ]
