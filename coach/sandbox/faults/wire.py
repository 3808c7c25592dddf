"""The connection itself, for the faults that good HTTP cannot express."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from enum import Enum, auto
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState


class Act(Enum):
    """What a script can do but write."""

    RESET = auto()
    """Close with a TCP reset; what was not sent yet is lost."""
    SILENCE = auto()
    """Nothing more, until the client goes."""
    SIP = auto()
    """Go on reading a large request for a moment."""


Script = AsyncGenerator[bytes | float | Act, None]
"""What happens on a connection, step by step: bytes are written, a number is a pause in seconds. Then the
connection is closed."""


class Wire:
    """The connection of a request, as the application sees it."""

    def __init__(self, protocol: H11Protocol) -> None:
        self._protocol = protocol
        self._playing = self._ending = False
        self.gone = asyncio.Event()
        """Set when the connection is no more."""

    async def play(self, script: Script) -> None:
        """Play a script, and wait until the connection is no more."""
        self._playing, transport = True, self._protocol.transport
        async with aclosing(script):
            async for step in script:
                if self._ending or transport.is_closing():
                    break
                await self._do(step)
        transport.close()
        await self.gone.wait()

    async def _do(self, step: bytes | float | Act) -> None:
        transport, flow = self._protocol.transport, self._protocol.flow
        match step:
            case bytes():
                transport.write(step)
                await flow.drain()
                await asyncio.sleep(0)  # a script without an end leaves the loop to others
            case Act.RESET:
                linger = struct.pack("ii", 1, 0)
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                transport.abort()
            case Act.SILENCE:
                await self.gone.wait()
            case Act.SIP:
                flow.resume_reading()
            case seconds:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.gone.wait(), seconds)

    def end(self) -> bool:
        """The server ends: whether a script was played, which is over then."""
        self._ending = True
        if self._playing:
            self._protocol.transport.abort()
        return self._playing


class WireProtocol(H11Protocol):
    """uvicorn's own HTTP, but a request's state has the :class:`Wire` it came on, as ``wire``."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._wire = Wire(self)
        super().__init__(config, server_state, {**app_state, "wire": self._wire}, _loop)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the script too."""
        super().connection_lost(exc)
        self._wire.gone.set()

    def shutdown(self) -> None:
        """Do not wait for a script: some have no end."""
        if not self._wire.end():
            super().shutdown()


class Raw(Response):
    """An answer that is a script."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self._script = script

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Play it on the connection of the request."""
        wire: Wire = scope["state"]["wire"]
        await wire.play(self._script)
