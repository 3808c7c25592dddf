"""Whether there is a photo to work from, and where."""

from __future__ import annotations

from coach import Context, Photos, context_key


@context_key
async def user_photo_url(ctx: Context, photos: Photos) -> str | None:
    """A short-lived link to the person's main photo, or null without one.

    Prompts use it as a condition. A model that is shown a link repeats it wrongly, so none of ours prints it.
    """
    photo = await photos.primary(ctx.user_id)
    return None if photo is None else await photos.link(ctx.user_id, photo.id)
