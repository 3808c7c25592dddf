"""GPT Image: OpenAI's images API, and every server that speaks it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
from openai import AsyncOpenAI

from coach.errors import PictureError
from coach.studio._examine import Glance
from coach.studio.capabilities import Capabilities
from coach.studio.engines import (
    Answer,
    Begun,
    ImagePart,
    NoPartials,
    Order,
    PartialFinder,
    PartialImage,
    Received,
    Span,
)
from coach.studio.engines._openai_errors import from_event, from_transport, request_id_of
from coach.studio.engines._payload import Pictures, Text, decode, parse, plain
from coach.studio.engines._post import Post
from coach.studio.engines._sse import Frame, FrameSplitter
from coach.studio.faults import fault

_EVENTS = "text/event-stream"
_FIELD = re.compile(rb"\s*(event|data|id|retry)?:")
"""How a stream of events begins, whatever the headers call it."""
_PARTIAL = ".partial_image"


class GptImageEngine:
    """Generations and edits through the ``openai`` SDK.

    The SDK gives key, address and headers; what it may not do says :class:`coach.studio.engines._post.Post`.

    Args:
        client: The SDK's client. :meth:`coach.Settings.openai` makes one that reads quickly and bounds the
            bodies of errors; another one is as safe for the money, if its transport and its auth do not copy
            a request and send it again by themselves.
        seconds: How long one picture may take in all, from connecting to the last byte.
    """

    name, service = "gpt-image", "openai"
    keeps_jobs, stops_jobs = timedelta(0), False

    def __init__(self, client: AsyncOpenAI, *, seconds: float = 300) -> None:
        self._client, self._seconds = client, seconds

    def offers(self, table: Capabilities) -> Capabilities:
        """All of it."""
        return table

    @asynccontextmanager
    async def send(self, order: Order, *, begun: Begun) -> AsyncIterator[Answer]:
        """See :class:`coach.studio.engines.Engine`."""
        deadline = asyncio.timeout(self._seconds)
        post, answer = Post(self._client), None
        try:
            async with deadline:
                files = _files(order)
                path = "/images/edits" if files else "/images/generations"
                stream = await post.send(path, {"prompt": order.prompt, **order.params}, files)
                answer = _Answer(stream.response)
                try:
                    yield answer
                finally:
                    await stream.close()
        except TimeoutError:
            if not deadline.expired():
                raise
            if not post.left:
                raise post.broken(TimeoutError()) from None
            late = f"Not answered in full within {self._seconds:g} seconds."
            known = answer.request_id if answer else None
            raise fault("timeout", paid="unknown", detail=late, request_id=known) from None

    @asynccontextmanager
    async def resume(self, job_id: str) -> AsyncIterator[Answer]:
        """The images API has no jobs."""
        raise fault("interrupted", paid="unknown", detail="The images API has no jobs to go on with.")
        yield

    async def forget(self, job_id: str) -> bool:
        """The images API keeps no jobs."""
        return False

    def find_partials(self, media_type: str) -> PartialFinder:
        """See :class:`coach.studio.engines.Engine`."""
        return _PartialFinder() if media_type == _EVENTS else NoPartials()

    def read_partial(self, body: Path, span: Span, into: Path) -> PartialImage:
        """See :class:`coach.studio.engines.Engine`."""
        seen = Glance()
        with Text(body) as text:
            event, shown = parse(text, span, lambda found: decode(found, into, seen))
        if not shown or not isinstance(event, dict):
            raise ValueError("no picture")
        index = event.get("partial_image_index")
        return PartialImage(index=index if isinstance(index, int) else 0, picture=seen.finish(into))

    def read(self, body: Path, media_type: str, into: Path, where: Sequence[Span] | None = None) -> Received:
        """See :class:`coach.studio.engines.Engine`."""
        pictures = Pictures(into)
        try:
            path = plain(body, into.with_name(f"{into.name}.plain"))
            with Text(path) as text:
                if media_type == _EVENTS or text.begins(_FIELD):
                    known = where if where is not None and path == body else _others(text)
                    missing, usage = _events(text, known, pictures)
                else:
                    missing, usage = _whole(text, pictures)
        except ValueError as exc:
            # Our own words: see _payload. json's name a place in the text around the pictures, nothing else.
            detail = f"The answer is not as documented ({type(exc).__name__})."
            raise fault("bad_answer", paid="paid", detail=detail) from None
        if not pictures.good:
            raise fault("bad_answer", paid="paid", detail="The answer holds no picture.", usage=usage)
        return Received(pictures=tuple(pictures.good), unreadable=missing + pictures.bad, usage=usage)


class _Answer:
    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self.request_id = request_id_of(response.headers)
        self.media_type: str = response.headers.get("content-type", "").partition(";")[0].strip().lower()

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._response.aiter_raw():
                yield chunk
        except Exception as exc:  # each transport has its own
            raise from_transport(exc, self.request_id) from exc


class _PartialFinder:
    def __init__(self) -> None:
        self._splitter = FrameSplitter()
        self._others: list[Span] = []

    def feed(self, chunk: bytes | bytearray) -> list[Span]:
        return self._partial(self._splitter.feed(chunk))

    def others(self) -> list[Span]:
        self._partial(self._splitter.finish())
        return self._others

    def _partial(self, frames: Sequence[Frame]) -> list[Span]:
        """Those of them; the others are remembered."""
        self._others += [frame.data for frame in frames if not frame.event.endswith(_PARTIAL)]
        return [frame.data for frame in frames if frame.event.endswith(_PARTIAL)]


def _files(order: Order) -> list[tuple[str, ImagePart]]:
    """The multipart parts, as the SDK's ``images.edit`` names them: ``image``, ``image[]`` for several."""
    field = "image" if len(order.images) == 1 else "image[]"
    files = [(field, image) for image in order.images]
    return [*files, ("mask", order.mask)] if order.mask else files


def _whole(text: Text, pictures: Pictures) -> tuple[int, Mapping[str, Any] | None]:
    """Decode the pictures of a JSON answer. Returns how many are missing from it, and its count."""
    answer, taken = parse(text, text.whole, pictures.take)
    if not isinstance(answer, dict):
        raise ValueError("no object")
    data = answer.get("data")
    listed = len(data) if isinstance(data, list) else 0
    return max(0, listed - len(taken)), _usage(answer)


def _events(text: Text, where: Sequence[Span], pictures: Pictures) -> tuple[int, Mapping[str, Any] | None]:
    """The same of the events of a stream: the pictures of those that are ``completed``."""
    ended: list[tuple[int, Mapping[str, Any] | None]] = []
    error: PictureError | None = None
    for span in where:
        before = pictures.mark()
        try:
            event, taken = parse(text, span, pictures.take)
        except ValueError:  # `[DONE]`, or the end of a stream that was cut
            event, taken = None, []
        failed = event.get("error") if isinstance(event, dict) else None
        if isinstance(event, dict) and not failed and str(event.get("type")).endswith(".completed"):
            ended.append((len(taken), _usage(event)))
        else:
            pictures.forget(before)
            error = from_event(failed) if failed else error
    if not ended:
        raise error or fault("connection_lost", paid="unknown", detail="The stream ended before the picture.")
    drawn = [one for one in ended if one[0]] or ended
    # One count for each of several pictures, or the same one again: nobody says which.
    return 0, drawn[0][1] if len(drawn) == 1 else None


def _others(text: Text) -> list[Span]:
    """Where the events of a stream lie that are no partial images."""
    finder = _PartialFinder()
    text.seek(text.whole)
    for piece in text.pieces():
        finder.feed(piece)
    return finder.others()


def _usage(answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    usage = answer.get("usage")
    return usage if isinstance(usage, dict) else None
