"""A picture that a service made and gave a link to: fetched as whatever a stranger links to is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from coach.errors import FetchRefused, PictureError
from coach.fetch import Fetcher, Fetching
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
            later.
    """
    async with AsyncExitStack() as stack:
        pauses = iter(_PAUSES)
        while True:
            try:
                fetching = await stack.enter_async_context(fetcher.open(link))
                break
            except FetchRefused as refused:
                pause = next(pauses, None)
                if pause is None or refused.reason in _FOR_GOOD:
                    raise _not_fetched(refused, request_id) from None
            await asyncio.sleep(pause)
        yield _Followed(fetching, request_id)


class _Followed:
    """A picture that arrives from where the link leads."""

    def __init__(self, fetching: Fetching, request_id: str | None) -> None:
        self._fetching, self.request_id = fetching, request_id
        # It is a claim, and what is no picture must not be taken for a reply of the service itself.
        claimed = fetching.media_type
        self.media_type = claimed if claimed.startswith("image/") else "application/octet-stream"

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._fetching.chunks():
                yield piece
        except FetchRefused as refused:
            raise _not_fetched(refused, self.request_id) from None


def _not_fetched(refused: FetchRefused, request_id: str | None) -> PictureError:
    """The picture was made; it is just not here, and may come yet."""
    for_good = refused.reason in _FOR_GOOD
    status = f", HTTP {refused.status}" if refused.status else ""
    follows = "" if for_good else " It is tried again at the next start."
    detail = f"The link could not be followed ({refused.reason}{status}).{follows}"
    return fault("not_fetched", paid="paid" if for_good else "unknown", detail=detail, request_id=request_id)
