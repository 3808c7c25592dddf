"""Processes on one PostgreSQL: those that ask for pictures, and workers that make them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import coach
from coach.store import Store
from coach.studio import Generated, PictureRequest, Studio
from coach.worker import work


@dataclass(frozen=True, kw_only=True)
class World:
    """One database, one service and a place for pictures; each process may be on a machine of its own.

    Attributes:
        service: The address of the picture service.
        extra: Further settings, for all of them.
    """

    database: str
    service: str
    folder: Path
    extra: dict[str, Any]

    def settings(self, machine: str, **more: Any) -> coach.Settings:
        """What a process of a machine is set to."""
        home = self.folder / machine
        home.mkdir(exist_ok=True)
        if not (home / "blobs").exists():
            (self.folder / "blobs").mkdir(exist_ok=True)
            (home / "blobs").symlink_to(self.folder / "blobs")
        return coach.Settings.read(
            home=home,
            database_url=self.database,
            openai_api_key="a-key",
            openai_base_url=self.service,
            **{"salt": "the same everywhere", **self.extra, **more},
        )

    @asynccontextmanager
    async def web(self, machine: str = "web") -> AsyncIterator[tuple[Store, Studio]]:
        """A process that leaves its pictures to workers."""
        async with coach.open(
            "coach.reference", self.settings(machine, queue="workers"), faces=None
        ) as opened:
            yield opened.service("store", Store), opened.service("studio", Studio)

    @asynccontextmanager
    async def worker(
        self, machine: str = "one", *, slots: int = 4, **more: Any
    ) -> AsyncIterator[asyncio.Task[None]]:
        """A worker; it is stopped at the end."""
        stop, began = asyncio.Event(), asyncio.Event()
        working = asyncio.create_task(
            work(
                "coach.reference",
                self.settings(machine, **more),
                slots=slots,
                stop=stop,
                began=lambda _: began.set(),
            )
        )
        waiting = asyncio.create_task(began.wait())
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        try:
            yield working
        finally:
            stop.set()
            await working


ANN, PROMPT = "ann", "On a hill at night."


async def person(store: Store, user_id: str) -> None:
    """Somebody with an identity, i1."""
    await store.people.ensure(user_id)
    if not await store.identities.list(user_id):
        await store.identities.add(user_id, "Night-sky guide")


async def ask(studio: Studio, prompt: str = PROMPT, **more: Any) -> Generated:
    """Ann asks for a picture of her identity; the same words are the same call, in a talk of its own."""
    ctx = coach.Context(user_id=ANN, conversation_id=prompt, turn_id=more.pop("turn", "t"), call_id=prompt)
    request = more.pop("request", None) or PictureRequest(prompt=prompt)
    return await studio.generate(ctx, request, identity_id="i1", **more)
