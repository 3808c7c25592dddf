"""The pictures of a persona on one sheet, to look at."""

from __future__ import annotations

import asyncio
from io import BytesIO

from PIL import Image, ImageOps

from coach.personas.make import PersonaPictures
from coach.store import Store, Version
from coach.studio._sheet import Card, side_by_side
from coach.studio.judge import judgement_of
from coach.studio.provenance import Ingredient, Signer, derive, ingredient

_SIDE, _COLUMNS = 300, 5


async def contact_sheet(store: Store, made: PersonaPictures, *, signer: Signer | None = None) -> bytes:
    """A JPEG of the base and the pictures, with how like the base each is where that was measured.

    Raises:
        NotFound: One of them is gone.
    """
    shown = [("base", made.base), *((str(number), each) for number, each in enumerate(made.pictures, 1))]
    drawn = [await _card(store, title, version) for title, version in shown]
    return await asyncio.to_thread(_drawn, [card for card, _ in drawn], [each for _, each in drawn], signer)


async def _card(store: Store, title: str, version: Version) -> tuple[Card, Ingredient]:
    data = await store.blobs.get(version.blob)
    judged = judgement_of(version) if title != "base" else None
    return await asyncio.to_thread(_read, data, title, None if judged is None else judged.likeness)


def _read(data: bytes, title: str, band: str | None) -> tuple[Card, Ingredient]:
    with Image.open(BytesIO(data)) as image:
        picture = ImageOps.fit(image.convert("RGB"), (_SIDE, _SIDE), Image.Resampling.LANCZOS)
    return Card(picture=picture, title=title, band=band), ingredient(data, whole=False)


def _drawn(cards: list[Card], made_from: list[Ingredient], signer: Signer | None) -> bytes:
    sheet, _ = side_by_side(cards, columns=_COLUMNS)
    first, *others = made_from
    return derive(first, sheet, media_type="image/jpeg", kind="sheet", others=others, signer=signer)
