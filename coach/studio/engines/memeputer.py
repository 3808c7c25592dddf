"""Memeputer: an agent that is told in words to make a picture, and answers with a link to it.

Which endpoint makes pictures is not documented by its makers. What is known is how the public client of its
sticker bot calls it (MrGood89/PackPuter, read 2026-11-20): the agent's chat, once for a job spec and once for
the picture. With our spec in it the second is enough; that the agent writes its own first is a setting, as is
a direct endpoint, which the user's guide describes.

The reply holds no picture but a link. It is taken down as the id of the job before it is followed: whoever
dies in between follows it at the next start, which costs nothing, and never asks again. It lets everybody see
the picture, so it is in the ledger and in no log.

Its replies say nothing of money, and of what an agent charges for nothing is known: for the call or for the
picture. So a reply without a picture leaves the money in doubt (``unknown``); one with a link was a picture,
and is counted as one. A refusal by status, before the agent was asked, costs nothing. Both steps are one
picture in the ledger, at one price, and are gone through once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2

from coach._durable import private
from coach._reached import reached
from coach.errors import InputRefused, PictureError
from coach.fetch import Fetcher
from coach.studio._examine import Examination
from coach.studio.capabilities import Capabilities
from coach.studio.engines import Answer, Begun, NoPartials, Order, PartialFinder, PartialImage, Received, Span
from coach.studio.engines._linked import follow
from coach.studio.engines._memeputer_orders import ask_body, chat_body, direct_body, links_in
from coach.studio.engines._memeputer_reply import Reply, read_reply
from coach.studio.engines._once import JsonPost
from coach.studio.engines._openai_errors import from_transport, request_id_of
from coach.studio.engines._transport import PictureTransport
from coach.studio.faults import fault

SPEC_SECONDS, PICTURE_SECONDS = 120.0, 180.0
"""How long a reply is waited for, as the bot's client does."""

_MOST_REPLY = 256 * 1024
"""Bytes; a link and some words are less than a kilobyte."""

_REPLY = "application/x-memeputer-reply"
"""The media type, in the spool, of a reply that has no link."""

_CHECK = "COACH_MEMEPUTER_URL, MEMEPUTER_API_KEY"

ReadSpec = Callable[[str], Mapping[str, Any]]
"""Checks a job spec that an agent wrote, as JSON. Raises ``InputRefused``."""


@dataclass(frozen=True, kw_only=True)
class Direct:
    """The endpoint that makes a picture without an agent's chat.

    Attributes:
        path: Below the service's address; ``{agentId}`` stands for the agent.
        header: What the key goes in. As ``authorization`` it goes as ``Bearer``.
    """

    path: str
    header: str = "x-api-key"


class MemeputerEngine:
    """One picture at a time, of one picture.

    Args:
        url: The service's address, without a path.
        key: The developer's key.
        agent: The id of the agent.
        fetcher: Follows the links to pictures.
        usd: What one picture costs; ``None``: not known.
        direct: Make pictures at this endpoint; ``None``: in the agent's chat.
        read_spec: Checks the job spec that the agent writes first; ``None``: it writes none, the order's goes
            along.
        seconds: How long one picture may take in all, with following its link.
        trust_env: Whether the environment may name a proxy.
    """

    name = service = "memeputer"
    keeps_jobs = timedelta(days=1)  # nobody says how long a link is good; trying costs nothing
    stops_jobs = False

    def __init__(
        self,
        *,
        url: str,
        key: str,
        agent: str,
        fetcher: Fetcher,
        usd: Decimal | None = None,
        direct: Direct | None = None,
        read_spec: ReadSpec | None = None,
        seconds: float = 300,
        trust_env: bool = True,
    ) -> None:
        self._url, self._key, self._agent, self._direct = url.rstrip("/"), key, agent, direct
        self._fetcher, self._usd, self._seconds = fetcher, usd, seconds
        self._read_spec = read_spec
        self._client = httpx2.AsyncClient(transport=PictureTransport(trust_env=trust_env), trust_env=False)

    def offers(self, table: Capabilities) -> Capabilities:
        """Its model, at the operator's price."""
        return table.priced(self.service, self._usd)

    @asynccontextmanager
    async def send(self, order: Order, *, begun: Begun) -> AsyncIterator[Answer]:
        """See :class:`coach.studio.engines.Engine`."""
        asked = _Asked()
        async with _in_time(self._seconds, asked):
            data, link = await self._replied(asked, order)
            if link is None:
                yield _Whole(data, asked.request_id)  # kept as it is; :meth:`read` says what it means
                return
            asked.has_link = True
            reached("job_posted")
            await begun(link)
            reached("job_begun")
            async with follow(self._fetcher, link, asked.request_id) as answer:
                yield answer

    @asynccontextmanager
    async def resume(self, job_id: str) -> AsyncIterator[Answer]:
        """Follow the link again. See :class:`coach.studio.engines.Engine`."""
        asked = _Asked(has_link=True)
        async with _in_time(self._seconds, asked), follow(self._fetcher, job_id, None) as answer:
            yield answer

    async def forget(self, job_id: str) -> bool:
        """There is no known way to have a picture deleted.

        Raises:
            PictureError: ``not_deletable``: always.
        """
        say = "Memeputer has no known way to delete a picture; ask its support."
        raise PictureError("not_deletable", paid="unpaid", say=say)

    def find_partials(self, media_type: str) -> PartialFinder:
        """See :class:`coach.studio.engines.Engine`."""
        return NoPartials()

    def read_partial(self, body: Path, span: Span, into: Path) -> PartialImage:
        """See :class:`coach.studio.engines.Engine`."""
        raise ValueError("a link has no previews")

    def read(self, body: Path, media_type: str, into: Path, where: Sequence[Span] | None = None) -> Received:
        """See :class:`coach.studio.engines.Engine`. ``usage`` counts ``pictures``."""
        if media_type == _REPLY:
            raise _without(read_reply(body.read_bytes()), None)
        path, seen = into.with_name(f"{into.name}.0"), Examination()
        path.unlink(missing_ok=True)
        try:
            with body.open("rb") as came, open(path, "xb", opener=private) as file:
                while piece := came.read(_MOST_REPLY):
                    file.write(piece)
                    seen.feed(piece)
            found = seen.finish(path)
        except ValueError:
            path.unlink(missing_ok=True)
            detail = "What the link leads to is no whole PNG, JPEG or WebP."
            raise fault("bad_answer", paid="paid", detail=detail) from None
        return Received(pictures=(found,), unreadable=0, usage={"pictures": 1})

    async def _replied(self, asked: _Asked, order: Order) -> tuple[bytes, str | None]:
        """What the service says in the end, and the link in it."""
        if self._direct:
            return await self._said(asked, self._direct, direct_body(order), order, PICTURE_SECONDS)
        if self._read_spec is None:
            return await self._said(asked, self._chat, chat_body(order), order, PICTURE_SECONDS)
        data, link = await self._said(asked, self._chat, ask_body(order), order, SPEC_SECONDS)
        written = None if link else read_reply(data).spec
        if written is None:  # there is a picture at once, or neither: that is all there will be
            return data, link
        try:
            spec = self._read_spec(written)
        except InputRefused:
            raise _bad("The agent's job spec is not understood.", asked.request_id) from None
        asked.post, asked.has_spec = JsonPost(_CHECK), True
        try:
            return await self._said(asked, self._chat, chat_body(order, spec), order, PICTURE_SECONDS)
        except PictureError as error:
            raise _after_spec(error) from None

    async def _said(
        self, asked: _Asked, to: Direct, body: Mapping[str, Any], order: Order, seconds: float
    ) -> tuple[bytes, str | None]:
        """A reply, and the link in it that did not come from us."""
        data = await self._say(asked, to, body, seconds)
        sent = links_in([body, order.prompt, order.params.get("spec")])
        return data, read_reply(data, sent=sent).link

    @property
    def _chat(self) -> Direct:
        return Direct(path="/v1/agents/{agentId}/chat")

    async def _say(self, asked: _Asked, to: Direct, body: Mapping[str, Any], seconds: float) -> bytes:
        """Post once, and read the whole reply."""
        key = f"Bearer {self._key}" if to.header.lower() == "authorization" else self._key
        path = to.path.replace("{agentId}", quote(self._agent, safe=""))
        async with _in_time(seconds, asked):
            response = await asked.post.send(self._client, self._url + path, {to.header: key}, body)
            asked.request_id = request_id_of(response.headers)
            data = bytearray()
            try:
                async for piece in response.aiter_raw():
                    data += piece
                    if len(data) > _MOST_REPLY:
                        raise _bad("It is longer than a reply with a link.", asked.request_id)
            except (httpx2.HTTPError, OSError) as exc:
                raise from_transport(exc, asked.request_id) from None
            finally:
                await response.aclose()
        return bytes(data)


@dataclass(kw_only=True)
class _Asked:
    """What is known of one picture that was asked for."""

    post: JsonPost = field(default_factory=lambda: JsonPost(_CHECK))
    has_spec: bool = False
    request_id: str | None = None
    has_link: bool = False


class _Whole:
    """A reply that was read already."""

    media_type = _REPLY

    def __init__(self, data: bytes, request_id: str | None) -> None:
        self._data, self.request_id = data, request_id

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self._data


@asynccontextmanager
async def _in_time(seconds: float, asked: _Asked) -> AsyncIterator[None]:
    deadline = asyncio.timeout(seconds)
    try:
        async with deadline:
            yield
    except TimeoutError:
        if not deadline.expired():
            raise
        if not (asked.post.left or asked.has_spec or asked.has_link):
            raise asked.post.broken(TimeoutError()) from None
        late = f"Not done within {seconds:g} seconds."
        late += " The picture can be fetched again." if asked.has_link else ""
        raise fault("timeout", paid="unknown", detail=late, request_id=asked.request_id) from None


def _without(reply: Reply, request_id: str | None) -> PictureError:
    """The error for a reply that says there is no picture, or does not say where."""
    asks = f" It asks for: {', '.join(reply.needs)}." if reply.needs else ""
    code = reply.failure or "bad_answer"
    return fault(
        code, paid="unknown", detail=f"The reply has no link to a picture.{asks}", request_id=request_id
    )


def _after_spec(error: PictureError) -> PictureError:
    """The error of the second step: the first was done by then, and may be charged."""
    if error.paid != "unpaid":
        return error
    detail = f"The agent wrote the job spec, and then: {error.detail}"
    return fault(
        error.code,
        paid="unknown",
        detail=detail,
        request_id=error.request_id,
        retry_after=error.retry_after,
    )


def _bad(why: str, request_id: str | None) -> PictureError:
    return fault("bad_answer", paid="unknown", detail=why, request_id=request_id)
