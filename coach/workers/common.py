"""What all processes of one database must have in common: the place for pictures, and the salt.

An order says what its process has. A worker that has something else leaves it: it would be paid for, and kept
where nobody finds it, or known to the service as somebody else's.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from secrets import token_hex

from coach.errors import NotFound, StoreUnavailable
from coach.store import Store
from coach.store._postgres import alone

_MARK = "%all/place/mark"  # No person's: an owner's part of a key is quoted, and this quotes nothing.
_LOCK = 20386157319227  # Any number that nobody else asks PostgreSQL for.
_SECONDS = 10.0


@dataclass(kw_only=True)
class Common:
    """What this process has.

    Attributes:
        secret: The salt.
    """

    store: Store
    secret: bytes
    _place: str = field(default="", init=False)

    async def said(self) -> Mapping[str, str]:
        """What an order says of it. The place is recognised by a mark that the first one leaves there.

        Raises:
            StoreUnavailable: The database or the place for pictures cannot be used now.
        """
        if not self._place:
            async with self.store.database.write() as connection:
                await alone(connection, _LOCK)
                self._place = await self._mark() or await self._leave_mark()
        salt = hmac.new(self.secret, b"coach workers", hashlib.sha256).hexdigest()[:16]
        return {"place": self._place, "salt": salt}

    async def differs(self, said: Mapping[str, str]) -> str:
        """What is another here than an order says; ``""``: nothing."""
        ours = await self.said()
        return " and ".join(name for name, value in said.items() if ours.get(name, value) != value)

    async def look(self) -> None:
        """See that the place is there.

        Raises:
            StoreUnavailable: It is not, or does not answer.
        """
        if await self._mark() != self._place:
            raise StoreUnavailable(
                "The place for pictures is not the one it was: mount it again, or start every process anew."
            )

    async def _mark(self) -> str:
        try:
            async with asyncio.timeout(_SECONDS):
                with suppress(NotFound):
                    return (await self.store.blobs.get(_MARK)).decode()
        except TimeoutError:
            raise StoreUnavailable("The place for pictures does not answer.") from None
        return ""

    async def _leave_mark(self) -> str:
        mark = token_hex(8)
        await self.store.blobs.put(_MARK, mark.encode(), "text/plain")
        return mark
