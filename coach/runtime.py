"""A coach with everything it needs: the database, the pictures, the studio, closed again at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from coach._stream import drain
from coach.folder import Coach, load
from coach.settings import Settings
from coach.store import Store
from coach.studio import GptImageEngine, Spool, Studio


@asynccontextmanager
async def open(
    source: str | Path = "coach.reference", settings: Settings | None = None, **services: object
) -> AsyncIterator[Coach]:
    """Open a coach with the library's own services.

    Args:
        source: A coach folder, or the name of a package that is one.
        settings: Left out: read from the environment.
        services: More services for its actions and context keys, or other ones under the same names.

    Yields:
        The coach. Its services: ``store`` and all it holds (``people``, ``photos``, ``identities`` …) and
        ``studio``.

    Raises:
        SettingsError: A setting is missing or wrong.
        FolderError: The coach folder has errors, or asks for a service nobody gives.
    """
    settings = settings or Settings.read()
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(settings.openai(keep_alive=False))
        store = await Store.open(settings.database, blobs=settings.blobs())
        stack.push_async_callback(store.close)
        stack.push_async_callback(drain)
        studio = Studio(
            store=store,
            engine=GptImageEngine(client, seconds=settings.picture_seconds),
            spool=Spool(settings.home / "spool"),
            model=settings.image_model,
            max_picture_usd=settings.max_picture_usd,
        )
        await studio.recover()
        yield load(source, **{**store.services(), "studio": studio, **services})
