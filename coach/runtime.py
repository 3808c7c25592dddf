"""A coach with everything it needs: the database, the pictures, the studio, closed again at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from coach._stream import drain
from coach.folder import Coach, load
from coach.settings import Settings
from coach.store import Store
from coach.studio import GptImageEngine, Spool, Studio

if TYPE_CHECKING:
    from openai import AsyncOpenAI


@asynccontextmanager
async def open(
    source: str | Path = "coach.reference", settings: Settings | None = None, /, **services: object
) -> AsyncIterator[Coach]:
    """Open a coach with the library's own services.

    Args:
        source: A coach folder, or the name of a package that is one.
        settings: Left out: read from the environment.
        services: More services for its actions and context keys, or other ones under the same names.

    Yields:
        The coach. Its services: ``store`` and all it holds (``people``, ``photos``, ``identities`` …), and
        ``studio`` when one of its actions asks for it.

    Raises:
        SettingsError: A setting is missing or wrong.
        FolderError: The coach folder has errors, or asks for a service nobody gives.
    """
    coach = load(source)
    settings = settings or Settings.read()
    async with AsyncExitStack() as stack:
        # Without an action that makes pictures, no key of a picture service is needed.
        paints = any("studio" in action.needs for action in coach.actions.values())
        client = None
        if paints and "studio" not in services:
            client = await stack.enter_async_context(settings.openai(keep_alive=False))
        store = await Store.open(settings.database, blobs=settings.blobs())
        stack.push_async_callback(store.close)
        provided = {**store.services(), **services}
        if client is not None:
            provided["studio"] = await _studio(settings, store, client)
        stack.push_async_callback(drain)  # before what it needs is closed
        yield coach.with_services(**provided)


async def _studio(settings: Settings, store: Store, client: AsyncOpenAI) -> Studio:
    studio = Studio(
        store=store,
        engine=GptImageEngine(client, seconds=settings.picture_seconds),
        spool=Spool(settings.home / "spool"),
        model=settings.image_model,
        max_picture_usd=settings.max_picture_usd,
        salt=None if settings.salt is None else settings.salt.get_secret_value(),
    )
    await studio.recover()
    return studio
