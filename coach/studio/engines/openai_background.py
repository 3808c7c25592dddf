"""GPT Image in the background: the Responses API, whose job has an id before the work starts.

The id is written down as soon as it is known, so a crash, a broken connection or a deadline does not lose the
picture: the same job is asked for again. What stays unknown is a crash between the post leaving and its id
arriving: the doubt shrinks from the length of the generation (10 to 120 seconds) to the length of one small
post. The service keeps what it made for about 10 minutes (OpenAI background mode guide), so it is not for
projects with zero data retention.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
from openai import APIStatusError, AsyncOpenAI, AsyncStream, NotFoundError, OpenAIError

from coach.errors import Paid, PictureError
from coach.studio.capabilities import Capabilities
from coach.studio.engines import Answer, Begun, Order, Received, Span
from coach.studio.engines._jobs import HUNG, PASSING, Arriving, Job, JobEngine
from coach.studio.engines._openai_errors import from_status
from coach.studio.engines._payload import Pictures, Text, named, parse
from coach.studio.engines._post import Post
from coach.studio.engines._responses import request_body, text_field, usage_of, why_none
from coach.studio.faults import fault

_PENDING = ("queued", "in_progress")
_RESULT = named(b"result")
_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")


class OpenAIBackgroundEngine(JobEngine):
    """One picture at a time through the ``openai`` SDK, as a job that can be taken up again.

    The picture model is called by a text model, which is paid beside it; see ``called_by`` of
    :class:`coach.studio.Capabilities`. The post leaves once, as that of :class:`coach.studio.GptImageEngine`.

    Args:
        client: The SDK's client.
        model: The text model; it must offer the image generation tool.
        seconds: How long one picture may take in all. After that its job still goes on at the service.
        poll: Seconds between two looks at a job; they grow to five times that.
    """

    name, service = "openai-background", "openai"
    keeps_jobs = timedelta(hours=1)  # about ten minutes, by its guide on the background mode
    kept_for, stops_jobs = "about 10 minutes", False

    def __init__(
        self, client: AsyncOpenAI, *, model: str = "gpt-5.6-luna", seconds: float = 300, poll: float = 2
    ) -> None:
        super().__init__(seconds=seconds, poll=poll)
        self._client, self._model = client, model

    def offers(self, table: Capabilities) -> Capabilities:
        """What of the models can be had this way: one picture at a time, without previews, and both paid."""
        return table.called_by(self._model)

    @asynccontextmanager
    async def send(self, order: Order, *, begun: Begun) -> AsyncIterator[Answer]:
        """See :class:`coach.studio.engines.Engine`."""
        body, post = request_body(order, self._model), Post(self._client)

        async def take(job: Job) -> None:
            await _begin(job, _arriving(await post.send("/responses", body)))

        async with self._asked(post, take, begun) as answer:
            yield answer

    async def forget(self, job_id: str) -> bool:
        """Have the service delete what it keeps of a job: what it was sent, and the picture.

        Returns:
            Whether it had anything of it.

        Raises:
            PictureError: It could not be asked, or does not do so.
        """
        try:
            await self._client.with_options(timeout=HUNG, max_retries=2).responses.delete(job_id)
        except NotFoundError:
            return False
        except APIStatusError as exc:
            raise from_status(exc) from None
        except OpenAIError as exc:
            detail = f"Not asked ({type(exc).__name__})."
            raise fault("connection_lost", paid="unpaid", detail=detail) from None
        return True

    def read(self, body: Path, media_type: str, into: Path, where: Sequence[Span] | None = None) -> Received:
        """See :class:`coach.studio.engines.Engine`."""
        pictures = Pictures(into)
        paid: Paid = "unknown"
        try:
            with Text(body) as text:
                answer, taken = parse(text, text.whole, pictures.take, begins=_RESULT)
            if not isinstance(answer, dict):
                raise ValueError("not an object")
            if not taken:
                raise why_none(answer)
            paid = "paid"
            if not pictures.good:
                raise ValueError("no picture")
        except ValueError as exc:
            # One that was cut on its way is not what the service has: it can be fetched again.
            detail = f"The answer is not as documented ({type(exc).__name__})."
            raise fault("bad_answer", paid=paid, detail=detail) from None
        return Received(pictures=tuple(pictures.good), unreadable=pictures.bad, usage=usage_of(answer))

    async def _look(self, job: Job) -> Arriving | None:
        """The answer of a job that is done; ``None`` while it is not, or while that cannot be learned."""
        job.wait = 0.0
        try:
            async with asyncio.timeout(HUNG):
                return await _if_final(await self._get(f"/responses/{job.id}"))
        except NotFoundError:
            detail = f"The job {job.id} is no longer there; the service keeps them for {self.kept_for}."
            raise fault("interrupted", paid="unknown", detail=detail, request_id=job.request_id) from None
        except APIStatusError as exc:
            error = from_status(exc)
            if error.code not in PASSING:
                detail = f"The job {job.id} cannot be looked at. {error.detail}"
                raise fault(error.code, paid="unknown", detail=detail, request_id=job.request_id) from None
            job.wait = error.retry_after or 0.0
        except (OpenAIError, PictureError, TimeoutError):
            pass  # no connection, or one that broke or fell silent
        return None

    async def _get(self, path: str) -> Arriving:
        stream = await self._client.get(
            path,
            cast_to=object,
            options={
                "headers": {"Accept-Encoding": "identity"},
                "max_retries": 0,
                "follow_redirects": False,
                "timeout": httpx2.Timeout(None, connect=10),
            },
            stream=True,
            stream_cls=AsyncStream[object],
        )
        return _arriving(stream)


def _arriving(stream: AsyncStream[object]) -> Arriving:
    return Arriving(stream.response, stream.close)


async def _find(answer: Arriving, name: str) -> str | None:
    """A text near the beginning of an answer; ``None``: it is not there."""
    while (found := text_field(answer.head, name)) is None and await answer.more():
        pass
    return found


async def _begin(job: Job, answer: Arriving) -> None:
    """Learn the id of a job that was posted; nothing else of the answer matters."""
    job.request_id = answer.request_id
    try:
        found = await _find(answer, "id")
    finally:
        await answer.close()
    if found is None or not _ID.fullmatch(found):
        detail = "The service took the job and gave it no id."
        raise fault("bad_answer", paid="unknown", detail=detail, request_id=job.request_id)
    job.id = found


async def _if_final(answer: Arriving) -> Arriving | None:
    """The answer, when its job is done; else it is closed."""
    final = False
    try:
        status = await _find(answer, "status")
        final = status is not None and status not in _PENDING
    finally:
        if not final:
            await answer.close()
    return answer if final else None
