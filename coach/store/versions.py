"""Versions: the pictures of an identity, a tree. The model knows them as ``v1``, ``v2``, ``v2a``, …"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coach.errors import NotFound
from coach.store._handles import next_handle, read_handle
from coach.store._pictures import Pictures
from coach.store._rows import columns, every, first, hold, new_id, now, one, rows_of
from coach.store.blobs import Blobs
from coach.store.database import Database
from coach.store.identities import change_identity, find_identity
from coach.store.nodes import Made, Node, Outline, link
from coach.store.tables import generations, identities, versions


@dataclass(frozen=True, kw_only=True)
class NewVersion:
    """A picture that lies in the blob store and has no row yet. ``width`` and ``height`` are pixels.

    Attributes:
        provider_blob: Where the service's own bytes are, when ``blob`` is made from them; else ``None``.
        judgement: How it was judged; ``None``: not yet. See :class:`coach.studio.judge.Judgement`.
    """

    blob: str
    sha256: str
    width: int
    height: int
    media_type: str
    provider_blob: str | None = None
    judgement: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Version(NewVersion):
    """One picture of one identity.

    Attributes:
        handle: What the model calls it: ``v1``, ``v2``, … per identity, and ``v2a``, ``v2b`` for
            what was made from an older one. See :func:`coach.store._handles.next_handle`.
        number: Counts the pictures of its identity in the order they were made.
        parent_id: The version it was made from.
        generation_id: The row of the ledger that paid for it.
        prompt: What the picture service was asked for.
        accepted_at: When the person accepted it; one version per identity has it.
    """

    id: str
    user_id: str
    identity_id: str
    number: int
    parent_id: str | None
    generation_id: str
    prompt: str
    accepted_at: datetime | None
    created_at: datetime
    handle: str


class Versions(Pictures):
    """The pictures of people's identities. ``identity_ref`` and ``ref`` are a handle or an id."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        super().__init__(database, blobs, versions, "version")

    async def list(self, user_id: str, identity_ref: str) -> Sequence[Version]:
        """An identity's versions, oldest first.

        Raises:
            NotFound: This person has no such identity.
        """
        async with self._database.read() as connection:
            identity = await find_identity(connection, user_id, identity_ref)
            statement = _versions(user_id, identity.id).order_by(versions.c.number)
            return await every(connection, statement, Version)

    async def get(self, user_id: str, identity_ref: str, ref: str) -> Version:
        """One version of an identity.

        Raises:
            NotFound: This person has no such identity, or it has no such version.
        """
        async with self._database.read() as connection:
            identity = await find_identity(connection, user_id, identity_ref)
            return await _find(connection, user_id, identity.id, ref)

    async def tree(self, user_id: str, identity_ref: str) -> Sequence[Node]:
        """An identity's versions as a tree, in the order in which they were made.

        Raises:
            NotFound: This person has no such identity.
        """
        together = func.count().over(partition_by=versions.c.generation_id).label("pictures")
        paid = [generations.c[name] for name in _MADE]
        statement = select(*columns(versions, Version), *paid, together)
        statement = statement.join(generations, generations.c.id == versions.c.generation_id)
        async with self._database.read() as connection:
            identity = await find_identity(connection, user_id, identity_ref)
            mine = versions.c.user_id == user_id, versions.c.identity_id == identity.id
            rows = await connection.execute(statement.where(*mine).order_by(versions.c.number))
        return link(_made(dict(row)) for row in rows.mappings())

    async def outline(self, user_id: str, identity_ref: str) -> Sequence[Outline]:
        """What can be said of an identity's versions in a line each, in the order in which they were made.

        Raises:
            NotFound: This person has no such identity.
        """
        parents = versions.alias()
        together = and_(parents.c.id == versions.c.parent_id, parents.c.identity_id == versions.c.identity_id)
        statement = (
            select(
                versions.c.handle,
                parents.c.handle.label("parent"),
                generations.c.wish,
                versions.c.judgement,
                versions.c.accepted_at.is_not(None).label("accepted"),
            )
            .join(generations, generations.c.id == versions.c.generation_id)
            .outerjoin(parents, together)
        )
        async with self._database.read() as connection:
            identity = await find_identity(connection, user_id, identity_ref)
            mine = versions.c.user_id == user_id, versions.c.identity_id == identity.id
            return await every(connection, statement.where(*mine).order_by(versions.c.number), Outline)

    async def node(self, user_id: str, identity_ref: str, ref: str) -> Node:
        """One version's place in the tree.

        Raises:
            NotFound: This person has no such identity, or it has no such version.
        """
        for node in await self.tree(user_id, identity_ref):
            if ref in (node.handle, node.version.id):
                return node
        raise NotFound("version", ref)

    async def find(self, user_id: str, version_id: str) -> Version:
        """One version by its id alone.

        Raises:
            NotFound: This person has no such version.
        """
        mine = rows_of(versions, Version, user_id).where(versions.c.id == version_id)
        async with self._database.read() as connection:
            return await one(connection, mine, Version, kind="version", ref=version_id)

    async def known_handles(self, user_id: str, handles: Iterable[str]) -> set[str]:
        """Those of the handles that a picture of one of the person's identities has."""
        which = select(versions.c.handle).where(versions.c.user_id == user_id, versions.c.handle.in_(handles))
        async with self._database.read() as connection:
            return set((await connection.execute(which)).scalars())

    async def of_generations(self, user_id: str, generation_ids: Sequence[str]) -> Sequence[Version]:
        """The versions that came of a person's generations, in the order they were made."""
        mine = rows_of(versions, Version, user_id).where(versions.c.generation_id.in_(generation_ids))
        async with self._database.read() as connection:
            return await every(connection, mine.order_by(versions.c.created_at, versions.c.number), Version)

    async def accept(self, user_id: str, identity_ref: str, ref: str) -> Version:
        """Pin one version instead of the one pinned before; the identity is ``visualized``. Safe to repeat.

        Raises:
            NotFound: This person has no such identity, or it has no such version.
        """
        async with self._database.write() as connection:
            await hold(connection, user_id)
            identity = await find_identity(connection, user_id, identity_ref)
            version = await _find(connection, user_id, identity.id, ref)
            if version.accepted_at is not None:
                return version
            mine = versions.c.user_id == user_id, versions.c.identity_id == identity.id
            pinned = update(versions).where(*mine, versions.c.accepted_at.is_not(None))
            await connection.execute(pinned.values(accepted_at=None))
            chosen = update(versions).where(*mine, versions.c.id == version.id)
            await connection.execute(chosen.values(accepted_at=now()))
            await change_identity(connection, identity, stage="visualized")
            return await _find(connection, user_id, identity.id, version.id)


_MADE = ("request", "wish", "engine", "model", "operation", "actual_micros", "key")


def _made(row: dict[str, Any]) -> tuple[Version, Made]:
    how = Made(**{name: row.pop(name) for name in (*_MADE, "pictures")})
    return Version(**row), how


async def insert_rows(
    connection: AsyncConnection,
    *,
    user_id: str,
    identity_id: str,
    generation_id: str,
    parent_id: str | None,
    prompt: str,
    pictures: Sequence[NewVersion],
) -> tuple[Version, ...]:
    """Add the pictures of one generation inside the caller's write transaction, in order.

    Args:
        connection: From :meth:`coach.store.database.Database.write`.
        identity_id: The identity's id, not its handle.
        parent_id: The version they were made from, of the same person.

    Raises:
        NotFound: This person has no such identity.
    """
    made = identities.c.versions_made
    count = (
        update(identities)
        .where(identities.c.user_id == user_id, identities.c.id == identity_id)
        .values(versions_made=made + len(pictures))
        .returning(made)
    )
    row = await first(connection, count)
    if row is None:
        raise NotFound("identity", identity_id)
    before = row["versions_made"] - len(pictures)
    # The row of the identity is locked now: nobody else gives out its handles.
    handles = await _handles(connection, identity_id, parent_id, len(pictures))
    moment = now()
    rows = [
        {
            **vars(picture),
            "id": new_id(),
            "user_id": user_id,
            "identity_id": identity_id,
            "number": number,
            "parent_id": parent_id,
            "generation_id": generation_id,
            "prompt": prompt,
            "accepted_at": None,
            "created_at": moment,
            "handle": handle,
        }
        for number, (handle, picture) in enumerate(zip(handles, pictures, strict=True), before + 1)
    ]
    if rows:
        await connection.execute(insert(versions), rows)
    return tuple(Version(**row) for row in rows)


async def _handles(
    connection: AsyncConnection, identity_id: str, parent_id: str | None, count: int
) -> list[str]:
    """The handles of ``count`` pictures made from a version, one after the other."""
    asked = select(versions.c.id, versions.c.handle).where(versions.c.identity_id == identity_id)
    known = {row.id: row.handle for row in await connection.execute(asked)}
    taken, parent = list(known.values()), known.get(parent_id)
    for _ in range(count):
        parent = next_handle(taken, parent)
        taken.append(parent)
    return taken[len(known) :]


async def _find(connection: AsyncConnection, user_id: str, identity_id: str, ref: str) -> Version:
    which = versions.c.handle == ref if read_handle(ref) else versions.c.id == ref
    mine = _versions(user_id, identity_id).where(which)
    return await one(connection, mine, Version, kind="version", ref=ref)


def _versions(user_id: str, identity_id: str) -> Select[Any]:
    return rows_of(versions, Version, user_id).where(versions.c.identity_id == identity_id)
