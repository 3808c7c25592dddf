"""A studio that has Memeputer beside GPT Image, both of a sandbox. As a program: another process that asks
for Ana's sticker, ``python -m tests.studio._stickers DATABASE FOLDER BASE_URL``."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from openai import AsyncOpenAI

from coach import Context
from coach.sandbox import Sandbox
from coach.settings import Settings
from coach.stickers.foreign import read_agents_spec
from coach.store import FolderBlobs, Store
from coach.studio import Generated, GptImageEngine, MemeputerEngine, PictureRequest, Reference, Spool, Studio
from tests.studio._workshop import ANA

SPEC = {"version": "3.0", "type": "image_sticker", "prompt": "A cat that waves", "negative_prompt": "scenery"}


def engine_of(sandbox: str, seconds: float = 30, **changed: Any) -> MemeputerEngine:
    """Memeputer, as it is set up with what a sandbox says of itself."""
    here = sandbox.removesuffix("/v1")
    given: dict[str, Any] = {
        "memeputer_url": here,
        "memeputer_api_key": "a-key",
        "memeputer_agent_id": "agent",
        "memeputer_usd": "0.05",
        "fetch_trusted": here,
    }
    engine = Settings.read(**given | changed).memeputer(seconds, read_agents_spec)
    assert engine is not None
    return engine


@asynccontextmanager
async def studio_of(
    store: Store, folder: Path, sandbox: str, engine: MemeputerEngine | None = None, **options: Any
) -> AsyncIterator[Studio]:
    async with AsyncOpenAI(api_key="a-key", base_url=sandbox, max_retries=0) as client:
        both = GptImageEngine(client), engine or engine_of(sandbox)
        yield Studio(store=store, engine=both[0], others=both[1:], spool=Spool(folder / "spool"), **options)


async def settle_in(store: Store, photo: bytes) -> None:
    """Ana, who agreed, with an identity and the picture that her sticker is made from."""
    await store.people.ensure(ANA)
    await store.consents.give(ANA, statement="yes")
    await store.identities.add(ANA, "Stickers")
    await store.photos.add(ANA, photo)


async def ask(store: Store, studio: Studio, key: str = "sticker", **changed: Any) -> Generated:
    """Ask for Ana's sticker."""
    photo = await store.photos.primary(ANA)
    assert photo is not None
    given: dict[str, Any] = {
        "prompt": SPEC["prompt"],
        "references": (Reference(kind="photo", id=photo.id),),
        "shape": "square",
        "background": "transparent",
        "previews": 0,
        "extra": {"spec": SPEC},
    }
    context = Context(user_id=ANA, conversation_id="talk")
    return await studio.generate(
        context, PictureRequest(**given | changed), identity_id="i1", key=key, model="memeputer"
    )


def posts(sandbox: Sandbox) -> int:
    """How often a picture or a spec was asked for."""
    return sum(each.route.startswith("POST") for each in sandbox.log)


async def _main(database: str, folder: Path, sandbox: str) -> None:
    store = await Store.open(database, blobs=FolderBlobs(folder / "blobs"), migrate=False)
    async with studio_of(store, folder, sandbox) as studio:
        await ask(store, studio)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
