"""The reference coach on the real studio and the sandbox over HTTP, with its actions called directly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import coach
from coach.faces import FaceModel
from coach.sandbox import Sandbox
from coach.studio import GptImageEngine, PhotoCoach, Sheets, Spool, Studio

ANN = coach.Context(user_id="ann", conversation_id="c1", call_id="1", phase="identity_visualization")


@asynccontextmanager
async def reference_coach(
    store: coach.Store, sandbox: Sandbox, folder: Path, *, faces: FaceModel | None = None, **options: Any
) -> AsyncIterator[coach.Coach]:
    """The coach; ``options`` are the studio's."""
    settings = coach.Settings.read(openai_api_key=sandbox.api_key, openai_base_url=sandbox.base_url)
    async with settings.openai() as client:
        engine = GptImageEngine(client, seconds=60)
        studio = Studio(store=store, engine=engine, spool=Spool(folder / "spool"), faces=faces, **options)
        yield on_studio(store, studio, faces=faces)


def on_studio(store: coach.Store, studio: Studio, *, faces: FaceModel | None = None) -> coach.Coach:
    """The coach with this studio."""
    looking: dict[str, object] = {"photo_coach": PhotoCoach(store, faces)}
    looking |= {"sheets": Sheets(store, model=faces)}
    looking |= {"stickers": coach.Stickers(store=store, studio=studio, fetcher=coach.Fetcher())}
    return coach.load("coach.reference", **store.services(), **looking, studio=studio)


async def call(reference: coach.Coach, name: str, ctx: coach.Context = ANN, **given: Any) -> Any:
    """Call an action with its services."""
    action = reference.actions[name]
    return await action(ctx, *(reference.services[need] for need in action.needs), **given)


async def make_ready(store: coach.Store, photo: bytes, user_id: str = "ann") -> None:
    """They have an identity with a moment, a photo, and have agreed to its use."""
    identity = await store.identities.add(user_id, "Night-sky guide")
    await store.identities.update(user_id, identity.handle, visualization="On a hill at night, with stars.")
    await store.consents.give(user_id, statement="yes")
    await store.photos.add(user_id, photo)
