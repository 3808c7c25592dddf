"""Pictures by what they are of: found when made before, else asked for, or waited for if made elsewhere."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from coach.context import Context
from coach.errors import Conflict, Erasing
from coach.store import Store
from coach.store.states import OUTCOMES
from coach.studio.generated import Generated, generated_of
from coach.studio.ledger import Generation, Ledger
from coach.studio.recovery import ABANDONED
from coach.studio.request import PictureRequest
from coach.studio.studio import Studio

LOOK_AGAIN = timedelta(seconds=0.5)
"""After which is looked how far another process is with the same picture."""

_LOOKS = 2 * ABANDONED // LOOK_AGAIN


async def last(ledger: Ledger, user_id: str, content: str) -> tuple[str, Generation | None]:
    """The key that counts for some content, and what is under it; ``None``: nothing yet.

    What was refused or failed unpaid is asked for under a key of its own the next time: the ledger gives one
    answer for each. What was paid, or may have been, is never asked for again by itself.
    """
    tried = 0
    while True:
        key = f"{content} {tried}"
        row = await ledger.find(user_id, key)
        if row is None or row.state not in OUTCOMES or row.paid != "unpaid":
            return key, row
        tried += 1


async def picture_of(
    content: str,
    ctx: Context,
    request: PictureRequest,
    *,
    studio: Studio,
    store: Store,
    parent: str | None = None,
    model: str | None = None,
) -> Generated:
    """The pictures of some content, in the person's workshop. Another process with the same is waited for.

    Args:
        content: What makes it the same picture.
        ctx: Whose. Progress and previews go there.
        parent, model: As for :meth:`coach.Studio.generate`.

    Raises: as :meth:`coach.Studio.generate`; ``Conflict``: the other process takes too long.
    """
    workshop = await store.identities.workshop(ctx.user_id)
    for _ in range(_LOOKS):
        key, row = await last(studio.ledger, ctx.user_id, content)
        try:
            if row is not None and row.state == "done":
                return await generated_of(store, row)
            return await studio.generate(
                ctx,
                request,
                identity_id=workshop.id,
                parent=parent,
                key=key,
                wish=request.prompt,
                model=model,
            )
        except Erasing:
            raise
        except Conflict:
            # The same content can be asked for in another way: from another row with the same bytes.
            if row is not None and row.state in OUTCOMES:
                return await generated_of(store, row)
        await asyncio.sleep(LOOK_AGAIN.total_seconds())
    raise Conflict("The same picture is being made elsewhere, and that takes too long. Try again later.")
