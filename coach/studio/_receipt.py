"""What an erasure did, for the person and for whoever runs the coach. It holds ids and counts, no content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from pydantic import TypeAdapter

from coach._money import dollars
from coach.store.blobs import Stored
from coach.studio.faults import name_of, shows
from coach.studio.generation import Generation

OUTSIDE_DAYS = 30
"""Days for which OpenAI keeps what it was sent, to watch for abuse (its "Your data" guide); jobs are stored
as long unless they are deleted. Another service behind ``OPENAI_BASE_URL`` has rules of its own."""

ELSEWHERE = (
    "Nothing here reaches backups, your own logs, exports, or what `coach chat --out` wrote down.",
    "Files are deleted, not overwritten: a disk may keep their blocks until it uses them again.",
)
"""What no erasure can see."""


End = Literal["kept", "gone", "deleted"]


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
    end: End
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

    @property
    def found(self) -> bool:
        """Whether there was anything of theirs."""
        counts = *self.rows.values(), *self.blobs.values(), self.older, self.unfinished, self.spool_files
        return any(counts) or bool(self.jobs) or bool(self.out)


def joined(before: Receipt, after: Receipt) -> Receipt:
    """The receipt of an erasure that was done in two goes. What is left to say is the later one's."""
    jobs: dict[str, Job] = {}
    for job in (*before.jobs, *after.jobs):
        known = jobs.get(job.id, job)
        # What was deleted is not there the second time: that says less.
        jobs[job.id] = max(job, known, key=lambda each: get_args(End).index(each.end))
    sums = ("blob_bytes", "older", "unfinished", "spool_files", "spool_bytes", "kept_lines", "kept_micros")
    return replace(
        after,
        rows=_summed(before.rows, after.rows),
        blobs=_summed(before.blobs, after.blobs),
        jobs=tuple(jobs.values()),
        settled=before.settled + after.settled,
        outside=before.outside + after.outside,
        chat=before.chat or after.chat,
        **{name: getattr(before, name) + getattr(after, name) for name in sums},
    )


def _summed(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


_RECEIPT = TypeAdapter(Receipt)


def written(receipt: Receipt) -> dict[str, Any]:
    """A receipt as JSON."""
    made: dict[str, Any] = _RECEIPT.dump_python(receipt, mode="json")
    return made


def read(kept: Any) -> Receipt:
    """The receipt that was :func:`written`."""
    return _RECEIPT.validate_python(kept)


def nameless(receipt: Receipt) -> str:
    """A receipt as a line for a log: whose it is is left out, and where their pictures are to be seen."""
    jobs = tuple(replace(job, id=name_of(job.id)) if shows(job.id) else job for job in receipt.jobs)
    return _RECEIPT.dump_json(replace(receipt, jobs=jobs), exclude={"user_id"}).decode()


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


def counted(blobs: Sequence[Stored]) -> dict[str, int]:
    """How many blobs of each kind there were."""
    kinds = [blob.key.split("/")[1] for blob in blobs]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def sentences(receipt: Receipt) -> Iterator[str]:
    """A receipt in words, a line each; what belongs to the line before it begins with spaces."""
    if not receipt.found:
        yield f"Nothing was kept of {receipt.user_id!r}."
        yield from receipt.still
        return
    yield f"Erased: {receipt.user_id}, {receipt.at:%Y-%m-%d %H:%M:%S} UTC."
    yield f"  Rows: {_counts(receipt.rows)}"
    blobs = f"  Photos and pictures: {_counts(receipt.blobs)}, {receipt.blob_bytes:,} bytes"
    more = {"older versions": receipt.older, "unfinished puts": receipt.unfinished}
    yield blobs + "".join(f"; {count} {what}" for what, count in more.items() if count)
    yield f"  Spool: {receipt.spool_files} files, {receipt.spool_bytes:,} bytes"
    if receipt.kept_lines:
        yield (
            f"Kept for the books, as nobody's: {receipt.kept_lines} lines of {dollars(receipt.kept_micros)} "
            "in all: model, counts, cost, tenant and time."
        )
    if receipt.settled:
        yield f"  Of these were open, and count as charged at their quote: {', '.join(receipt.settled)}"
    yield from _sent(receipt)
    yield from (*receipt.still, *ELSEWHERE)
    if receipt.out:
        yield f"{receipt.out} picture(s) were still being made elsewhere: erase once more when they are done."


def _sent(receipt: Receipt) -> Iterator[str]:
    for each in receipt.outside:
        yield (
            f"Outside, {each.engine}, {each.model}: was sent something {each.requests} times, the last on "
            f"{each.last:%Y-%m-%d}. OpenAI may hold it until {each.until:%Y-%m-%d}; another service has "
            "rules of its own."
        )
        if each.request_ids:
            yield f"  To name to it: {', '.join(each.request_ids)}"
    for job in receipt.jobs:
        why = f" ({job.why})" if job.why else ""
        yield f"  Job {job.id}: {job.end}{why}"
    if receipt.chat:
        yield (
            "Outside, the language model's service: was sent the conversation; OpenAI may hold it for up to "
            f"{OUTSIDE_DAYS} days."
        )


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "none"
