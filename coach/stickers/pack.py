"""A pack of stickers on one sheet, to look at. Blocking."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw

from coach.errors import InputRefused
from coach.stickers.spec import MAX_BYTES, SIDE
from coach.studio._sheet import Card, side_by_side
from coach.studio.mask import BROKEN
from coach.studio.provenance import Ingredient, Signer, derive, ingredient

MOST = 120
"""How many stickers Telegram takes in a pack."""

COLUMNS = 5
_SHOWN, _SQUARE = 256, 16
_LIGHT, _DARK = "#ffffff", "#d9dde3"


def contact_sheet(stickers: Sequence[Path], into: Path, *, signer: Signer | None = None) -> None:
    """Write a PNG with stickers in rows of five, each named after its file, on a chequered ground.

    Args:
        stickers: 1 to :data:`MOST` files as :func:`~coach.stickers.finish.finish` writes them.
        signer: As there; the stickers are in its manifest by their hash alone.

    Raises:
        InputRefused: There are none or too many, or one is no sticker.
        OSError: A file cannot be read or written.
    """
    if not 1 <= len(stickers) <= MOST:
        raise InputRefused(f"A sheet has 1 to {MOST} stickers.", field="stickers")
    cards, parents = zip(*map(_card, stickers), strict=True)
    sheet, _ = side_by_side(cards, columns=COLUMNS)
    made = derive(parents[0], sheet, media_type="image/png", kind="sheet", others=parents[1:], signer=signer)
    into.write_bytes(made)


def _card(sticker: Path) -> tuple[Card, Ingredient]:
    """A sticker as it is shown, and as its sheet names it."""
    refused = InputRefused("One of the files is no sticker.", field="stickers")
    if sticker.stat().st_size > MAX_BYTES:
        raise refused
    data = sticker.read_bytes()
    try:
        with Image.open(BytesIO(data), formats=("PNG", "WEBP")) as image:
            if image.size != (SIDE, SIDE):
                raise refused
            shown = image.convert("RGBA").resize((_SHOWN, _SHOWN), Image.Resampling.LANCZOS)
    except BROKEN:
        raise refused from None
    ground = _chequered(_SHOWN)
    ground.paste(shown, (0, 0), shown)
    return Card(picture=ground, title=sticker.stem), ingredient(data, whole=False)


def _chequered(side: int) -> Image.Image:
    """What is seen through a sticker."""
    ground = Image.new("RGB", (side, side), _LIGHT)
    pen = ImageDraw.Draw(ground)
    for y in range(0, side, _SQUARE):
        for x in range(y % (2 * _SQUARE), side, 2 * _SQUARE):
            pen.rectangle((x, y, x + _SQUARE - 1, y + _SQUARE - 1), _DARK)
    return ground
