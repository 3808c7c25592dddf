"""GPT Image: OpenAI's images API, and every server that speaks it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from mmap import mmap
from pathlib import Path
from typing import Any

import httpx2
from openai import APIError, AsyncOpenAI, AsyncStream, OpenAIError

from coach.errors import PictureError
from coach.studio.engines import Answer, ImagePart, Order, PartialFinder, PartialImage, Received, Span
from coach.studio.engines._openai_errors import from_event, from_sdk, from_transport
from coach.studio.engines._payload import decode, mapped, parse
from coach.studio.engines._sse import FrameSplitter
from coach.studio.faults import fault

_EVENTS = "text/event-stream"
_BLOCK = 1024 * 1024


class GptImageEngine:
    """Generations and edits through the ``openai`` SDK.

    The SDK gives key, address and headers. Its retries and redirects are off, whatever the client says: each
    of them could post a second time. Compression is declined: it costs more than it saves on base64.

    Args:
        client: The SDK's client.
        seconds: How long one picture may take in all, from connecting to the last byte.
    """

    name = "gpt-image"

    def __init__(self, client: AsyncOpenAI, *, seconds: float = 300) -> None:
        self._client, self._seconds = client, seconds

    @asynccontextmanager
    async def send(self, order: Order) -> AsyncIterator[Answer]:
        """See :class:`coach.studio.engines.Engine`."""
        deadline = asyncio.timeout(self._seconds)
        answer: _Answer | None = None
        try:
            async with deadline:
                stream = await self._post(order)
                answer = _Answer(stream.response)
                try:
                    yield answer
                finally:
                    await stream.close()
        except TimeoutError:
            if not deadline.expired():
                raise
            late = f"Not answered in full within {self._seconds:g} seconds."
            known = answer.request_id if answer else None
            raise fault("timeout", paid="unknown", detail=late, request_id=known) from None

    def find_partials(self, media_type: str) -> PartialFinder:
        """See :class:`coach.studio.engines.Engine`."""
        return _PartialFinder(media_type)

    def read_partial(self, body: Path, span: Span, into: Path) -> PartialImage:
        """See :class:`coach.studio.engines.Engine`."""
        with mapped(body) as text:
            event, pictures = parse(text, span)
            if not pictures or not isinstance(event, dict):
                raise ValueError("no picture")
            decode(text, pictures[0], into)
        index = event.get("partial_image_index")
        return PartialImage(index=index if isinstance(index, int) else 0, path=into)

    def read(self, body: Path, media_type: str, into: Path) -> Received:
        """See :class:`coach.studio.engines.Engine`."""
        try:
            with mapped(body) as text:
                spans, missing, usage = _events(body, text) if media_type == _EVENTS else _whole(text)
                named = [(into.with_name(f"{into.name}.{number}"), span) for number, span in enumerate(spans)]
                good = tuple(path for path, span in named if _decoded(text, span, path))
        except ValueError as exc:
            # Our own words: see _payload. json's name a place in the text around the pictures, nothing else.
            raise _bad(f"The answer is not as documented ({type(exc).__name__}).") from None
        if not good:
            raise _bad("The answer holds no picture.")
        return Received(pictures=good, unreadable=missing + len(spans) - len(good), usage=usage)

    async def _post(self, order: Order) -> AsyncStream[object]:
        body = {"prompt": order.prompt, **order.params}
        headers = {"Accept-Encoding": "identity"}
        files = _files(order)
        if files:
            headers["Content-Type"] = "multipart/form-data"
        try:
            return await self._client.post(
                "/images/edits" if files else "/images/generations",
                cast_to=object,
                body=body,
                files=files or None,
                options={
                    "headers": headers,
                    "max_retries": 0,
                    "follow_redirects": False,
                    # The rest is up to the deadline: a time-out for each read is not one for the whole.
                    "timeout": httpx2.Timeout(None, connect=10),
                },
                # The SDK leaves the body of a stream unread; it is read, as it comes, by `_Answer`.
                stream=True,
                stream_cls=AsyncStream[object],
            )
        except APIError as exc:
            raise from_sdk(exc) from None
        except OpenAIError as exc:
            detail = f"The SDK had no way to sign the request ({type(exc).__name__}); check OPENAI_API_KEY."
            raise fault("not_sent", paid="unpaid", detail=detail) from None


class _Answer:
    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self.request_id: str | None = response.headers.get("x-request-id")
        self.media_type: str = response.headers.get("content-type", "").partition(";")[0].strip().lower()

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._response.aiter_raw():
                yield chunk
        except (httpx2.HTTPError, ssl.SSLError) as exc:
            raise from_transport(exc, self.request_id) from None


class _PartialFinder:
    def __init__(self, media_type: str) -> None:
        self._frames = FrameSplitter() if media_type == _EVENTS else None

    def feed(self, chunk: bytes) -> list[Span]:
        frames = self._frames.feed(chunk) if self._frames else []
        return [frame.data for frame in frames if frame.event.endswith(".partial_image")]


def _files(order: Order) -> list[tuple[str, tuple[str, bytes, str]]]:
    """The multipart parts, as the SDK's ``images.edit`` names them: ``image``, ``image[]`` for several."""
    field = "image" if len(order.images) == 1 else "image[]"
    files = [(field, _part(image)) for image in order.images]
    return [*files, ("mask", _part(order.mask))] if order.mask else files


def _part(image: ImagePart) -> tuple[str, bytes, str]:
    return (image.name, image.data, image.media_type)


def _whole(text: mmap) -> tuple[list[Span], int, Mapping[str, Any] | None]:
    """The pictures of a JSON answer, how many are missing from it, and its count."""
    answer, pictures = parse(text, Span(0, len(text)))
    if not isinstance(answer, dict) or not isinstance(answer.get("data"), list):
        raise ValueError("no data")
    return pictures, max(0, len(answer["data"]) - len(pictures)), _usage(answer)


def _events(body: Path, text: mmap) -> tuple[list[Span], int, Mapping[str, Any] | None]:
    """The same of a stream: the pictures of its ``completed`` events."""
    found: list[Span] = []
    usage: Mapping[str, Any] | None = None
    error: PictureError | None = None
    for span in _frames(body):
        try:
            event, pictures = parse(text, span)
        except ValueError:  # `[DONE]`, or the end of a stream that was cut
            continue
        if not isinstance(event, dict):
            continue
        if event.get("error"):
            error = from_event(event["error"])
        elif str(event.get("type")).endswith(".completed"):
            found += pictures
            usage = _usage(event)
    if not found:
        raise error or fault("connection_lost", paid="unknown", detail="The stream ended before the picture.")
    return found, 0, usage


def _frames(body: Path) -> list[Span]:
    splitter = FrameSplitter()
    with body.open("rb") as file:
        blocks = iter(lambda: file.read(_BLOCK), b"")
        frames = [frame for block in blocks for frame in splitter.feed(block)]
    return [frame.data for frame in [*frames, *splitter.finish()]]


def _usage(answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    usage = answer.get("usage")
    return usage if isinstance(usage, dict) else None


def _decoded(text: mmap, span: Span, path: Path) -> bool:
    try:
        decode(text, span, path)
    except ValueError:
        path.unlink(missing_ok=True)
        return False
    return True


def _bad(detail: str) -> PictureError:
    return fault("bad_answer", paid="paid", detail=detail)
