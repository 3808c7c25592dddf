"""The job specs of stickers as rows. The model knows them as ``s1``, ``s2``, …, a program by their hash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update

from coach.store._rows import columns, every, first, hold, insert_if_new, new_id, now, number_in, one, rows_of
from coach.store.database import Database
from coach.store.serving import BaseKind, sticker_specs

_ROW = sticker_specs.c


@dataclass(frozen=True, kw_only=True)
class SpecRow:
    """A job spec of one person.

    Attributes:
        number: The n-th of this person; never used again.
        hash: What "now" names: of the spec and of the picture it is made from, 64 hex digits.
        spec: A :class:`coach.stickers.spec.JobSpec` as JSON.
        base_kind: What that picture is; ``base_id`` which one, as in :class:`coach.Reference`.
        url: Where it came from, when somebody gave an address.
        quote_micros: The most a sticker of it can cost, in micro-dollars; ``None``: not known.
        version_id: The last picture that was made of it; ``None``: none yet.
        violations: What the quality gate said of that one, ``{"rule": …, "say": …}`` each; empty: it passed.
        quoted_at: When the quote was given.
    """

    id: str
    user_id: str
    number: int
    hash: str
    spec: Mapping[str, Any]
    base_kind: BaseKind
    base_id: str
    url: str | None
    quote_micros: int | None
    version_id: str | None
    violations: Sequence[Mapping[str, str]] | None
    created_at: datetime
    quoted_at: datetime

    @property
    def handle(self) -> str:
        """What the model calls it."""
        return f"s{self.number}"


class StickerSpecs:
    """People's job specs. ``NotFound``: this person has no such spec; so it is with somebody else's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        user_id: str,
        hash: str,
        spec: Mapping[str, Any],
        *,
        base: tuple[BaseKind, str],
        url: str | None = None,
        quote_micros: int | None,
    ) -> SpecRow:
        """Keep a spec with its quote. One that is kept already gets the new quote, and its handle stays.

        Args:
            base: Kind and id of the picture it is made from.
            url: Where that came from.
        """
        moment = now()
        new: dict[str, Any] = {"id": new_id(), "user_id": user_id, "hash": hash, "spec": dict(spec)}
        new |= {"base_kind": base[0], "base_id": base[1], "created_at": moment}
        quoted = {"url": url, "quote_micros": quote_micros, "quoted_at": moment}
        count = select(func.coalesce(func.max(_ROW.number), 0)).where(_ROW.user_id == user_id)
        mine = rows_of(sticker_specs, SpecRow, user_id).where(_ROW.hash == hash)
        async with self._database.write() as connection:
            await hold(connection, user_id)
            new["number"] = (await connection.execute(count)).scalar_one() + 1
            if not await insert_if_new(connection, sticker_specs, new | quoted, key=("user_id", "hash")):
                its = _ROW.user_id == user_id, _ROW.hash == hash
                await connection.execute(update(sticker_specs).where(*its).values(quoted))
            return await one(connection, mine, SpecRow, kind="sticker spec", ref=hash)

    async def get(self, user_id: str, ref: str) -> SpecRow:
        """One spec, by its handle or its hash.

        Raises:
            NotFound: This person has no such spec.
        """
        number = number_in(ref, "s")
        its = _ROW.hash == ref if number is None else _ROW.number == number
        mine = rows_of(sticker_specs, SpecRow, user_id).where(its)
        async with self._database.read() as connection:
            return await one(connection, mine, SpecRow, kind="sticker spec", ref=ref)

    async def find(self, user_id: str, hash: str) -> SpecRow | None:
        """One spec, by its hash; ``None``: this person has no such spec."""
        mine = rows_of(sticker_specs, SpecRow, user_id).where(_ROW.hash == hash)
        async with self._database.read() as connection:
            row = await first(connection, mine)
        return None if row is None else SpecRow(**row)

    async def list(self, user_id: str, most: int = 100) -> Sequence[SpecRow]:
        """The person's specs, the newest first."""
        async with self._database.read() as connection:
            return await every(connection, _newest(user_id).limit(most), SpecRow)

    async def latest(
        self, user_id: str, *, url: str | None = None, base: tuple[BaseKind, str] | None = None
    ) -> SpecRow | None:
        """The last quoted one that is made from a picture, by its address or by kind and id."""
        of: list[ColumnElement[bool]] = []
        if url is not None:
            of.append(_ROW.url == url)
        if base is not None:
            of += [_ROW.base_kind == base[0], _ROW.base_id == base[1]]
        newest = (
            _newest(user_id).where(*of).order_by(None).order_by(_ROW.quoted_at.desc(), _ROW.number.desc())
        )
        async with self._database.read() as connection:
            row = await first(connection, newest.limit(1))
        return None if row is None else SpecRow(**row)

    async def made(self, row: SpecRow, version_id: str, violations: Sequence[Mapping[str, str]]) -> SpecRow:
        """Write down which picture was made of a spec last, and what is wrong with it; gives the new row.

        Raises:
            NotFound: It is gone: the person was erased meanwhile.
        """
        its = update(sticker_specs).where(_ROW.user_id == row.user_id, _ROW.id == row.id)
        told = its.values(version_id=version_id, violations=list(violations))
        changed = told.returning(*columns(sticker_specs, SpecRow))
        async with self._database.write() as connection:
            return await one(connection, changed, SpecRow, kind="sticker spec", ref=row.handle)


def _newest(user_id: str) -> Select[Any]:
    mine = select(*columns(sticker_specs, SpecRow)).where(_ROW.user_id == user_id)
    return mine.order_by(_ROW.number.desc())
