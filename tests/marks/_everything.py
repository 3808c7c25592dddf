"""The server that the MCP project's suite talks with: a coach folder of its own behind our adapter."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import Receive, Scope, Send

import coach
from coach.adapters.mcp import Person, over_http

FOLDER = Path(__file__).parent / "everything"
_HERE = ["localhost:*", "127.0.0.1:*"]


async def serve() -> None:
    """Serve at /mcp, for anybody on this machine, and say on which port."""
    security = TransportSecuritySettings(
        allowed_hosts=_HERE, allowed_origins=[f"http://{here}" for here in _HERE]
    )
    async with over_http(coach.load(FOLDER), secret=b"s" * 32, security=security) as mcp:

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await mcp.handle(Person(user_id="tester"), scope, receive, send)

        listening = socket.create_server(("127.0.0.1", 0))
        sys.stdout.write(f"{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        await uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="error")).serve([listening])


if __name__ == "__main__":
    asyncio.run(serve())
