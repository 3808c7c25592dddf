"""Looking a name up, and a connection to what was judged and nothing else."""

# The signatures are httpcore's; the time is bounded where it is asked.
# ruff: noqa: ASYNC109

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import httpcore2

from coach.errors import FetchReason, FetchRefused

MOST_HEAD = 128 * 1024
"""Bytes up to the end of the answer's head, with whatever interim answers come before it."""

_CONNECT_SECONDS = 5.0
"""How long one of several addresses may keep us from the next."""

_MOST_ADDRESSES = 4
_BROKEN = (httpcore2.ProtocolError, httpcore2.ReadError, httpcore2.WriteError, ssl.SSLError)
_TOO_LONG_A_HEAD: FetchReason = "broken"
_TOO_LONG_A_BODY: FetchReason = "too_large"


def lookups() -> ThreadPoolExecutor:
    """Threads for looking names up and nothing else: a look-up cannot be cancelled, and a stranger's name
    server may be slow on purpose. They end when nobody has them any more."""
    return ThreadPoolExecutor(8, thread_name_prefix="coach-lookup")


async def look_up(threads: ThreadPoolExecutor, name: str, port: int) -> list[IPv4Address | IPv6Address]:
    """All addresses of a name, in the system's order; none when there is no such name."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.run_in_executor(
            threads, lambda: socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        )
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(ip_address(address[0]) for *_, address in found))


class Line(httpcore2.AsyncNetworkBackend):
    """One connection, to one of some addresses: names are not looked up here, and the host is not heeded.

    Args:
        addresses: Already judged.
    """

    def __init__(self, addresses: Sequence[IPv4Address | IPv6Address]) -> None:
        self._addresses = addresses[:_MOST_ADDRESSES]
        self._open: httpcore2.AsyncNetworkStream | None = None
        self._left, self._over = MOST_HEAD, _TOO_LONG_A_HEAD

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """What httpcore asks for, whatever kind of host it is."""
        for address in self._addresses:
            with suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                self._open = await httpcore2.AnyIOBackend().connect_tcp(str(address), port, _CONNECT_SECONDS)
                return _Counted(self._open, self)
        raise httpcore2.ConnectError("none of the addresses answers")

    def expect(self, body: int) -> None:
        """The head is over; from now on so many bytes may come, with what it takes to send them in chunks."""
        self._left, self._over = body + MOST_HEAD, _TOO_LONG_A_BODY

    def count(self, came: int) -> None:
        """Bytes have come.

        Raises:
            FetchRefused: They are too many.
        """
        self._left -= came
        if self._left < 0:
            raise FetchRefused(self._over)

    async def aclose(self) -> None:
        """Also after an interrupted TLS handshake, which leaves the socket open."""
        if self._open is not None:
            await self._open.aclose()


class _Counted(httpcore2.AsyncNetworkStream):
    """What httpcore reads from, counted before it is taken apart."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream, line: Line) -> None:
        self._stream, self._line = stream, line

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        came = await self._stream.read(max_bytes, timeout)
        self._line.count(len(came))
        return came

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        return _Counted(await self._stream.start_tls(ssl_context, server_hostname, timeout), self._line)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def reason_of(exc: BaseException) -> FetchReason:
    """What went wrong on a line."""
    if isinstance(exc, TimeoutError | httpcore2.ReadTimeout):
        return "too_slow"
    if isinstance(exc, _BROKEN):
        return "broken"
    while exc.__cause__ is not None:
        exc = exc.__cause__
    return "certificate" if isinstance(exc, ssl.SSLCertVerificationError) else "unreachable"
