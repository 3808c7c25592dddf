"""A picture that becomes clear, as the picture service's own events (OpenAI images streaming reference)."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from coach._stream import Emit, Stream
from coach.errors import CoachError
from coach.events import Event, Preview
from coach.server.inline import Inline, written
from coach.server.problems import of_error
from coach.server.routes._picture_form import Asked
from coach.server.routes._pictures import Show
from coach.server.running import Running
from coach.server.told import picture
from coach.store import Version
from coach.store.blobs import ENDINGS
from coach.studio import Edited, Studio
from coach.studio.generation import Generation

_FORMATS = {ending: media_type.removeprefix("image/") for media_type, ending in ENDINGS.items()}

News = Event | Edited | CoachError
"""What happens, and at last what came of it."""


async def news_of(make: Callable[[Emit], Coroutine[Any, Any, Edited]]) -> AsyncIterator[News]:
    """What becomes of a request. It goes on when nobody follows it any more."""
    making = Stream(make)
    try:
        async for event in making:
            yield event
        yield await making
    except CoachError as error:
        yield error


@dataclass(frozen=True, kw_only=True)
class Telling:
    """How the news of one request are told.

    Attributes:
        show: Makes of a blob's key a link.
        links: Whether pictures are told as links only.
    """

    here: Running
    asked: Asked
    show: Show
    links: bool

    async def frames(self, news: AsyncGenerator[News | None, None]) -> AsyncIterator[bytes]:
        """The events as they are sent, in pieces."""
        async with aclosing(news):
            async for each in news:
                async for piece in self._told(each):
                    yield piece

    async def _told(self, news: News | None) -> AsyncIterator[bytes]:
        if news is None:
            yield KEEPALIVE_COMMENT
        elif isinstance(news, CoachError):
            yield format_sse_event(event="error", data_str=bytes(of_error(news).body).decode())
        elif isinstance(news, Edited):
            studio = self.here.coach.service("studio", Studio)
            entry = await studio.generation(news.versions[0].user_id, news.generation_id)
            for version in news.versions:
                async for piece in self._event("completed", _finished(entry.generation, version)):
                    yield piece
        elif isinstance(news, Preview) and await self.here.store.blobs.exists(news.blob):
            async for piece in self._event("partial_image", self._unfinished(news)):
                yield piece

    async def _event(self, name: str, facts: dict[str, Any]) -> AsyncIterator[bytes]:
        name = f"{'image_edit' if self.asked.pictures else 'image_generation'}.{name}"
        told = {"type": name, "created_at": int(time.time()), **self.show(facts)}
        if not self.links:
            told["b64_json"] = Inline(blob=facts["blob"])
        yield f"event: {name}\ndata: ".encode()
        async for piece in written(told, self.here.store.blobs):
            yield piece
        yield b"\n\n"

    def _unfinished(self, preview: Preview) -> dict[str, Any]:
        """Of an unfinished picture as much is known as was asked for; else the service too says `auto`."""
        asked = {name: self.asked.words.get(name, "auto") for name in ("size", "quality", "background")}
        form = _FORMATS[preview.blob.rpartition(".")[2]]
        return {**asked, "output_format": form, "partial_image_index": preview.index, "blob": preview.blob}


def _finished(generation: Generation, version: Version) -> dict[str, Any]:
    return {
        "size": f"{version.width}x{version.height}",
        "quality": generation.params.get("quality", "auto"),  # some models have no choice
        "background": generation.params.get("background", "auto"),
        "output_format": version.media_type.removeprefix("image/"),
        "usage": generation.usage,
        **picture(version),
    }
