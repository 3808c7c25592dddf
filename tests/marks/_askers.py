"""People who ask a cluster for pictures over HTTP, and who watch, through whichever web process answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import httpx2

from coach.cli.demo import portrait
from coach.store import Store
from coach.store.credentials import Credentials
from tests.server._serve import Seen, events_of

AGAIN = 0.5
"""Seconds until somebody whose request broke asks again, under the same key."""


@dataclass(kw_only=True)
class Asker:
    """Somebody with a key. What they were told is by the name of the trial: ``image``, or what was paid.

    Attributes:
        webs: The addresses of the web processes.
        talk: The conversation in which they ask; ``""``: in none.
        seen: Of the conversation, by the id of each event.
    """

    user_id: str
    key: str
    webs: Sequence[str]
    talk: str
    told: dict[str, str] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    _next: int = 0

    async def ask(self, trial: str) -> None:
        """Ask for the trial's picture until it is known what came of it."""
        while trial not in self.told:
            with suppress(httpx2.HTTPError):
                async with self._client({"Idempotency-Key": trial}) as client:
                    told = await (self._press(client, trial) if self.talk else self._form(client, trial))
                    if told:
                        self.told[trial] = told
                        return
            await asyncio.sleep(AGAIN)

    async def watch(self) -> None:
        """Look at the conversation without end; after a break from what was seen last."""
        while True:
            last = {"Last-Event-ID": str(self.seen[-1][0] if self.seen else 0)}
            with suppress(httpx2.HTTPError):
                async with (
                    self._client(last) as client,
                    client.stream("GET", f"/api/v1/conversations/{self.talk}/events/") as answer,
                ):
                    if answer.status_code == 200:
                        async for each in events_of(answer):
                            self.seen.append(each)
            await asyncio.sleep(AGAIN)

    def _client(self, headers: dict[str, str]) -> httpx2.AsyncClient:
        self._next += 1
        web = self.webs[self._next % len(self.webs)]
        headers = {"Authorization": f"Bearer {self.key}", **headers}
        # Longer than between two signs of life of a stream; a link that is cut is noticed by that.
        return httpx2.AsyncClient(base_url=f"http://{web}", headers=headers, timeout=20)

    async def _form(self, client: httpx2.AsyncClient, trial: str) -> str:
        asked = {"prompt": trial, "response_format": "url"}
        answer = await client.post("/api/ai/gpt-image/advanced/", data=asked, timeout=150)
        return "image" if answer.status_code == 200 else str(answer.json().get("paid", ""))

    async def _press(self, client: httpx2.AsyncClient, trial: str) -> str:
        arguments = {"identity_id": "i1", "prompt": trial}
        asked = {"type": "press", "action": "generate_identity_image", "arguments": arguments}
        path = f"/api/v1/conversations/{self.talk}/turns/"
        async with client.stream("POST", path, json=asked) as answer:
            if answer.status_code != 200:
                return ""
            seen = {name: data async for _, name, data in events_of(answer)}
        if "done" not in seen:
            return ""
        why = seen.get("error") or seen.get("finished") or {}
        return "image" if "image" in seen else f"none: {why.get('code') or why.get('state')}"


async def people(store: Store, webs: Sequence[str], *, talking: int, others: int) -> list[Asker]:
    """So many people of two tenants: some in conversations, with a photo and an identity, and others."""
    photo, made = portrait().read_bytes(), []
    for number in range(talking + others):
        user_id, talk = f"person-{number}", ""
        if number < talking:
            await store.consents.give(user_id, statement="yes")
            await store.photos.add(user_id, photo)
            await store.identities.add(user_id, "Guide")
            begun = await store.conversations.start(user_id, coach="coach", phase="identity_visualization")
            talk = begun.id
        key, _ = await Credentials(store.database).issue(user_id, "key", tenant=f"tenant-{number % 2}")
        made.append(Asker(user_id=user_id, key=key, webs=webs, talk=talk))
    return made
