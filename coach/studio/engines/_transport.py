"""The network under the SDK's client: aiohttp, which reads a large answer in a third of the time.

Of one answer with three previews (13 MB in chunks of 16 KB) httpx2's own transport takes 25 ms of CPU and
this one 8: its parser is written in C and hands over what has come in one piece.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol, runtime_checkable
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx2

MOST_ERROR = 64 * 1024
"""Bytes of an error's body that are read; those of OpenAI have less than one."""

_ERROR_SECONDS = 10.0
"""How long an error's body is waited for: its status says enough."""

_AT_ONCE = 128 * 1024
"""Bytes of an answer that are taken from the system at once. asyncio's 256 KB are half a megabyte for each of
many answers that arrive together; with half of that the CPU takes 3 % more."""

_READ_AHEAD = _AT_ONCE // 2
"""Bytes of an answer after twice which reading pauses until they are taken. With less than half of what is
taken at once, aiohttp pauses and resumes within each piece (500 times in one answer with previews); with more
it asks itself at each of the service's chunks whether it should resume."""
_PIECE = 64 * 1024

_NO_CONNECTION = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
)


class PictureTransport(httpx2.AsyncBaseTransport):
    """Each request on a connection of its own, once, and the answer as it came.

    A connection that is used again may break while one sends, because the server has closed it meanwhile.
    There are no redirects, no cookies and no decompression. The body of an error is cut off at 64 KB, and
    left out when it is compressed. It belongs to no event loop, and there is nothing to close.

    Args:
        trust_env: Whether the environment may name a proxy (``HTTPS_PROXY``, ``ALL_PROXY``, ``NO_PROXY``)
            and certificates (``SSL_CERT_FILE``, ``SSL_CERT_DIR``).
    """

    def __init__(self, *, trust_env: bool = True) -> None:
        self._trust_env, self._tls = trust_env, httpx2.create_ssl_context(trust_env=trust_env)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request.

        Raises:
            httpx2.TransportError: ``ConnectError`` before anything of it was sent, else ``ReadError``.
        """
        assert isinstance(request.stream, httpx2.AsyncByteStream)
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._tls, force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            read_bufsize=_READ_AHEAD,
        )
        try:
            with _translated():
                answer = await session.request(
                    request.method,
                    str(request.url),
                    headers=request.headers.multi_items(),
                    data=_gathered(request.stream),
                    allow_redirects=False,
                    proxy=_proxy_for(request.url) if self._trust_env else None,
                    timeout=aiohttp.ClientTimeout(connect=request.extensions["timeout"]["connect"]),
                )
            _read_less_at_once(answer)
            body = _Body(session, answer)
            if answer.status < 400:
                return httpx2.Response(answer.status, headers=answer.raw_headers, stream=body)
            return await _refusal(answer, body)
        except BaseException:
            await session.close()
            raise


class _Body(httpx2.AsyncByteStream):
    def __init__(self, session: aiohttp.ClientSession, answer: aiohttp.ClientResponse) -> None:
        self._session, self._answer = session, answer
        if answer.connection is not None and answer.connection.protocol is not None:
            closed = answer.connection.protocol.closed
            if closed is not None:
                closed.add_done_callback(self._break_off)

    def _break_off(self, closed: asyncio.Future[None]) -> None:
        """aiohttp can find a long answer broken while nobody reads, close, and leave the reader waiting."""
        if not closed.cancelled():
            closed.exception()  # asked for here alone, so asyncio would print it as one that nobody saw
        content = self._answer.content
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("closed before its end"))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated():
            while piece := await self._answer.content.readany():
                yield piece

    async def aclose(self) -> None:
        self._answer.close()
        await self._session.close()


@runtime_checkable
class _Bounded(Protocol):
    """asyncio's own transport of a socket; those of other event loops may have no such bound."""

    max_size: int


def _read_less_at_once(answer: aiohttp.ClientResponse) -> None:
    transport = answer.connection.transport if answer.connection else None
    if isinstance(transport, _Bounded):
        transport.max_size = _AT_ONCE


async def _gathered(stream: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """A form's many small pieces, and its files, in a few large ones: each is a call to the system."""
    pieces: list[bytes] = []
    async for piece in stream:
        pieces.append(piece)
        if sum(map(len, pieces)) >= _PIECE:
            yield b"".join(pieces)
            pieces.clear()
    yield b"".join(pieces)


async def _refusal(answer: aiohttp.ClientResponse, body: _Body) -> httpx2.Response:
    """An error with as much of its body as fits and comes soon."""
    read = b""
    with suppress(httpx2.TransportError, TimeoutError):
        async with asyncio.timeout(_ERROR_SECONDS):
            async for piece in body:
                read += piece[: MOST_ERROR - len(read)]
                if len(read) == MOST_ERROR:
                    break
    await body.aclose()
    named = [(name, value) for name, value in answer.raw_headers if name.lower() not in _ABOUT_BODY]
    return httpx2.Response(
        answer.status, headers=named, content=b"" if "content-encoding" in answer.headers else read
    )


_ABOUT_BODY = (b"content-encoding", b"content-length", b"transfer-encoding")


@contextmanager
def _translated() -> Iterator[None]:
    """aiohttp's errors as those of httpx2; their texts hold addresses."""
    try:
        yield
    except _NO_CONNECTION as exc:
        raise httpx2.ConnectError(type(exc).__name__) from exc
    except (aiohttp.ClientError, OSError, ValueError) as exc:
        raise httpx2.ReadError(type(exc).__name__) from exc


def _proxy_for(url: httpx2.URL) -> str | None:
    named = getproxies()
    proxy = named.get(url.scheme) or named.get("all")
    if not proxy or proxy_bypass(f"{url.host}:{url.port or ''}".rstrip(":")):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
