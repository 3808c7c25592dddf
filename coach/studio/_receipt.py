"""What an erasure did, for the person and for whoever runs the coach. It holds ids and counts, no content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from coach.store.blobs import Emptied
from coach.studio.generation import Generation

OUTSIDE_DAYS = 30
"""Days for which OpenAI keeps what it was sent, to watch for abuse (its "Your data" guide); jobs are stored
as long unless they are deleted. Another service behind ``OPENAI_BASE_URL`` has rules of its own."""

ELSEWHERE = (
    "Nothing here reaches backups, your own logs, exports, or what `coach chat --out` wrote down.",
    "Files are deleted, not overwritten: a disk may keep their blocks until it uses them again.",
)
"""What no erasure can see."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What the picture service said when it was asked to delete what it keeps of a job.

    Attributes:
        id: The service's id of the job.
        end: ``kept``: it could not be deleted, or nobody could be asked.
        why: The kind of the error, when it was kept.
    """

    id: str
    engine: str
    end: Literal["deleted", "gone", "kept"]
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What a picture service was sent and may still hold.

    Attributes:
        requests: How often something was sent.
        last: When, for the last time.
        until: Until when it may be held, where the service is OpenAI.
        request_ids: What to name to the service; as many as it gave.
    """

    engine: str
    model: str
    requests: int
    last: datetime
    until: datetime
    request_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What went, what was kept of it and why, and who else may still hold something.

    Attributes:
        rows: How many rows of each table were deleted.
        blobs: How many blobs of each kind were deleted.
        blob_bytes: How large they were together.
        older: Earlier versions of them in a bucket that keeps such.
        unfinished: Puts of theirs that had not ended.
        spool_files: Files of answers.
        spool_bytes: How large they were together.
        jobs: What became of the jobs at the picture service.
        kept_lines: Lines of the ledger that stay for the books, as nobody's.
        kept_micros: What those cost, in micro-dollars.
        settled: The requests that were in doubt or under way; they count as charged at their quote.
        outside: Who was sent something.
        chat: Whether the language model's service was sent the conversation.
        still: What may still be there on our side, a sentence each.
        out: How many pictures were still being made elsewhere. Their answers find no row to belong to; the
            person stays marked until the erasure is done once more.
    """

    user_id: str
    at: datetime
    rows: Mapping[str, int] = field(default_factory=dict)
    blobs: Mapping[str, int] = field(default_factory=dict)
    blob_bytes: int = 0
    older: int = 0
    unfinished: int = 0
    spool_files: int = 0
    spool_bytes: int = 0
    jobs: tuple[Job, ...] = ()
    kept_lines: int = 0
    kept_micros: int = 0
    settled: tuple[str, ...] = ()
    outside: tuple[Outside, ...] = ()
    chat: bool = False
    still: tuple[str, ...] = ()
    out: int = 0

    @property
    def done(self) -> bool:
        """Whether nothing has to be done again."""
        return not self.out


def outside_of(mine: Iterable[Generation], now: datetime) -> tuple[Outside, ...]:
    """Who was sent something of these pictures and may still hold it."""
    long_ago = now - timedelta(days=OUTSIDE_DAYS)
    sent = [one for one in mine if one.posts and one.updated_at > long_ago]
    services = sorted({(one.engine, one.model) for one in sent})
    return tuple(
        _outside(engine, model, [one for one in sent if (one.engine, one.model) == (engine, model)])
        for engine, model in services
    )


def _outside(engine: str, model: str, sent: Sequence[Generation]) -> Outside:
    last = max(one.updated_at for one in sent).astimezone(UTC)
    return Outside(
        engine=engine,
        model=model,
        requests=sum(one.posts for one in sent),
        last=last,
        until=last + timedelta(days=OUTSIDE_DAYS),
        request_ids=tuple(one.request_id for one in sent if one.request_id),
    )


def counted(emptied: Sequence[Emptied]) -> dict[str, int]:
    """How many blobs of each kind there were."""
    kinds = [blob.key.split("/")[1] for each in emptied for blob in each.blobs]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}
