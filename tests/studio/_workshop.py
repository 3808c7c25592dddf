"""A studio with a person in it: Ana, who has agreed, has a photo and an identity."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI

from coach import Context
from coach.errors import PictureError
from coach.events import Event, Preview, Progress
from coach.store import Photo, Store
from coach.studio import Generated, Generation, GptImageEngine, PictureRequest, Reference, Spool, Studio
from tests.studio._service import Reply, Service, service

ANA = "ana@example.org"


@dataclass(kw_only=True)
class Workshop:
    """The person's things, the studio, the service it asks, and what it said meanwhile."""

    store: Store
    folder: Path
    client: AsyncOpenAI
    upstream: Service
    photo: Photo
    seconds: float = 20
    events: list[Event] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    studio: Studio = field(init=False)

    def __post_init__(self) -> None:
        self.studio = self.new_studio()

    def new_studio(self, **options: Any) -> Studio:
        """Another studio on the same database and spool, as another process has it."""
        engine = GptImageEngine(self.client, seconds=self.seconds)
        return Studio(store=self.store, engine=engine, spool=self.spool, **options)

    @property
    def spool(self) -> Spool:
        return Spool(self.folder / "spool")

    @property
    def edit(self) -> PictureRequest:
        """An edit of Ana's photo."""
        return PictureRequest(
            prompt="As a night-sky guide",
            references=(Reference(kind="photo", id=self.photo.id),),
            keep_face=True,
        )

    def context(self, call: str = "call_1", *, user_id: str = ANA, turn: str = "") -> Context:
        async def emit(event: Event) -> None:
            self.events.append(event)
            self.news.set()

        return Context(user_id=user_id, conversation_id="talk", turn_id=turn, call_id=call, emit=emit)

    async def generate(self, request: PictureRequest | None = None, **options: Any) -> Generated:
        """Make a picture of Ana's identity i1; ``call``, ``turn`` and ``studio`` can be others."""
        context = self.context(options.pop("call", "call_1"), turn=options.pop("turn", ""))
        studio: Studio = options.pop("studio", self.studio)
        return await studio.generate(context, request or self.edit, identity_id="i1", **options)

    async def refusal(self, **options: Any) -> PictureError:
        """The error of a :meth:`generate` that must not succeed."""
        with pytest.raises(PictureError) as caught:
            await self.generate(**options)
        return caught.value

    async def only(self) -> Generation:
        """Ana's only generation."""
        [entry] = await self.studio.generations(ANA, "talk")
        return entry.generation

    async def states(self) -> list[str]:
        """The history of Ana's only generation."""
        steps = await self.studio.ledger.steps(ANA, (await self.only()).id)
        return [step.state for step in steps]

    async def until_told(self, words: str) -> None:
        """Wait until progress says so."""
        while not any(words in text for text in self.told):
            self.news.clear()
            await self.news.wait()

    async def at_rest(self) -> None:
        """Wait for what goes on although its caller is gone."""
        await self.studio._queue.close()

    @property
    def told(self) -> list[str]:
        """Progress, in words."""
        return [event.text for event in self.events if isinstance(event, Progress)]

    @property
    def previews(self) -> list[Preview]:
        return [event for event in self.events if isinstance(event, Preview)]


@asynccontextmanager
async def workshop(
    store: Store, folder: Path, photo: bytes, *replies: Reply, seconds: float = 20
) -> AsyncIterator[Workshop]:
    """Open one whose service gives ``replies``."""
    await store.people.ensure(ANA)
    await store.consents.give(ANA, statement="yes")
    await store.identities.add(ANA, "Night-sky guide")
    kept = await store.photos.add(ANA, photo)
    async with service(*replies) as upstream, upstream.client() as client:
        yield Workshop(
            store=store, folder=folder, client=client, upstream=upstream, photo=kept, seconds=seconds
        )
