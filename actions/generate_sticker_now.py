"""Memeputer's "generate now": the sticker of a spec, paid for once."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from coach import Context, Refused, Result, Stickers, Terms, action

from ._stickers import StickerData

SIDE = 512
"""Pixels of a sticker's side."""


async def _terms(ctx: Context, stickers: Stickers, *, spec: str) -> Terms:
    return await stickers.terms.of(ctx, spec)


@action(timeout=600, spends=True, exclusive="spec", effect="adds", terms=_terms)
async def generate_sticker_now(
    ctx: Context,
    stickers: Stickers,
    *,
    spec: Annotated[
        str,
        Field(
            description="The sticker's spec, as `create_sticker_spec` called it, e.g. `s1`.", max_length=64
        ),
    ],
) -> Result[StickerData]:
    """Make the sticker of a spec. It takes a minute and costs what the spec was quoted at.

    Call it only when the user has heard what it costs and said yes. The same spec again is the same sticker,
    and all of it together never costs more than was quoted.
    """
    made = await stickers.generate(ctx, spec)
    if made.kind == "error":
        raise Refused(
            f"{made.say} It was paid for. Tell the user in your own words; a changed one can be tried."
        )
    data = StickerData(
        title=f"sticker {made.row.handle}",
        blob=made.blob,
        width=SIDE,
        height=SIDE,
        spec=made.row.handle,
        made_of=made.version.id,
        pictures=made.pictures,
        quote_micros=made.row.quote_micros,
        actual_micros=made.cost_micros,
    )
    return Result(
        say=f"The sticker {made.row.handle} is on the user's screen. Ask what they think.", data=data
    )
