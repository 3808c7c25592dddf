"""How often a person, or an address, may ask; counted by this process."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.requests import HTTPConnection

from coach.server.problems import TooMany
from coach.server.settings import ServerSettings

TRIES_PER_MINUTE = 20
"""Keys that one address may try."""

SESSIONS_PER_HOUR = 300
"""MCP sessions that one person may begin: each stays for half an hour, and a process holds 10,000."""

CLOSED = 5.0
"""Seconds after which somebody with too many streams may ask again: until then one may have been closed."""


class Rates:
    """Counts. Each method raises ``TooMany`` when that was once too often; it says when to come back."""

    def __init__(self, settings: ServerSettings) -> None:
        self._streams, self._streams_at_once = Counter[str](), settings.streams_at_once
        self._counted = FixedWindowRateLimiter(MemoryStorage())
        self._requests = RateLimitItemPerMinute(settings.requests_per_minute, namespace="requests")
        self._turns = RateLimitItemPerMinute(settings.turns_per_minute, namespace="turns")
        self._tries = RateLimitItemPerMinute(TRIES_PER_MINUTE, namespace="tries")
        self._sessions = RateLimitItemPerHour(SESSIONS_PER_HOUR, namespace="sessions")
        self._guests = RateLimitItemPerHour(settings.guests_per_hour, namespace="guests")

    async def request(self, user_id: str) -> None:
        """A person asks for anything. A stream of events is one request, however long it is."""
        await self._count(self._requests, user_id, "These are too many requests in a minute.")

    async def turn(self, user_id: str) -> None:
        """A person asks for something that a model is asked for."""
        await self._count(self._turns, user_id, "That was too fast for the coach. Take a breath.")

    @contextmanager
    def stream(self, user_id: str) -> Iterator[None]:
        """A person has a stream of events open, as long as the block runs."""
        if self._streams[user_id] >= self._streams_at_once:
            say = f"You listen in {self._streams_at_once} places at once. Close one of them."
            raise TooMany(say, retry_after=CLOSED)
        self._streams[user_id] += 1
        try:
            yield
        finally:
            self._streams[user_id] -= 1
            if not self._streams[user_id]:
                del self._streams[user_id]

    async def session(self, user_id: str) -> None:
        """A person's client begins an MCP session."""
        await self._count(self._sessions, user_id, "Too many MCP sessions in an hour. Use one again.")

    async def sign_in(self, connection: HTTPConnection) -> None:
        """Somebody shows a key to sign in with."""
        await self._count(self._tries, _address(connection), "Too many keys were tried from here.")

    async def guest(self, connection: HTTPConnection) -> None:
        """Somebody comes in as a new guest."""
        await self._count(self._guests, _address(connection), "Too many new guests came from here.")

    async def _count(self, limit: RateLimitItem, whose: str, say: str) -> None:
        if not await self._counted.hit(limit, whose):
            over = await self._counted.get_window_stats(limit, whose)
            raise TooMany(say, retry_after=over.reset_time - time.time())


def _address(connection: HTTPConnection) -> str:
    """Where somebody asks from. Of IPv6 the first half: the other half their machine chooses as it likes."""
    host = "" if connection.client is None else connection.client.host
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return host if not isinstance(address, IPv6Address) else address.exploded[:19]
