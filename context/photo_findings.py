"""What the photo coach says about the person's photos."""

from __future__ import annotations

from dataclasses import dataclass

from coach import Context, PhotoCoach, Photos, context_key


@dataclass(frozen=True, kw_only=True)
class PhotoFindings:
    """Whether a photo serves, one sentence about it for the person, and how many photos there are."""

    usable: bool
    say: str
    photos: int


NOT_LOOKED = "There is a photo. Nobody has looked yet whether the face is clear in it."
CANNOT_LOOK = "There is a photo. Whether the face is clear in it cannot be told here."


@context_key
async def photo_findings(ctx: Context, photos: Photos, photo_coach: PhotoCoach) -> PhotoFindings | None:
    """What is seen in the person's photos, in one sentence; null without a photo."""
    rows = sorted(await photos.list(ctx.user_id), key=lambda row: not row.primary)
    if not rows:
        return None
    reports = await photo_coach.seen(rows)
    usable = [report for report in reports if report is None or report.usable]
    report = (usable or reports)[0]
    unseen = NOT_LOOKED if photo_coach.can_look else CANNOT_LOOK
    say = unseen if report is None else report.say
    return PhotoFindings(usable=bool(usable), say=say, photos=len(rows))
