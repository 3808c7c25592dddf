"""Running the application on its own, until somebody says stop."""

from __future__ import annotations

import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn

from coach._stopping import stopped_by_signals
from coach.server.app import CoachApp
from coach.server.protocol import TimedProtocol
from coach.server.running import Opener
from coach.server.settings import ServerSettings

GRACE = 30
"""Seconds that answers have to be sent to their end when the server stops. What is paid for goes on after."""

IDLE = 5
"""Seconds between two requests after which a connection is closed."""


def config(app: CoachApp, settings: ServerSettings, *, host: str, port: int) -> uvicorn.Config:
    """How uvicorn serves us.

    Args:
        app: The application, opened already.
        port: ``0``: a free one.
    """
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,  # its lines hold paths, and in ours are links to pictures
        forwarded_allow_ips=list(settings.trusted_proxies),
        http=TimedProtocol,
        lifespan="off",
        log_config=None,
        proxy_headers=bool(settings.trusted_proxies),
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=IDLE,
        ws="none",
    )


class Server(uvicorn.Server):
    """uvicorn, but streams of events end when it stops: it would wait for them.

    Args:
        opener: What the application works with.
        began: Called with the port when it listens.
    """

    def __init__(self, config: uvicorn.Config, opener: Opener, began: Callable[[int], None]) -> None:
        super().__init__(config)
        self._opener, self._began = opener, began

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals to whoever runs it: uvicorn sends them once more when it has ended."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        await super().startup(sockets)
        self._began(self.servers[0].sockets[0].getsockname()[1])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let watchers go, and end."""
        (await self._opener.get()).live.hang_up()
        await super().shutdown(sockets)


async def serve(
    app: CoachApp, settings: ServerSettings, *, host: str, port: int, began: Callable[[int], None]
) -> None:
    """Serve until a Ctrl-C or a SIGTERM; what is on its way then is received and kept.

    Args:
        port: ``0``: a free one.
        began: Called with the port when it listens.

    Raises:
        CoachError: The application cannot be opened.
        CancelledError: They said stop twice.
    """
    opener: Opener = app.state.opener
    server = Server(config(app, settings, host=host, port=port), opener, began)

    def stop() -> None:
        server.should_exit = True

    # Opened out here: an error is for whoever began this, and not uvicorn's.
    with stopped_by_signals(stop):
        async with opener.lifespan():
            await server.serve()
