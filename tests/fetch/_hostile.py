"""Web servers that mean no good, each behind a path; ``python -m tests.fetch._hostile`` says where.

What each sends has no end where that is the point; only the client's leaving ends it.
"""

from __future__ import annotations

import asyncio
import gzip
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import repeat
from urllib.parse import quote, unquote

from tests._tree import ROOT

Serve = Callable[[asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n"
PAUSE = 0.25
MEGABYTE = b"\0" * 2**20
_GOOD = OK + b"Content-Length: 4\r\n\r\ngood"


def sends(*parts: bytes, then: Iterable[bytes] = (), pause: float = 0) -> Serve:
    """Send these at once, then the others, maybe one by one."""

    async def serve(writer: asyncio.StreamWriter) -> None:
        writer.write(b"".join(parts))
        for part in then:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)

    return serve


def leads(to: str, status: bytes = b"302 Found") -> Serve:
    """Redirect."""
    return sends(b"HTTP/1.1 %b\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % (status, to.encode()))


def says(status: bytes) -> Serve:
    """Send a picture with another status than 200."""
    return sends(b"HTTP/1.1 %b\r\nContent-Length: 4\r\n\r\ngood" % status)


async def never(writer: asyncio.StreamWriter) -> None:
    """Send nothing."""
    await asyncio.sleep(3600)


async def breaks(writer: asyncio.StreamWriter) -> None:
    """Begin, and reset the connection."""
    writer.write(OK + b"Content-Length: 1000\r\n\r\nbegin")
    await writer.drain()
    writer.transport.abort()


CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(MEGABYTE * 64)

_COOKIE = leads("/what%20was%20asked", b"302 Found\r\nSet-Cookie: a=b; Path=/")

SERVERS: dict[str, tuple[Serve, str]] = {
    # without an end
    "endless body": (sends(OK, b"\r\n", then=repeat(MEGABYTE)), "too_large"),
    "chunks without end": (sends(CHUNKED, then=repeat(b"100000\r\n" + MEGABYTE + b"\r\n")), "too_large"),
    "one chunk without end": (sends(CHUNKED, b"fffffffffff\r\n", then=repeat(MEGABYTE)), "too_large"),
    "a storm of small chunks": (sends(CHUNKED, then=repeat(b"1\r\nx\r\n" * 10_000)), "broken"),
    "interim answers without end": (sends(then=repeat(b"HTTP/1.1 103 Hints\r\n\r\n" * 1000)), "broken"),
    "a header without end": (sends(OK, b"X: ", then=repeat(b"x" * 65536)), "broken"),
    "headers without end": (sends(OK, then=repeat(b"X: y\r\n" * 1000)), "broken"),
    "a trailer without end": (sends(CHUNKED, b"0\r\n", then=repeat(b"X: y\r\n" * 1000)), "broken"),
    # slow
    "drip": (sends(OK, b"Content-Length: 1000\r\n\r\n", then=repeat(b"x"), pause=PAUSE), "too_slow"),
    "slow headers": (sends(OK, b"X: ", then=repeat(b"x"), pause=PAUSE), "too_slow"),
    "slow interim answers": (sends(then=repeat(b"HTTP/1.1 102 P\r\n\r\n"), pause=PAUSE), "too_slow"),
    "never answers": (never, "too_slow"),
    "stops in the middle": (
        sends(OK, b"Content-Length: 9\r\n\r\nxxx", then=repeat(b""), pause=PAUSE),
        "too_slow",
    ),
    # lies
    "a length too long": (sends(OK, b"Content-Length: 1000\r\n\r\nshort"), "broken"),
    "a length of a terabyte": (sends(OK, b"Content-Length: 1000000000000\r\n\r\nshort"), "too_large"),
    "a length of a thousand digits": (sends(OK, b"Content-Length: %b\r\n\r\ngood" % (b"9" * 5000)), "broken"),
    "two lengths": (sends(OK, b"Content-Length: 4\r\nContent-Length: 5\r\n\r\ngoods"), "broken"),
    "a length below nothing": (sends(OK, b"Content-Length: -4\r\n\r\ngood"), "broken"),
    "a chunk of no size": (sends(CHUNKED, b"-4\r\ngood\r\n0\r\n\r\n"), "broken"),
    "chunks that break off": (sends(CHUNKED, b"4\r\ngood\r\n"), "broken"),
    # packed
    "a gzip bomb": (sends(OK, b"Content-Encoding: gzip\r\n\r\n", BOMB), "encoding"),
    "brotli, second": (
        sends(OK, b"Content-Encoding: identity\r\nContent-Encoding: br\r\n\r\n", BOMB),
        "encoding",
    ),
    "packed for the way": (sends(OK, b"Transfer-Encoding: gzip, chunked\r\n\r\n", BOMB), "broken"),
    # leads on
    "a loop": (leads("/a%20loop"), "redirects"),
    "a chain of four": (leads("/a%20chain%20of%20three%20and%20more"), "redirects"),
    "a chain of three and more": (leads("/a%20chain%20of%20three"), "redirects"),
    "to a file": (leads("file:///etc/passwd"), "bad_url"),
    "to data": (leads("data:image/png;base64,AAAA"), "bad_url"),
    "to ftp": (leads("ftp://example.org/me.png"), "bad_url"),
    "to this machine": (leads("https://127.0.0.1/"), "forbidden_address"),
    "nowhere": (sends(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"), "status"),
    # another status
    "part of it": (says(b"206 Partial Content"), "status"),
    "not modified": (says(b"304 Not Modified"), "status"),
    "who are you?": (says(b"401 Unauthorized\r\nWWW-Authenticate: Basic"), "status"),
    "not there": (says(b"404 Not Found"), "status"),
    "failed": (says(b"500 Oops"), "status"),
    "another protocol": (sends(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), "broken"),
    # no HTTP
    "closes at once": (sends(), "broken"),
    "resets": (breaks, "broken"),
    "HTTP/0.9": (sends(b"<html>good</html>"), "broken"),
    "another greeting": (sends(b"SSH-2.0-OpenSSH_9.9\r\n"), "broken"),
    "a thousand headers": (sends(OK, b"X: y\r\n" * 1000, b"\r\ngood"), "broken"),
}
"""By name: how it serves, and why it is refused."""

GOOD: dict[str, tuple[Serve, bytes]] = {
    "good": (sends(_GOOD), b"good"),
    "nothing": (sends(OK, b"Content-Length: 0\r\n\r\n"), b""),
    "after interim answers": (sends(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3, _GOOD), b"good"),
    "until the end": (sends(OK, b"\r\ngood"), b"good"),
    "as much as is allowed": (
        sends(CHUNKED, then=[*[b"100000\r\n" + MEGABYTE + b"\r\n"] * 20, b"0\r\n\r\n"]),
        MEGABYTE * 20,
    ),
    "a length too short": (sends(OK, b"Content-Length: 4\r\n\r\ngood and more"), b"good"),
    "identity": (sends(OK, b"Content-Encoding: Identity\r\nContent-Length: 4\r\n\r\ngood"), b"good"),
    "a chain of three": (leads("/two", b"307 Temporary Redirect"), b"good"),
    "two": (leads("one", b"308 Permanent Redirect"), b"good"),
    "one": (leads("good", b"303 See Other"), b"good"),
}
"""By name: how it serves, and what."""


def link_to(origin: str, name: str) -> str:
    """Where one of them is."""
    return f"{origin}/{quote(name, safe='')}"


@contextmanager
def hostile() -> Iterator[str]:
    """The origin of all of them, in a process of its own: none of their memory is the client's."""
    command = [sys.executable, "-u", "-m", "tests.fetch._hostile"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield running.stdout.readline().strip()
        finally:
            running.kill()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, EOFError):
        head = await reader.readuntil(b"\r\n\r\n")
        name = unquote(head.split(b" ")[1].decode()).lstrip("/")
        odd = {"what was asked": sends(OK, b"\r\n", head), "a redirect with a cookie": _COOKIE}
        serve = odd[name] if name in odd else (SERVERS | GOOD)[name][0]
        await serve(writer)
    writer.close()


async def _main() -> None:
    async with await asyncio.start_server(_serve, "127.0.0.1", 0) as server:
        sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
