"""What stickers were written down, and which are made."""

from __future__ import annotations

from dataclasses import dataclass

from coach import Context, Stickers, context_key, dollars

MOST = 10
"""The newest so many are shown."""


@dataclass(frozen=True, kw_only=True)
class SpecSeen:
    """A sticker's spec as prompts see it.

    Attributes:
        words: What is written on it; ``None``: nothing.
        cost: The most it costs; ``None``: not known.
        state: ``not made``, ``made``, or ``failed``: a picture was made, and it is no good sticker.
    """

    handle: str
    words: str | None
    cost: str | None
    state: str


@context_key
async def sticker_specs(ctx: Context, stickers: Stickers) -> list[SpecSeen]:
    """The person's newest sticker specs, oldest first."""
    rows = await stickers.specs.list(ctx.user_id, MOST)
    return [
        SpecSeen(
            handle=row.handle,
            words=(row.spec.get("text") or {}).get("value"),
            cost=None if row.quote_micros is None else dollars(row.quote_micros),
            state="not made" if row.version_id is None else "failed" if row.violations else "made",
        )
        for row in reversed(rows)
    ]
