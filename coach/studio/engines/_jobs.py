"""What the engines share whose service works on jobs: the id is taken down first, then one looks until it is
done. Looking costs nothing, so it is done again however it fails; the post leaves once."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import httpx2

from coach._reached import reached
from coach.errors import PictureError
from coach.studio.engines import Answer, Begun, NoPartials, PartialFinder, PartialImage, Span
from coach.studio.engines._once import Once
from coach.studio.engines._openai_errors import from_transport, request_id_of
from coach.studio.faults import fault

HUNG = 30.0
"""Seconds after which a look that says nothing is taken again."""

PASSING = frozenset({"connection_lost", "rate_limited", "service_error"})
"""A look that ends like this is taken again: looking costs nothing."""

_HEAD = 64 * 1024
"""How much of an answer is read to see how its job stands: without a picture it is shorter."""


@dataclass(kw_only=True)
class Job:
    """A job of a service, as far as it is known; ``wait``: the seconds it asked us to wait."""

    post: Once | None = None
    id: str = ""
    request_id: str | None = None
    wait: float = 0.0


class Arriving:
    """An answer of which the beginning was read already.

    Attributes:
        head: What was read of it so far.
    """

    def __init__(self, response: httpx2.Response, close: Callable[[], Awaitable[None]]) -> None:
        self.request_id = request_id_of(response.headers)
        self.media_type: str = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        self.close = close
        self.head = b""
        self._rest = response.aiter_raw()

    @property
    def is_long(self) -> bool:
        """Whether so much was read that it can only be one with a picture."""
        return len(self.head) >= _HEAD

    async def more(self) -> bool:
        """Read on; ``False``: that was all, or more than is to be read before it is known what it is."""
        if self.is_long:
            return False
        chunk = await self._next()
        self.head += chunk
        return bool(chunk)

    async def chunks(self) -> AsyncIterator[bytes]:
        """All of it, from its beginning."""
        chunk = self.head
        while chunk:
            yield chunk
            chunk = await self._next()

    async def _next(self) -> bytes:
        try:
            return await anext(self._rest, b"")
        except (httpx2.HTTPError, OSError) as exc:
            raise from_transport(exc, self.request_id) from None


class JobEngine(ABC):
    """The way of a job: posted, taken down, looked at, done.

    Args:
        seconds: How long one picture may take in all. After that its job still goes on at the service.
        poll: Seconds between two looks at a job; they grow to five times that.
        looks: How often it is looked at, at most; ``None``: as often as there is time.
    """

    kept_for: ClassVar[str]
    """For how long the service has what came of a job, in words."""

    def __init__(self, *, seconds: float, poll: float, looks: int | None = None) -> None:
        self._seconds, self._poll, self._looks = seconds, poll, looks

    @asynccontextmanager
    async def resume(self, job_id: str) -> AsyncIterator[Answer]:
        """See :class:`coach.studio.engines.Engine`."""
        async with self._in_time(Job(id=job_id)) as job, self._done(job) as answer:
            yield await self._opened(answer)

    def find_partials(self, media_type: str) -> PartialFinder:
        """See :class:`coach.studio.engines.Engine`."""
        return NoPartials()

    def read_partial(self, body: Path, span: Span, into: Path) -> PartialImage:
        """See :class:`coach.studio.engines.Engine`."""
        raise ValueError("a job has no previews")

    @asynccontextmanager
    async def _asked(
        self, post: Once, take: Callable[[Job], Awaitable[None]], begun: Begun
    ) -> AsyncIterator[Answer]:
        """What comes of a new job.

        Args:
            post: What the job is posted with.
            take: Posts it and learns its id.
        """
        async with self._in_time(Job(post=post)) as job:
            await take(job)
            reached("job_posted")
            await begun(job.id)
            reached("job_begun")
            async with self._done(job) as answer:
                yield await self._opened(answer)

    async def _opened(self, answer: Arriving) -> Answer:
        """What is made of the answer of a job that is done."""
        return answer

    @abstractmethod
    async def _look(self, job: Job) -> Arriving | None:
        """The answer of a job that is done; ``None`` while it is not, or while that cannot be learned.

        Raises:
            PictureError: Looking again would not help.
        """

    @asynccontextmanager
    async def _done(self, job: Job) -> AsyncIterator[Arriving]:
        """Look at a job, gently, until it is done."""
        pause, looks = self._poll, 1
        while (answer := await self._look(job)) is None:
            if looks == self._looks:
                raise self._late(job, f"Not done after {looks} looks.")
            reached("job_waits")
            await asyncio.sleep(max(pause, job.wait))
            pause, looks = min(pause * 1.5, self._poll * 5), looks + 1
        answer.request_id = job.request_id or answer.request_id
        try:
            yield answer
        finally:
            await answer.close()

    @asynccontextmanager
    async def _in_time(self, job: Job) -> AsyncIterator[Job]:
        deadline = asyncio.timeout(self._seconds)
        try:
            async with deadline:
                yield job
        except TimeoutError:
            if not deadline.expired():
                raise
            if job.post and not job.post.left:
                raise job.post.broken(TimeoutError()) from None
            raise self._late(job, f"Not done within {self._seconds:g} seconds.") from None

    def _late(self, job: Job, late: str) -> PictureError:
        if job.id:
            late += f" The job {job.id} goes on; what comes of it can be fetched for {self.kept_for}."
        return fault("timeout", paid="unknown", detail=late, request_id=job.request_id)
