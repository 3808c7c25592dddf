"""The sandbox in a thread of this process, on 127.0.0.1."""

from __future__ import annotations

import socket
import threading
from datetime import date
from types import TracebackType
from typing import Self

import uvicorn

from coach.sandbox.app import create_app
from coach.sandbox.log import Log, Received

HOST = "127.0.0.1"
_PATIENCE = 10.0


class Sandbox:
    """A running sandbox, as a context manager.

    ::

        with Sandbox() as sandbox:
            client = OpenAI(base_url=sandbox.base_url, api_key=sandbox.api_key)

    Args:
        port: Port on 127.0.0.1; 0 takes a free one.
        delay: Seconds a picture takes at least.
        today: The day that decides which models are gone; left out: the real one.

    Raises:
        OSError: On entering, when the port is taken.
    """

    api_key = "sandbox"
    """A key it accepts. Every key but ``bad-key`` is."""

    def __init__(self, *, port: int = 0, delay: float = 0.0, today: date | None = None) -> None:
        self._port = port
        app = create_app(delay=delay, today=today)
        self._log: Log = app.state.service.log
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                access_log=False,
                http="h11",
                lifespan="off",
                log_level="warning",
                loop="asyncio",
                timeout_graceful_shutdown=1,
                ws="none",
            )
        )
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """The address for the clients, with ``/v1``; the port is known once it runs."""
        return f"http://{HOST}:{self._port}/v1"

    @property
    def log(self) -> list[Received]:
        """Every request received so far, oldest first."""
        return self._log.entries()

    def wait(self) -> None:
        """Block until Ctrl-C."""
        try:
            while self._thread is not None and self._thread.is_alive():
                self._thread.join(1)
        except KeyboardInterrupt:
            return

    def __enter__(self) -> Self:
        listening = socket.create_server((HOST, self._port))
        self._port = listening.getsockname()[1]
        # Connections wait in the socket's queue until the server is up, so there is nothing to wait for here.
        run = {"sockets": [listening]}
        self._thread = threading.Thread(target=self._server.run, kwargs=run, daemon=True, name="sandbox")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(_PATIENCE)
