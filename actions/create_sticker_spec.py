"""What a sticker is to look like, written down and quoted, before anything is paid."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from coach import (
    Context,
    Identities,
    InputRefused,
    Photos,
    Prompts,
    Result,
    Retry,
    Stickers,
    Versions,
    action,
)

from ._stickers import LONGEST_CONTEXT, SpecData, base_of, price

Template = Literal["GM", "GN", "LFG", "HODL", "WAGMI", "NGMI", "SER", "REKT", "ALPHA", "HIGHER"]


@action(effect="adds")
async def create_sticker_spec(
    ctx: Context,
    identities: Identities,
    photos: Photos,
    prompts: Prompts,
    stickers: Stickers,
    versions: Versions,
    *,
    template: Annotated[
        Template | None, Field(description="One of the ready-made stickers. Left out: only by the wish.")
    ] = None,
    wish: Annotated[
        str | None,
        Field(
            description="What it shows, in the user's words; words for it in quotation marks. "
            "Left out: the template alone.",
            max_length=1000,
        ),
    ] = None,
    picture: Annotated[
        str | None,
        Field(
            description="What it is made from: `photo`, or a picture of the current identity, e.g. `v2`. "
            "Left out: the picture they accepted, or else their photo.",
            max_length=64,
        ),
    ] = None,
) -> Result[SpecData]:
    """Write down what a sticker of the user is to look like, and what it would cost. Free: it asks nobody.

    Call it before every sticker, and again whenever something about it changes.
    """
    base = await base_of(ctx, identities, photos, versions, picture)
    identity = await identities.current(ctx.user_id)
    known = {
        "name": identity.name if identity else None,
        "appearance": identity.appearance if identity else None,
    }
    about = prompts.render("images/sticker.md", known).text
    try:
        row = await stickers.create_spec(
            ctx,
            base,
            template_id=template,
            user_prompt=wish,
            user_context=about[:LONGEST_CONTEXT],
        )
    except InputRefused as refused:
        raise Retry(str(refused)) from refused
    words = (row.spec.get("text") or {}).get("value")
    written = f"It says “{words}”." if words else "There are no words on it."
    say = (
        f"The sticker is written down as {row.handle}. {written} {price(row.quote_micros)} Tell the user "
        "what it shows and what it costs; on their yes, call `generate_sticker_now` with it."
    )
    data = SpecData(handle=row.handle, hash=row.hash, words=words, quote_micros=row.quote_micros)
    return Result(say=say, data=data)
