"""What the routes work with, opened once for the whole application and closed with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from coach.errors import CoachError
from coach.folder import Coach
from coach.server.links import Links
from coach.server.live import Live
from coach.server.rates import Rates
from coach.server.runs import Runs
from coach.server.settings import ServerSettings
from coach.server.talks import Talks
from coach.server.tokens import HostTokens
from coach.settings import Settings
from coach.store import Store
from coach.store.credentials import Credentials
from coach.studio import Spool, Studio

if TYPE_CHECKING:
    from coach.adapters.mcp import OverHttp

logger = logging.getLogger("coach.server")

_UNTIED = (
    "The coach was mounted without its lifespan: pictures that are on their way when this process stops "
    "may be in doubt. Give the host `FastAPI(lifespan=coach_app.lifespan)`."
)


@dataclass(frozen=True, kw_only=True)
class Running:
    """An open coach, and what the server keeps beside it."""

    coach: Coach
    settings: Settings
    spool: Spool
    server: ServerSettings
    store: Store
    credentials: Credentials
    tokens: HostTokens | None
    rates: Rates
    links: Links
    live: Live
    talks: Talks
    runs: Runs
    mcp: OverHttp | None

    @property
    def studio(self) -> Studio | None:
        """Where pictures are made; ``None``: no action of this coach makes any."""
        return self.coach.perhaps("studio", Studio)


class Opener:
    """Opens once: with the application's lifespan, or where it was mounted without, at the first request."""

    def __init__(self, open: Callable[[], AbstractAsyncContextManager[Running]]) -> None:
        self._open, self._lock = open, asyncio.Lock()
        self._running: Running | None = None
        self._owner: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Open, and close at the end."""
        async with self._open() as self._running:
            try:
                yield
            finally:
                self._running = None

    async def get(self) -> Running:
        """What is open."""
        async with self._lock:
            if self._running is None:
                logger.warning(_UNTIED)
                opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._owner = asyncio.create_task(self._own(opened))
                await opened
        if self._running is None:
            raise CoachError("The coach is closed.")
        return self._running

    async def _own(self, opened: asyncio.Future[None]) -> None:
        """Stay open until the loop ends."""
        try:
            async with self.lifespan():
                opened.set_result(None)
                await asyncio.Event().wait()
        except Exception as error:
            if opened.done():
                raise
            opened.set_exception(error)


async def running(request: Request) -> Running:
    """What the routes of this application work with."""
    opener: Opener = request.app.state.opener
    return await opener.get()


Here = Annotated[Running, Depends(running)]
