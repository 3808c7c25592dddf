"""What photos and versions share: a row each, and bytes in the blob store."""

from __future__ import annotations

import builtins

from sqlalchemy import Table, select

from coach.errors import NotFound
from coach.store._rows import first
from coach.store.blobs import Blobs
from coach.store.database import Database


class Pictures:
    """The pictures of one table.

    Args:
        database: Where the rows are.
        blobs: Where the bytes are.
        table: The table; it has the columns ``user_id``, ``id`` and ``blob``.
        kind: What ``NotFound`` calls one of them.
    """

    def __init__(self, database: Database, blobs: Blobs, table: Table, kind: str) -> None:
        self._database, self._blobs, self._table, self._kind = database, blobs, table, kind

    async def bytes(self, user_id: str, picture_id: str) -> builtins.bytes:
        """The picture itself: a photo as it was taken in, a version as the picture service gave it.

        Raises:
            NotFound: This person has no such picture.
        """
        return await self._blobs.get(await self._blob(user_id, picture_id))

    async def link(self, user_id: str, picture_id: str, seconds: int = 600) -> str:
        """A link to the picture for the person themselves; from a bucket it works for ``seconds``.

        Raises:
            NotFound: This person has no such picture.
        """
        return await self._blobs.link(await self._blob(user_id, picture_id), seconds)

    async def _blob(self, user_id: str, picture_id: str) -> str:
        mine = self._table.c.user_id == user_id, self._table.c.id == picture_id
        async with self._database.read() as connection:
            row = await first(connection, select(self._table.c.blob).where(*mine))
        if row is None:
            raise NotFound(self._kind, picture_id)
        return str(row["blob"])
