"""What a picture service must offer to be used by the studio.

An engine knows its service's wire: how to ask, how the answer is read, what the errors mean. It knows nothing
of the ledger, of money, or of people. The answer is never held in memory: the studio writes it to a file as
it arrives, and the engine reads that file.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pybase64

from coach.studio._examine import Examined, Glanced
from coach.studio.capabilities import Capabilities
from coach.studio.planner import Operation


@dataclass(frozen=True, kw_only=True)
class ImagePart:
    """A picture that goes along. ``name`` is what the service sees: it says nothing about the person."""

    name: str
    data: bytes
    media_type: str

    @property
    def data_url(self) -> str:
        """The picture as it goes into JSON."""
        return f"data:{self.media_type};base64,{pybase64.b64encode_as_string(self.data)}"


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to ask the service for. ``params`` are the service's own, beside the prompt and the pictures."""

    operation: Operation
    model: str
    prompt: str
    params: Mapping[str, Any]
    images: tuple[ImagePart, ...] = ()
    mask: ImagePart | None = None


class Span(NamedTuple):
    """Part of an answer, in bytes from its beginning; ``end`` is the first byte after it."""

    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class PartialImage:
    """An unfinished picture, decoded into a file. ``index`` counts from 0."""

    index: int
    picture: Glanced


@dataclass(frozen=True, kw_only=True)
class Received:
    """What an answer held.

    Attributes:
        pictures: The finished pictures, decoded into files; the service's bytes, untouched.
        unreadable: How many more it should have held but could not be decoded, or are damaged.
        usage: The service's count of what it charges for, as it came.
    """

    pictures: tuple[Examined, ...]
    unreadable: int
    usage: Mapping[str, Any] | None


Begun = Callable[[str], Awaitable[None]]
"""Takes down the id of a service's job."""


class Answer(Protocol):
    """An answer that is arriving."""

    @property
    def request_id(self) -> str | None:
        """The service's id of the request."""

    @property
    def media_type(self) -> str:
        """The answer's content type."""

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives, byte for byte.

        Raises:
            PictureError: The connection broke.
        """


class PartialFinder(Protocol):
    """Finds the partial images in an answer while it arrives."""

    def feed(self, chunk: bytes) -> list[Span]:
        """Take the next bytes; say where the partial images lie that they complete."""

    def others(self) -> list[Span] | None:
        """Once all of it was fed: where finished pictures may lie; ``None``: that was not looked for."""


class NoPartials:
    """A :class:`PartialFinder` for answers without partial images."""

    def feed(self, chunk: bytes) -> list[Span]:
        """None."""
        return []

    def others(self) -> None:
        """Not looked for."""


class Engine(Protocol):
    """A picture service."""

    @property
    def name(self) -> str:
        """A short name for the ledger."""

    @property
    def service(self) -> str:
        """Whose models it makes pictures with: the ``engine`` of their lines in the capability table."""

    @property
    def keeps_jobs(self) -> timedelta:
        """For how long its service has what came of a job at most; zero where it has no jobs."""

    @property
    def stops_jobs(self) -> bool:
        """Whether :meth:`forget` stops a job that is not done, so that it says it was cancelled."""

    def offers(self, table: Capabilities) -> Capabilities:
        """What of its service's models can be had through this engine, and for how much; others are left as
        they are."""

    def send(self, order: Order, *, begun: Begun) -> AbstractAsyncContextManager[Answer]:
        """Ask once, and never again by itself. Leaving the context closes the connection.

        Args:
            order: What to ask for.
            begun: Awaited with the id of the service's job, where it has jobs, before anything else is asked.

        Raises:
            PictureError: No answer to read; ``paid`` says what is known.
        """

    def resume(self, job_id: str) -> AbstractAsyncContextManager[Answer]:
        """Go on with a job that was begun; it costs nothing more.

        Raises:
            PictureError: No answer to read; ``paid`` says what is known. A service without jobs has none.
        """

    async def forget(self, job_id: str) -> bool:
        """Have the service delete what it keeps of a job. Returns whether there was anything.

        Raises:
            PictureError: It could not be asked, or did not do it.
        """

    def find_partials(self, media_type: str) -> PartialFinder:
        """A finder for an answer of this type."""

    def read_partial(self, body: Path, span: Span, into: Path) -> PartialImage:
        """Decode one partial image into the file ``into``. Blocks; run it in a thread.

        Raises:
            ValueError: It cannot be decoded.
        """

    def read(self, body: Path, media_type: str, into: Path, where: Sequence[Span] | None = None) -> Received:
        """Decode the finished pictures into files named ``into`` plus ``.0``, ``.1`` …. Blocks; run it in a
        thread.

        Args:
            where: What :meth:`PartialFinder.others` said of this answer: it need not be looked for again.

        Raises:
            PictureError: The answer holds no picture, or is not one the service can have meant.
        """
