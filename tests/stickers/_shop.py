"""Stickers with a person, a picture service that answers what a test prepared, and somebody's link."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image as Pixels
from PIL import ImageDraw

from coach import Context
from coach.fetch import Fetcher
from coach.stickers.exchange import Stickers
from coach.stickers.outcome import Outcome
from coach.stickers.request import StickerRequest
from coach.store import Store
from coach.studio import Studio
from tests.stickers._phrasings import SEED_IMAGE, SEED_SPEC
from tests.studio._service import Reply, Service, answer, says, service
from tests.studio._workshop import ANA, Workshop, workshop

NOW = "Generate the image NOW."
HODL = "Character holding a sign saying HODL"


def cutout(colour: str = "navy") -> bytes:
    """A picture that a sticker can be made of: an oval on nothing."""
    image = Pixels.new("RGBA", (256, 256))
    ImageDraw.Draw(image).ellipse((40, 10, 216, 246), fill=colour)
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def draws(*colours: str) -> list[Reply]:
    """The picture service's answers: one for each colour; of ``""`` a picture with a background."""
    return [says(answer(cutout(each) if each else _full())) for each in colours]


def _full() -> bytes:
    file = BytesIO()
    Pixels.new("RGB", (256, 256), "red").save(file, "PNG")
    return file.getvalue()


@dataclass(kw_only=True)
class Shop:
    """What a test needs.

    Attributes:
        site: Whose link the base picture has; it counts who fetches it.
    """

    w: Workshop
    site: Service
    stickers: Stickers

    @property
    def url(self) -> str:
        """Where the base picture is."""
        return f"http://127.0.0.1:{self.site.port}/asset.png?token=secret"

    @property
    def posts(self) -> int:
        """How often a picture was asked for."""
        return len(self.w.upstream.asked)

    def other(self, studio: Studio | None = None, **options: Any) -> Stickers:
        """The service as another process has it."""
        trusted = [f"http://127.0.0.1:{self.site.port}"]
        return Stickers(
            store=self.w.store,
            studio=studio or self.w.new_studio(),
            fetcher=Fetcher(http=True, trusted=trusted),
            **options,
        )

    async def ask(
        self, message: str = "", *, user_id: str = ANA, by: Stickers | None = None, **fields: Any
    ) -> Outcome:
        """Ask as somebody; ``url=None`` leaves the base picture out."""
        url = fields.pop("url", self.url)
        asked = {"message": message, **({} if url is None else {"base_image_url": url}), **fields}
        ctx = self.w.context("", user_id=user_id)
        return await (by or self.stickers).ask(ctx, StickerRequest.model_validate(asked))

    async def spec(self, **fields: Any) -> Outcome:
        """The seed's first request."""
        return await self.ask(SEED_SPEC, **{"mode": "custom", "user_prompt": HODL, **fields})

    async def now(self, **fields: Any) -> Outcome:
        """The seed's second request."""
        return await self.ask(SEED_IMAGE, **fields)


@asynccontextmanager
async def shop(store: Store, folder: Path, photo: bytes, *replies: Reply) -> AsyncIterator[Shop]:
    """Open one whose picture service gives ``replies``."""
    async with (
        workshop(store, folder, photo, *replies) as w,
        service(says(photo, media_type="text/html")) as site,
    ):
        found = Shop(w=w, site=site, stickers=None)  # type: ignore[arg-type]
        found.stickers = found.other(w.studio)
        yield found


def context(user_id: str = ANA) -> Context:
    """A person outside any talk."""
    return Context(user_id=user_id)
