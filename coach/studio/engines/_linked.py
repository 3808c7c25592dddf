"""A picture that a service made and gave a link to: fetched as whatever a stranger links to is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from coach.errors import FetchRefused, Paid, PictureError
from coach.fetch import Fetcher
from coach.studio._examine import ENOUGH, looks_like_picture
from coach.studio.engines import Answer
from coach.studio.faults import fault

_PAUSES = (1.0, 3.0)
"""Seconds after which a link is followed again: a picture may be there a moment later than its link."""

_FOR_GOOD = frozenset({"bad_url", "redirects", "too_large", "encoding"})
"""Refusals of the fetcher that the next time would end in too."""


@asynccontextmanager
async def follow(fetcher: Fetcher, link: str, request_id: str | None) -> AsyncIterator[Answer]:
    """The picture behind a link, as an answer.

    Args:
        link: As the service gave it: a stranger's.
        request_id: The service's id of the request it is the answer to.

    Raises:
        PictureError: ``not_fetched``; paid when the next time would end in the same, else it can be fetched
            later: also where something else lies, as long as its service still works on the picture.
    """
    pauses = iter(_PAUSES)
    while True:
        async with AsyncExitStack() as stack:
            try:
                fetching = await stack.enter_async_context(fetcher.open(link))
                pieces = fetching.chunks()
                head = await _head(pieces)
            except FetchRefused as refused:
                error = _not_fetched(refused, request_id)
            else:
                if looks_like_picture(head):
                    yield _Followed(fetching.media_type, head, pieces, request_id)
                    return
                error = _fault("something else than a picture is there", "unknown", request_id)
        pause = next(pauses, None)
        if pause is None or error.paid == "paid":
            raise error
        await asyncio.sleep(pause)


async def _head(pieces: AsyncIterator[bytes]) -> bytes:
    """So much of the beginning that it can be told what it is."""
    head = b""
    async for piece in pieces:
        head += piece
        if len(head) >= ENOUGH:
            break
    return head


class _Followed:
    """A picture that arrives from where the link leads."""

    def __init__(
        self, claimed: str, head: bytes, pieces: AsyncIterator[bytes], request_id: str | None
    ) -> None:
        self._head, self._pieces, self.request_id = head, pieces, request_id
        # It is a claim, and what is no picture must not be taken for a reply of the service itself.
        self.media_type = claimed if claimed.startswith("image/") else "application/octet-stream"

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self._head
        try:
            async for piece in self._pieces:
                yield piece
        except FetchRefused as refused:
            raise _not_fetched(refused, self.request_id) from None


def _not_fetched(refused: FetchRefused, request_id: str | None) -> PictureError:
    """The picture was made; it is just not here, and may come yet."""
    status = f", HTTP {refused.status}" if refused.status else ""
    paid: Paid = "paid" if refused.reason in _FOR_GOOD else "unknown"
    return _fault(f"{refused.reason}{status}", paid, request_id)


def _fault(why: str, paid: Paid, request_id: str | None) -> PictureError:
    follows = "" if paid == "paid" else " It is tried again at the next start."
    detail = f"The link could not be followed ({why}).{follows}"
    return fault("not_fetched", paid=paid, detail=detail, request_id=request_id)
