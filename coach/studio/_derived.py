"""Keeping what is made of a person's pictures: not when they, or what it shows, went while it was made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from coach.errors import CoachError, Erasing, NotFound
from coach.store import Store
from coach.studio._finish import finish


async def here_since(store: Store, user_id: str) -> datetime:
    """Since when a person is here: another moment than before when they were erased in between.

    Raises:
        Erasing: They are being erased, or were.
    """
    try:
        person = await store.people.get(user_id)
    except NotFound:
        raise Erasing("This person was erased; nothing is made for them.") from None
    if person.erasing_at is not None:
        raise Erasing("This person is being erased; nothing new is begun for them.")
    return person.created_at


async def keep(
    store: Store,
    user_id: str,
    key: str,
    data: bytes,
    media_type: str,
    *,
    since: datetime,
    still: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Put what was made, and look only then whether it may stay; it is deleted when it may not.

    In this order none is left: whoever erases or revokes says so first and deletes after that. So they
    delete what is there already, or it is seen here; also when whoever asked for it goes away meanwhile.

    Args:
        since: :func:`here_since`, from before anything was read.
        still: Raises when what it shows may not be used any more.

    Raises:
        Erasing: The person is being erased, or was erased meanwhile.
        CoachError: What ``still`` raises.
    """

    async def put_and_look() -> None:
        await store.blobs.put(key, data, media_type)
        try:
            if await here_since(store, user_id) != since:
                raise Erasing("This person was erased meanwhile; ask again if they are back.")
            if still is not None:
                await still()
        except CoachError:
            await store.blobs.delete(key)
            raise

    await finish(put_and_look())
