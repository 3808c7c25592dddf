"""A server in a thread of its own, with a browser beside it; it can be stopped and begun again."""

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from fastapi import FastAPI
from playwright.sync_api._generated import SetCookieParam

from coach.sandbox import Sandbox
from coach.server.running import Running
from tests.server._serve import PATIENCE, Served, an_app, serving, settings_for

T = TypeVar("T")

SCENE = "At the observatory on the hill, at night, about to show somebody where to look."
STATEMENT = "I am a night-sky guide. I take my time."


class Server:
    """The reference coach, served to browsers.

    Args:
        home: Where it keeps everything; a server that is begun again finds it there.
        server: Settings of the server.
    """

    def __init__(self, sandbox: Sandbox, home: Path, **server: Any) -> None:
        self.sandbox, self.home, self.settings = sandbox, home, {"guests": True} | server
        self.port = 0
        self.served: Served | None = None
        self._loop: asyncio.AbstractEventLoop
        self._thread: threading.Thread
        self._stop: asyncio.Event

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def here(self) -> Running:
        """What its routes work with."""
        assert self.served is not None
        return self.served.here

    def app(self) -> FastAPI:
        """The application."""
        # Previews, which are left out where likeness is measured, are to be seen.
        settings = settings_for(self.sandbox, self.home, previews=2)
        return an_app(settings, server=self.settings)

    def start(self) -> None:
        """Begin, on the port it had before."""
        ready = threading.Event()
        self._stop = asyncio.Event()

        async def serve() -> None:
            async with serving(self.app(), port=self.port) as self.served:
                self.port = int(self.served.url.rpartition(":")[2])
                ready.set()
                await self._stop.wait()

        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(serve()))
        self._thread.start()
        assert ready.wait(PATIENCE)

    def stop(self) -> None:
        """Come to an end, as on SIGTERM."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        """Do something on the server's loop."""
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(PATIENCE)

    def session(self, user_id: str) -> SetCookieParam:
        """The cookie of a browser in which somebody is signed in."""
        secret = self.run(self.here.credentials.issue(user_id, "session"))[0]
        return {"name": "sessionid", "value": secret, "url": self.url}

    @property
    def pictures(self) -> int:
        """How many pictures were asked for."""
        return sum("/images/" in entry.route for entry in self.sandbox.log)

    def ready(self, user_id: str, photo: bytes | None) -> str:
        """Somebody who has come as far as the picture; gives their conversation."""
        return self.run(self._ready(user_id, photo))

    async def _ready(self, user_id: str, photo: bytes | None) -> str:
        store, coach = self.here.store, self.here.coach
        if photo is not None:
            await store.consents.give(user_id, statement="I agree")
            await store.photos.add(user_id, photo)
        guide = await store.identities.add(user_id, "Night-sky guide")
        await store.identities.update(
            user_id, guide.id, statement=STATEMENT, visualization=SCENE, stage="stated"
        )
        await store.identities.focus(user_id, guide.id)
        talk = await store.conversations.start(
            user_id, tenant="", coach=coach.name, phase="identity_visualization"
        )
        return talk.id
