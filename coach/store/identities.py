"""Identities: who a person chooses to be. The model knows them as ``i1``, ``i2``, …"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack

from sqlalchemy import Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coach.errors import Conflict, NotFound
from coach.store._rows import columns, first, hold, insert_if_new, new_id, now, number_in
from coach.store.database import Database
from coach.store.tables import STAGES, Stage, identities, people, versions
from coach.text import clean, one_line


@dataclass(frozen=True, kw_only=True)
class Identity:
    """One identity of one person.

    Attributes:
        kind: ``workshop``: none whom the person chooses to be; see :meth:`Identities.workshop`.
        handle: What the model calls it: ``i1``, ``i2``, … per person, never used again.
        statement: The "I am" statement.
        visualization: What its picture shows, in words.
        appearance: What the person wears in it and how they carry themselves.
        name: One line.
        note: Where it comes from, in the coach's words; may have several lines.
        current: Whether the conversation is about this one; true of at most one per person.
        accepted_version_id: The picture the person accepted.
    """

    id: str
    user_id: str
    kind: Literal["identity", "workshop"]
    handle: str
    name: str
    note: str
    statement: str | None
    visualization: str | None
    appearance: str | None
    stage: Stage
    archived_at: datetime | None
    current: bool
    accepted_version_id: str | None
    created_at: datetime
    updated_at: datetime


class IdentityChanges(TypedDict, total=False):
    """What :meth:`Identities.update` can change."""

    name: str
    note: str
    statement: str | None
    visualization: str | None
    appearance: str | None
    stage: Stage


_WORKSHOP = 0
"""The number of a workshop: no handle has it, and a person has each number once."""


class Identities:
    """People's identities. ``ref`` is a handle or an id. ``NotFound``: this person has no such identity."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, user_id: str, name: str, note: str = "") -> Identity:
        """A new identity, at the stage ``proposed``, not the current one."""
        made = people.c.identities_made
        count = update(people).where(people.c.user_id == user_id).values(identities_made=made + 1)
        new: dict[str, Any] = {
            "id": new_id(),
            "user_id": user_id,
            "name": one_line(name),
            "note": clean(note),
        }
        moment = now()
        async with self._database.write() as connection:
            await hold(connection, user_id)
            number = (await connection.execute(count.returning(made))).scalar_one()
            new |= {"number": number, "stage": "proposed", "current": False}
            new |= {"created_at": moment, "updated_at": moment}
            await connection.execute(insert(identities), new)
            return await find_identity(connection, user_id, new["id"])

    async def workshop(self, user_id: str) -> Identity:
        """Where a person's pictures are that are of no identity; made when it is missing.

        It has versions as an identity has, and its id is all by which pictures are asked for in it and found.
        It is never listed or current, has no handle, and cannot be changed, merged or put away.
        """
        new: dict[str, Any] = {"id": new_id(), "user_id": user_id, "kind": "workshop", "number": _WORKSHOP}
        moment = now()
        new |= {"name": "Workshop", "note": "", "stage": "proposed", "current": False}
        new |= {"created_at": moment, "updated_at": moment}
        mine = _identities(user_id).where(identities.c.kind == "workshop")
        async with self._database.write() as connection:
            await hold(connection, user_id)
            await insert_if_new(connection, identities, new, key=("user_id", "number"))
            return _identity((await connection.execute(mine)).mappings().one())

    async def get(self, user_id: str, ref: str) -> Identity:
        """One identity, archived or not; also the workshop.

        Raises:
            NotFound: This person has no such identity.
        """
        async with self._database.read() as connection:
            return await find_identity(connection, user_id, ref)

    async def list(self, user_id: str, archived: bool = False) -> Sequence[Identity]:
        """The person's identities in the order they were made; with ``archived`` those put away too."""
        statement = _identities(user_id).where(identities.c.kind == "identity").order_by(identities.c.number)
        if not archived:
            statement = statement.where(identities.c.archived_at.is_(None))
        async with self._database.read() as connection:
            return [_identity(row) for row in (await connection.execute(statement)).mappings()]

    async def current(self, user_id: str) -> Identity | None:
        """The identity the conversation is about, if any."""
        async with self._database.read() as connection:
            row = await first(connection, _identities(user_id).where(identities.c.current))
        return _identity(row) if row else None

    async def focus(self, user_id: str, ref: str) -> Identity:
        """Make an identity the current one.

        Raises:
            NotFound: This person has no such identity.
            Conflict: It is archived.
        """
        async with self._database.write() as connection:
            await hold(connection, user_id)
            identity = await _open_identity(connection, user_id, ref)
            return await _focus(connection, identity)

    async def update(self, user_id: str, ref: str, **changes: Unpack[IdentityChanges]) -> Identity:
        """Change what is named, leave the rest. A stage that was reached is never gone back from.

        Raises:
            NotFound: This person has no such identity.
            Conflict: It is archived.
        """
        async with self._database.write() as connection:
            await hold(connection, user_id)
            identity = await _open_identity(connection, user_id, ref)
            stage = changes.get("stage", identity.stage)
            changes["stage"] = max(stage, identity.stage, key=STAGES.index)
            return await change_identity(connection, identity, **changes)

    async def merge(self, user_id: str, refs: Sequence[str], name: str) -> Identity:
        """Make one identity of several: the first stays, as ``name`` and with every note.

        The others are archived and keep their pictures. When one of them was current, the first now is.

        Raises:
            NotFound: This person has no such identity.
            Conflict: Fewer than two different ones, or one is archived.
        """
        async with self._database.write() as connection:
            await hold(connection, user_id)
            found = [await _open_identity(connection, user_id, ref) for ref in refs]
            merged = list({identity.id: identity for identity in found}.values())
            if len(merged) < 2:
                raise Conflict("Merging takes at least two different identities.")
            kept, *others = merged
            for identity in others:
                await change_identity(connection, identity, archived_at=now(), current=False)
            if any(identity.current for identity in others):
                await _focus(connection, kept)
            note = "\n".join(identity.note for identity in merged if identity.note)
            return await change_identity(connection, kept, name=name, note=note)

    async def archive(self, user_id: str, ref: str) -> Identity:
        """Put an identity away. Nothing of it is lost. Safe to repeat.

        Raises:
            NotFound: This person has no such identity.
        """
        async with self._database.write() as connection:
            await hold(connection, user_id)
            identity = await _chosen_identity(connection, user_id, ref)
            if identity.archived_at is not None:
                return identity
            return await change_identity(connection, identity, archived_at=now(), current=False)


async def find_identity(connection: AsyncConnection, user_id: str, ref: str) -> Identity:
    """The identity with this handle or id; raises ``NotFound``. For use inside a transaction."""
    number = number_in(ref, "i")
    which = identities.c.id == ref if number is None else identities.c.number == number
    row = await first(connection, _identities(user_id).where(which))
    if row is None:
        raise NotFound("identity", ref)
    return _identity(row)


async def change_identity(connection: AsyncConnection, identity: Identity, **values: Any) -> Identity:
    """Set columns of an identity, and when it was changed. For use inside a transaction."""
    mine = identities.c.user_id == identity.user_id, identities.c.id == identity.id
    if "name" in values:
        values["name"] = one_line(values["name"])
    await connection.execute(update(identities).where(*mine).values(updated_at=now(), **clean(values)))
    return await find_identity(connection, identity.user_id, identity.id)


async def _focus(connection: AsyncConnection, identity: Identity) -> Identity:
    mine = identities.c.user_id == identity.user_id
    await connection.execute(update(identities).where(mine, identities.c.current).values(current=False))
    return await change_identity(connection, identity, current=True)


async def _chosen_identity(connection: AsyncConnection, user_id: str, ref: str) -> Identity:
    """An identity, and not the workshop: that is nobody's to change."""
    identity = await find_identity(connection, user_id, ref)
    if identity.kind == "workshop":
        raise NotFound("identity", ref)
    return identity


async def _open_identity(connection: AsyncConnection, user_id: str, ref: str) -> Identity:
    identity = await _chosen_identity(connection, user_id, ref)
    if identity.archived_at is not None:
        raise Conflict(f"The identity {identity.handle} is archived; choose another one.")
    return identity


def _identities(user_id: str) -> Select[Any]:
    pinned = select(versions.c.id).where(
        versions.c.identity_id == identities.c.id, versions.c.accepted_at.is_not(None)
    )
    return select(
        *columns(identities, Identity),
        identities.c.number,
        pinned.correlate(identities).scalar_subquery().label("accepted_version_id"),
    ).where(identities.c.user_id == user_id)


def _identity(row: Mapping[str, Any]) -> Identity:
    values = dict(row)
    number = values.pop("number")
    return Identity(handle="workshop" if values["kind"] == "workshop" else f"i{number}", **values)
