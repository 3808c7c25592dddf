"""A server of ours on real sockets, with the sandbox behind it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI

from coach.sandbox import Sandbox
from coach.server import CoachApp, ServerSettings, create_app
from coach.server.running import Opener, Running
from coach.server.serving import Server, config
from coach.settings import Settings

PATIENCE = 30.0


def settings_for(sandbox: Sandbox, home: Path, database_url: str | None = None, **more: Any) -> Settings:
    """Everything in one folder, and the sandbox instead of the outside services."""
    given: dict[str, Any] = {"home": home, "database_url": database_url, "s3_bucket_name": None}
    given |= {"openai_api_key": sandbox.api_key, "openai_base_url": sandbox.base_url}
    return Settings.read(**given, chat_model="sandbox-coach", **more)


@dataclass(frozen=True, kw_only=True)
class Served:
    """A server that runs."""

    url: str
    app: FastAPI
    here: Running

    async def key(self, user_id: str, **more: Any) -> str:
        """A key that speaks for a person."""
        return (await self.here.credentials.issue(user_id, "key", **more))[0]

    @asynccontextmanager
    async def client(self, user_id: str, **more: Any) -> AsyncIterator[httpx2.AsyncClient]:
        """A person's own program."""
        headers = {"Authorization": f"Bearer {await self.key(user_id, **more)}"}
        async with httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=PATIENCE) as client:
            yield client


@asynccontextmanager
async def serving(app: FastAPI, *, port: int = 0) -> AsyncIterator[Served]:
    """Run an application as `coach serve` does, until the block ends; what is under way is finished then."""
    listens = asyncio.get_running_loop().create_future()
    opener: Opener = app.state.opener
    async with opener.lifespan():
        here = await opener.get()
        how = config(app, here.server, host="127.0.0.1", port=port)
        server = Server(how, opener, listens.set_result)
        task = asyncio.create_task(server.serve())
        url = f"http://127.0.0.1:{await listens}"
        try:
            yield Served(url=url, app=app, here=here)
        finally:
            server.should_exit = True
            await task


def an_app(settings: Settings, **more: Any) -> CoachApp:
    """The application with the usual settings of the server, whatever the environment says."""
    return create_app(settings=settings, server=ServerSettings.plain(**more.pop("server", {})), **more)


Seen = tuple[int, str, dict[str, Any]]
"""An event as a client sees it: its id, its name, its data."""


async def events_of(response: httpx2.Response) -> AsyncIterator[Seen]:
    """The events of an answer, as they come."""
    event: dict[str, str] = {}
    async for line in response.aiter_lines():
        name, _, value = line.partition(":")
        if not line and "event" in event:
            yield int(event["id"]), event["event"], json.loads(event["data"])
            event = {}
        elif name:
            event[name] = value.removeprefix(" ")


async def until(check: Callable[[], bool]) -> None:
    """Wait until something is so."""
    for _ in range(int(PATIENCE / 0.01)):
        if check():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


def names(seen: list[Seen]) -> list[str]:
    """What the events are called."""
    return [name for _, name, _ in seen]


async def listen(client: httpx2.AsyncClient, conversation: str, after: int, until: int) -> list[Seen]:
    """What a watcher sees from an event on, as a browser asks for it that comes back."""
    path, headers = f"/api/v1/conversations/{conversation}/events/", {"Last-Event-ID": str(after)}
    seen: list[Seen] = []
    async with client.stream("GET", path, headers=headers) as response:
        async for each in events_of(response):
            seen.append(each)
            if each[0] >= until:
                break
    return seen


async def turn(client: httpx2.AsyncClient, conversation: str, **did: Any) -> list[Seen]:
    """Take a turn and follow it to its end."""
    path = f"/api/v1/conversations/{conversation}/turns/"
    async with client.stream("POST", path, json=did) as response:
        assert response.status_code == 200, await response.aread()
        return [seen async for seen in events_of(response)]


async def say(client: httpx2.AsyncClient, conversation: str, text: str) -> list[Seen]:
    """Say something and follow what comes of it."""
    return await turn(client, conversation, type="say", text=text)


async def begin(client: httpx2.AsyncClient) -> str:
    """Begin a conversation; gives its id."""
    response = await client.post("/api/v1/conversations/")
    assert response.status_code == 201, response.text
    return str(response.json()["id"])
