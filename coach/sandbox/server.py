"""The sandbox in a thread of this process, on 127.0.0.1 unless something else is said."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from datetime import date
from types import TracebackType
from typing import Self

import uvicorn

from coach.sandbox import runpod
from coach.sandbox.app import create_app
from coach.sandbox.faults import Rule, WireProtocol
from coach.sandbox.flowise import FLOW
from coach.sandbox.log import Log, Received, Totals
from coach.sandbox.memeputer import PRICE

HOST = "127.0.0.1"
_PATIENCE = 10.0


class Sandbox:
    """A running sandbox, as a context manager.

    ::

        with Sandbox() as sandbox:
            client = OpenAI(base_url=sandbox.base_url, api_key=sandbox.api_key)

    Args:
        host: Where it listens. Another than 127.0.0.1 is for containers: it draws for whoever reaches it.
        port: 0 takes a free one.
        delay: Seconds a picture takes at least.
        today: The day that decides which models are gone; left out: the real one.
        faults: Which requests are answered wrongly, and how; see :mod:`coach.sandbox.faults`.
        quick: Pictures are not painted, only labelled: for thousands of requests.
        drift: How much of a stranger comes into a face when a picture drawn here is drawn again, 0 to 1.

    Raises:
        PlanError: A fault names a mode or a route there is not.
        OSError: On entering, when the port is taken.
    """

    api_key = "sandbox"
    """A key it accepts. Every key but ``bad-key`` is."""

    def __init__(
        self,
        *,
        host: str = HOST,
        port: int = 0,
        delay: float = 0.0,
        today: date | None = None,
        faults: Sequence[Rule] = (),
        quick: bool = False,
        drift: float = 0.0,
    ) -> None:
        self._host, self._port = host, port
        app = create_app(delay=delay, today=today, faults=faults, quick=quick, drift=drift)
        self._log: Log = app.state.service.log
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                access_log=False,
                http=WireProtocol,
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
    def settings(self) -> dict[str, str]:
        """Settings with which everything is asked of it, by the names of :class:`coach.Settings`."""
        here = self.base_url.removesuffix("/v1")
        return {
            "openai_base_url": self.base_url,
            "openai_api_key": self.api_key,
            "memeputer_url": here,
            "memeputer_api_key": self.api_key,
            "memeputer_agent_id": "sandbox",
            "memeputer_usd": str(PRICE / 1_000_000),
            "fetch_trusted": here,
            "runpod_base_url": f"{here}/v2",
            "runpod_api_key": self.api_key,
            **{f"runpod_server_{name}_id": id for name, id in runpod.SERVERS.items()},
            "runpod_usd_per_second": str(runpod.SECOND / 1_000_000),
        }

    @property
    def flow(self) -> dict[str, str]:
        """The same for the flow that writes prompts, by the names of ``coach.personas.FlowiseSettings``."""
        return {"url": self.base_url.removesuffix("/v1"), "flow_id": FLOW, "token": self.api_key}

    @property
    def log(self) -> list[Received]:
        """The last requests received, at most :data:`coach.sandbox.log.KEPT`, oldest first."""
        return self._log.entries()

    @property
    def totals(self) -> Totals:
        """The sums over every request so far: what an honest client's ledger is to agree with."""
        return self._log.totals()

    def wait(self) -> None:
        """Block until Ctrl-C."""
        try:
            while self._thread is not None and self._thread.is_alive():
                self._thread.join(1)
        except KeyboardInterrupt:
            return

    def __enter__(self) -> Self:
        listening = socket.create_server((self._host, self._port))
        # asyncio does so with sockets of its own; without it a kept connection waits 40 ms for an answer.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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
