"""What the photo coach says about the person's photos."""

from __future__ import annotations

from dataclasses import dataclass

from coach import Context, Photos, context_key


@dataclass(frozen=True, kw_only=True)
class PhotoFindings:
    """Whether a photo serves, one sentence about it for the person, and how many photos there are."""

    usable: bool
    say: str
    photos: int


NOT_LOOKED = "There is a photo. Nobody has looked yet whether the face is clear in it."


@context_key
async def photo_findings(ctx: Context, photos: Photos) -> PhotoFindings | None:
    """What was seen in the person's photos, in one sentence; null without a photo."""
    rows = sorted(await photos.list(ctx.user_id), key=lambda row: not row.primary)
    if not rows:
        return None
    usable = [row for row in rows if row.report is None or row.report["usable"]]
    report = (usable or rows)[0].report
    say = NOT_LOOKED if report is None else str(report["say"])
    return PhotoFindings(usable=bool(usable), say=say, photos=len(rows))
