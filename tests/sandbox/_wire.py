"""A client that knows nothing: bytes to a sandbox and bytes from it."""

from __future__ import annotations

import json
import select
import socket
import struct
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2

from coach.sandbox import Sandbox
from coach.sandbox.log import Received

ORDER: dict[str, Any] = {"model": "gpt-image-2", "prompt": "a hill", "size": "1024x1024", "quality": "low"}
PRICE = 196 * 30 + 2 * 5
STREAMED = {**ORDER, "stream": True, "partial_images": 1}
STREAMED_PRICE = PRICE + 100 * 30
"""What they cost in micro-dollars: the picture's tokens, the preview's, two for the words."""

PATIENCE = 20.0


def post(sandbox: Sandbox, fault: str = "", body: Any = ORDER) -> httpx2.Response:
    """Ask for a picture, as HTTP clients do."""
    headers = {"authorization": "Bearer any", **({"x-sandbox-fault": fault} if fault else {})}
    return httpx2.post(f"{sandbox.base_url}/images/generations", json=body, headers=headers, timeout=PATIENCE)


def until(there: Callable[[], object]) -> None:
    """Wait for something that has to come.

    Raises:
        TimeoutError: It did not.
    """
    end = time.monotonic() + PATIENCE
    while not there():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.002)


def unfinished(sandbox: Sandbox) -> int:
    """How many connections the server holds, and requests it is at."""
    state = sandbox._server.server_state
    return len(state.connections) + len(state.tasks)


class Peer:
    """A connection with one request for a picture on it."""

    def __init__(
        self, sandbox: Sandbox, fault: str, body: Any = ORDER, *, promised: int | None = None
    ) -> None:
        self._sandbox, at = sandbox, urlsplit(sandbox.base_url)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = (
            "POST /v1/images/generations HTTP/1.1",
            f"host: {at.netloc}",
            "authorization: Bearer any",
            "content-type: application/json",
            f"content-length: {len(data) if promised is None else promised}",
            *([f"x-sandbox-fault: {fault}"] if fault else []),
        )
        before = sandbox.totals.received
        self.socket = socket.create_connection((at.hostname or "", at.port or 0), PATIENCE)
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
        until(lambda: sandbox.totals.received > before)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # With a reset: the sandbox need not read to the end what it did not want to read.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def read(self, length: int) -> bytes:
        """Exactly so many bytes."""
        data = bytearray()
        while missing := length - len(data):
            piece = self.socket.recv(missing)
            if not piece:
                raise EOFError
            data += piece
        return bytes(data)

    def head(self) -> tuple[str, dict[str, str]]:
        """The status line and the headers."""
        first, *lines = iter(self.line, "")
        return first, dict(line.split(": ", 1) for line in lines)

    def line(self) -> str:
        """What comes until the end of the line."""
        line = b""
        while not line.endswith(b"\r\n"):
            line += self.read(1)
        return line[:-2].decode()

    def rest(self) -> bytes:
        """Everything until the connection is closed."""
        return b"".join(iter(lambda: self.socket.recv(65_536), b""))

    def answered(self) -> Received:
        """The log's entry, once the answer has begun."""
        until(lambda: self._sandbox.log[-1].seconds is not None)
        return self._sandbox.log[-1]

    def silent(self) -> bool:
        """Whether nothing more came, not even the end, while the sandbox answered somebody else."""
        self.answered()
        for _ in range(3):
            httpx2.get(self._sandbox.base_url.removesuffix("/v1") + "/sandbox/log")
        return not select.select([self.socket], [], [], 0)[0]
