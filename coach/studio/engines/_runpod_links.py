"""A result that came by way of a bucket: its links are followed, and the answer goes on with the pictures."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pybase64

from coach.errors import PictureError
from coach.fetch import Fetcher
from coach.studio.engines import Answer
from coach.studio.engines._jobs import Arriving
from coach.studio.engines._linked import follow
from coach.studio.engines._runpod_reply import is_link, places_of, usage_of

_KEPT = ("id", "status", "delayTime", "executionTime", "workerId")
"""What is taken over from the answer: a signed link lets everybody see the picture, so it is not."""


_NONE = b"-"
"""In place of a picture whose link leads nowhere for good: it is counted as one that cannot be read."""


async def read_small(answer: Arriving) -> Mapping[str, Any] | None:
    """An answer as an object, when it is one, and not so long that it must hold a picture; it can be read
    again.

    Raises:
        PictureError: The connection broke.
    """
    while await answer.more():
        pass
    try:
        said = None if answer.is_long else json.loads(answer.head)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


async def with_pictures(fetcher: Fetcher, answer: Arriving) -> Answer:
    """The answer itself, or where there are links in it, one with what they lead to in their place.

    Raises:
        PictureError: The connection broke.
    """
    said = await read_small(answer)
    places = places_of(said) if said and said.get("status") == "COMPLETED" else []
    return _Filled(fetcher, said, places, answer) if said and any(map(is_link, places)) else answer


class _Filled:
    """The answer of worker-comfyui with base64 in it, whatever shape it came in."""

    def __init__(
        self, fetcher: Fetcher, said: Mapping[str, Any], places: Sequence[str], answer: Arriving
    ) -> None:
        self._fetcher, self._said, self._places = fetcher, said, places
        self.request_id, self.media_type = answer.request_id, answer.media_type

    async def chunks(self) -> AsyncIterator[bytes]:
        head = json.dumps({name: self._said[name] for name in _KEPT if name in self._said})
        yield f'{head[:-1]}, "output": {{"images": ['.encode()
        for number, place in enumerate(self._places):
            yield b'%s{"type": "base64", "data": "' % (b", " if number else b"")
            async for piece in self._picture(place):
                yield piece
            yield b'"}'
        yield b"]}}"

    async def _picture(self, place: str) -> AsyncIterator[bytes]:
        """A picture's base64, while it comes."""
        if not is_link(place):
            yield json.dumps(place)[1:-1].encode()
            return
        rest, began = b"", False
        try:
            async with follow(self._fetcher, place, self.request_id) as picture:
                async for piece in picture.chunks():
                    began = True
                    rest += piece
                    whole = len(rest) // 3 * 3
                    yield pybase64.b64encode(rest[:whole])
                    rest = rest[whole:]
        except PictureError as error:
            if error.paid == "paid" and not began and len(self._places) > 1:
                yield _NONE  # it never comes, and the others are no worse for that
                return
            error.usage = usage_of(self._said)
            raise
        yield pybase64.b64encode(rest)
