"""Another process that makes a picture: ``python -m tests.studio._child DATABASE FOLDER BASE_URL ENGINE``."""

import asyncio
import sys
from pathlib import Path

from openai import AsyncOpenAI

from coach import Context
from coach.store import FolderBlobs, Store
from coach.studio import GptImageEngine, OpenAIBackgroundEngine, PictureRequest, Reference, Spool, Studio
from tests.studio._workshop import ANA

ENGINES = {engine.name: engine for engine in (GptImageEngine, OpenAIBackgroundEngine)}


async def generate(database: str, folder: Path, base_url: str, engine: str) -> None:
    """Ask for the same picture as :meth:`tests.studio._workshop.Workshop.generate`."""
    store = await Store.open(database, blobs=FolderBlobs(folder / "blobs"), migrate=False)
    photo = await store.photos.primary(ANA)
    assert photo is not None
    client = AsyncOpenAI(api_key="a-key", base_url=base_url)
    studio = Studio(store=store, engine=ENGINES[engine](client), spool=Spool(folder / "spool"))
    request = PictureRequest(
        prompt="As a night-sky guide", references=(Reference(kind="photo", id=photo.id),), keep_face=True
    )
    await studio.generate(
        Context(user_id=ANA, conversation_id="talk", call_id="call_1"), request, identity_id="i1"
    )


if __name__ == "__main__":
    asyncio.run(generate(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]))
