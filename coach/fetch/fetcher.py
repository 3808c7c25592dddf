"""The one way to a stranger's link in the whole project."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address

import httpcore2
import httpx2

from coach.errors import FetchRefused
from coach.fetch.addresses import is_public
from coach.fetch.line import Line, look_up, lookups, reason_of
from coach.fetch.links import Link, follow, read

MOST_REDIRECTS = 3
MOST_HEADERS = 200
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PORTS = frozenset({80, 443})
_HEADERS = (
    ("User-Agent", "coach"),
    ("Accept", "*/*"),
    ("Accept-Encoding", "identity"),
    ("Connection", "close"),
)
_TURN = 64
"""Pieces of a body after which others have a turn."""

_CRUMB, _CRUMBS = 64, 10_000
"""Bytes that pieces must have on average after so many: in chunks of one byte, a body is a minute's work."""

_WRONG = (OSError, httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError)


class Fetching:
    """An answer whose body is still to come.

    ``url`` is the last link, after redirects. ``media_type`` is what the server calls the body, in small
    letters and maybe ``""``: a claim, not to be trusted; what it is shows in the bytes.
    """

    def __init__(self, url: str, media_type: str, pieces: AsyncIterator[bytes]) -> None:
        self.url, self.media_type, self._pieces = url, media_type, pieces

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes, once.

        Raises:
            FetchRefused: It is longer than allowed, or its server is too slow or broke off.
        """
        async for piece in self._pieces:
            yield piece


class Fetcher:
    """Gets a stranger's URL without letting it reach anything but the public Internet.

    ``https`` and the ports 80 and 443 alone. The name is looked up once; when any of its addresses is not
    public (:func:`coach.fetch.addresses.is_public`), nothing is connected to. Else one of them is, and the
    certificate is verified for the name. A redirect, of at most three, is judged like a link. There are no
    proxies, cookies, credentials and referrers, and nothing is decompressed. It belongs to no event loop, and
    there is nothing to close. Each looks names up by itself: slow ones in strangers' links hold up none of
    the links that a service gave to another.

    Args:
        http: Whether ``http`` is allowed.
        most_bytes: How long a body may be; counted while it comes, whatever its server says.
        seconds: How long the whole may take, with looking up names and until the last byte is taken.
        trusted: Origins, e.g. ``http://127.0.0.1:8123``, which are not judged: the sandbox, a bucket of one's
            own. The operator names them, never a request, since every link then may lead there.

    Raises:
        ValueError: One of ``trusted`` is not an origin.
    """

    def __init__(
        self,
        *,
        http: bool = False,
        most_bytes: int = 20 * 2**20,
        seconds: float = 20.0,
        trusted: Collection[str] = (),
        _tls: ssl.SSLContext | None = None,
    ) -> None:
        self._http, self._most, self._seconds, self._given = http, most_bytes, seconds, _tls
        self._trusted, self._lookups = frozenset(map(_origin, trusted)), lookups()

    @asynccontextmanager
    async def open(self, url: str) -> AsyncIterator[Fetching]:
        """Ask for a link, and leave the body to be read.

        Raises:
            FetchRefused: Its ``reason`` says why; :meth:`Fetching.chunks` may raise it too.
        """
        until = asyncio.get_running_loop().time() + self._seconds
        async with AsyncExitStack() as held:
            with _refusing():
                async with asyncio.timeout_at(until):
                    link, answer, line = await self._answer(read(url), held)
                    _check(answer, self._most)
            line.expect(self._most)
            body = answer.aiter_stream()
            held.push_async_callback(body.aclose)
            yield Fetching(link.url, _media_type(answer), _bounded(body, self._most, until))

    async def get(self, url: str) -> bytes:
        """The whole body of a link.

        Raises:
            FetchRefused: Its ``reason`` says why.
        """
        async with self.open(url) as fetching:
            return b"".join([piece async for piece in fetching.chunks()])

    async def _answer(self, link: Link, held: AsyncExitStack) -> tuple[Link, httpcore2.Response, Line]:
        """The first answer that is no redirect; its connection is left to ``held``."""
        for _ in range(MOST_REDIRECTS + 1):
            async with AsyncExitStack() as hop:
                line = Line(await self._judged(link))
                hop.push_async_callback(line.aclose)
                answer = await self._ask(link, line)
                if answer.status not in _REDIRECTS or not (location := _values(answer, b"location")):
                    await held.enter_async_context(hop.pop_all())
                    return link, answer, line
            link = follow(link, location[0])
        raise FetchRefused("redirects")

    async def _judged(self, link: Link) -> Sequence[IPv4Address | IPv6Address]:
        """The addresses a link may be asked for at: all that it has, or it is refused.

        That there is no such name and that it leads inside are one answer: else whoever may give a link could
        ask for the names of a network that is none of their business.
        """
        trusted = link.origin in self._trusted
        if not trusted and (link.port not in _PORTS or (link.scheme == "http" and not self._http)):
            raise FetchRefused("bad_url")
        if link.address is not None:
            found = [link.address]
        elif trusted:
            found = await look_up(self._lookups, link.host, link.port)
        else:
            # With the final dot no domain of the machine's own is tried behind it.
            found = await look_up(self._lookups, f"{link.host}.", link.port) if "." in link.host else []
        if not found or not (trusted or all(map(is_public, found))):
            raise FetchRefused("unreachable" if trusted else "forbidden_address")
        return found

    async def _ask(self, link: Link, line: Line) -> httpcore2.Response:
        target = httpcore2.URL(scheme=link.scheme, host=link.host, port=link.port, target=link.path)
        headers = [("Host", link.authority), *_HEADERS]
        connection = httpcore2.AsyncHTTPConnection(
            target.origin, ssl_context=self._tls if link.scheme == "https" else None, network_backend=line
        )
        return await connection.handle_async_request(httpcore2.Request("GET", target, headers=headers))

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._given or httpx2.create_ssl_context()


def _origin(named: str) -> str:
    try:
        link = read(named)
    except FetchRefused:
        # Without what was given: some write a password there.
        raise ValueError("What is trusted is an origin, e.g. http://127.0.0.1:8123") from None
    if link.path != "/":
        raise ValueError(f"What is trusted is an origin, without a path: {link.origin}")
    return link.origin


def _check(answer: httpcore2.Response, most: int) -> None:
    """Whether a body may be read at all."""
    if answer.status != 200:
        raise FetchRefused("status", status=answer.status)
    if len(answer.headers) > MOST_HEADERS:
        raise FetchRefused("broken")
    if any(value.strip().lower() not in (b"", b"identity") for value in _values(answer, b"content-encoding")):
        raise FetchRefused("encoding")
    # httpcore has made sure that it is a number, and one only.
    if any(int(value) > most for value in _values(answer, b"content-length")):
        raise FetchRefused("too_large")


async def _bounded(body: AsyncIterator[bytes], most: int, until: float) -> AsyncIterator[bytes]:
    came = pieces = 0
    while True:
        with _refusing():
            async with asyncio.timeout_at(until):
                if pieces % _TURN == 0:
                    await asyncio.sleep(0)
                piece = await anext(body, None)
        if piece is None:
            return
        came, pieces = came + len(piece), pieces + 1
        if came > most:
            raise FetchRefused("too_large")
        if pieces > _CRUMBS + came // _CRUMB:
            raise FetchRefused("broken")
        yield piece


@contextmanager
def _refusing() -> Iterator[None]:
    """What went wrong, as the one error; the texts of the others hold addresses."""
    try:
        yield
    except _WRONG as exc:
        raise FetchRefused(reason_of(exc)) from exc


def _values(answer: httpcore2.Response, name: bytes) -> list[bytes]:
    return [value for named, value in answer.headers if named.lower() == name]


def _media_type(answer: httpcore2.Response) -> str:
    declared = b"".join(_values(answer, b"content-type")[:1]).partition(b";")[0]
    return declared.decode("ascii", "ignore").strip().lower()
