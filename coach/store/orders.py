"""Pictures that wait for a worker, or are made by one. Only PostgreSQL has workers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from sqlalchemy import Integer, bindparam, delete, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from coach.store._rows import columns, first, hold, new_id, now
from coach.store._work import Work, Works
from coach.store.bell import ringing
from coach.store.database import Database
from coach.store.serving import WorkState, orders

_ROW = orders.c
_OPEN = _ROW.state == "running"
_WAITS = _OPEN & (_ROW.held_by == "")

# Self-clocked fair queueing (Golestani, 1994), with one rank for each order of a tenant: its people take
# turns, and the tenants take turns whatever each has waiting. Of two with one rank, somebody's first goes
# before another's second.
_TAG = text(
    """
    WITH waiting AS (
        SELECT tenant, user_id, tag FROM orders
        WHERE state = 'running' AND held_by = '' AND service = :service AND batch = :batch
    ),
    people AS (SELECT user_id, count(*) AS n FROM waiting WHERE tenant = :tenant GROUP BY user_id),
    mine AS (SELECT coalesce(max(n) FILTER (WHERE user_id = :user_id), 0) AS n FROM people)
    SELECT coalesce((SELECT min(tag) FROM waiting), 0) + least(mine.n, 1) + 2 * (mine.n + coalesce(
        (SELECT sum(least(people.n, mine.n + 1)) FROM people WHERE user_id <> :user_id), 0
    )) FROM mine
    """
)


News: TypeAlias = tuple[str, Mapping[str, Any]]
"""Kind and data of what is told on the way."""


@dataclass(frozen=True, kw_only=True)
class OrderRow(Work):
    """A picture that was given to the workers.

    Attributes:
        key: The ledger's.
        service: The picture service that makes it.
        batch: Whether nobody waits for it.
        tag: Who is next: the lowest.
        asked: The fingerprint of what was asked for.
        news: What was told on the way: kind and data of each.
        wanted: Whether anybody still waits for it.
        taken: How often a worker began with it.
        outcome: Why there is no picture, when it ended so.
    """

    tenant: str
    service: str
    batch: bool
    tag: int
    asked: str
    news: Sequence[News]
    wanted: bool
    taken: int
    outcome: Mapping[str, Any] | None
    taken_at: datetime | None

    @property
    def topic(self) -> str:
        """What rings when there is news of it."""
        return f"order:{self.id}"

    @property
    def waits(self) -> bool:
        """Whether no worker has begun."""
        return self.state == "running" and not self.held_by


def left(order_id: str) -> str:
    """What rings when whoever waited for an order has gone away."""
    return f"left:{order_id}"


class Orders(Works[OrderRow]):
    """What the workers of this database have to do."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, table=orders, row_type=OrderRow, kind="order", of="key")

    async def open(self, user_id: str, key: str) -> OrderRow | None:
        """The one of a key that has not ended."""
        async with self._database.read() as connection:
            return await self._open(connection, user_id, key)

    async def begin(
        self,
        user_id: str,
        key: str,
        *,
        tenant: str,
        service: str,
        batch: bool,
        asked: str,
        body: Mapping[str, Any],
    ) -> tuple[OrderRow, bool]:
        """Write down what is wanted; or find what already waits or is made under the key.

        Returns:
            The order, and whether it is new.

        Raises:
            Erasing: The person is being erased.
        """
        async with self._database.write() as connection:
            share = {"user_id": user_id, "tenant": tenant, "service": service, "batch": batch}
            since = await hold(connection, user_id)  # and one at a time for each person
            if (there := await self._open(connection, user_id, key)) is not None:
                return there, False
            row = OrderRow(
                id=new_id(),
                user_id=user_id,
                key=key,
                tenant=tenant,
                service=service,
                batch=batch,
                tag=int((await connection.execute(_TAG, share)).scalar_one()),
                asked=asked,
                body={**body, "since": since.isoformat()},
                news=[],
                state="running",
                held_by="",
                wanted=True,
                taken=0,
                outcome=None,
                created_at=now(),
                taken_at=None,
                ended_at=None,
            )
            await connection.execute(_INSERT, vars(row))
        return row, True

    async def find(self, order_id: str) -> OrderRow | None:
        """One, whoever's; ``None``: it is gone, with the person or because it ended long ago."""
        async with self._database.read() as connection:
            found = await first(connection, _BY_ID, {"of_id": order_id})
        return OrderRow(**found) if found else None

    async def take(self, order_id: str, holder: str) -> OrderRow | None:
        """Begin with it, unless another is at it: the queue may name an order twice.

        Returns:
            ``None``: there is nothing to do, because it ended, another has it, or its person is gone.
        """
        async with self._database.once() as connection:
            found = await first(connection, _TAKE, {"of_id": order_id, "by": holder, "at": now()})
        return OrderRow(**found) if found else None

    async def tell(self, order: OrderRow, some: Sequence[News]) -> None:
        """Tell whoever waits for it how far it is, unless another carries it on by now."""
        async with self._database.once() as connection:
            await connection.execute(_TELL, {**_ours(order), "topic": order.topic, "more": list(some)})

    async def finish(
        self, order: OrderRow, state: WorkState, outcome: Mapping[str, Any] | None, news: Sequence[News] = ()
    ) -> bool:
        """Write down that it ended, unless another carries it on by now; says whether it did.

        What was wanted is in the ledger, where anything came of it, and goes from here.

        Args:
            news: What was still to be told.
        """
        how = {"state": state, "outcome": outcome, "ended_at": now(), "more": list(news)}
        async with self._database.once() as connection:
            return await first(connection, _END, {**_ours(order), "topic": order.topic, **how}) is not None

    async def put_back(self, order: OrderRow, *, begun: bool) -> bool:
        """Let it wait again, unless another carries it on by now; says whether it does.

        Args:
            begun: Whether something was done with it.
        """
        async with self._database.once() as connection:
            back = await connection.execute(_PUT_BACK, {**_ours(order), "less": 0 if begun else 1})
            return back.rowcount > 0

    async def free(self, order_id: str, *, living: Collection[str] = ()) -> None:
        """Let it wait again: who held it is dead.

        Args:
            living: The workers that are not: what one of these holds stays its own.
        """
        left = update(orders).where(_ROW.id == order_id, _OPEN, _ROW.held_by.not_in(living))
        async with self._database.once() as connection:
            await connection.execute(left.values(held_by=""))

    async def withdraw(self, user_id: str, order_id: str) -> bool:
        """Take it back if no worker has ever begun: then none will. Says whether that is so."""
        new = _WAITS & (_ROW.taken == 0)
        mine = delete(orders).where(_ROW.user_id == user_id, _ROW.id == order_id, new)
        async with self._database.once() as connection:
            return (await connection.execute(mine)).rowcount > 0

    async def leave(self, user_id: str, order_id: str) -> None:
        """Tell the worker that has begun with it that nobody waits for it any more."""
        mine = update(orders).where(_ROW.user_id == user_id, _ROW.id == order_id, _OPEN)
        async with self._database.once() as connection:
            await connection.execute(mine.values(wanted=False).returning(ringing(left(order_id))))

    async def any_waiting(self, service: str) -> Literal["somebody", "batch"] | None:
        """Whether any order of a service waits, and whether somebody waits for one of them."""
        async with self._database.read() as connection:
            found = await first(connection, _ANY, {"of_service": service})
        return None if found is None else "batch" if found["batch"] else "somebody"

    async def forget(self, older_than: timedelta) -> int:
        """Delete those that ended so long ago; says how many."""
        ended = delete(orders).where(_ROW.ended_at < now() - older_than)
        async with self._database.once() as connection:
            return (await connection.execute(ended)).rowcount

    async def _open(self, connection: AsyncConnection, user_id: str, key: str) -> OrderRow | None:
        found = await first(connection, _BY_KEY, {"of_user_id": user_id, "of_key": key})
        return OrderRow(**found) if found else None


def _ours(order: OrderRow) -> dict[str, Any]:
    """Which order it is, and who has it."""
    return {"of_id": order.id, "of_holder": order.held_by}


_COLUMNS = columns(orders, OrderRow)

# Written once: to put a statement together costs as much as to send it.
_ONE = _ROW.id == bindparam("of_id")
_BY_ID = select(*_COLUMNS).where(_ONE)
_BY_KEY = select(*_COLUMNS).where(
    _ROW.user_id == bindparam("of_user_id"), _ROW.key == bindparam("of_key"), _OPEN
)
_TAKE = (
    update(orders)
    .where(_ONE, _OPEN, or_(_ROW.held_by == "", _ROW.held_by == bindparam("by")))
    .values(held_by=bindparam("by"), taken=_ROW.taken + 1, taken_at=bindparam("at"))
    .returning(*_COLUMNS)
)
_ANY = select(_ROW.batch).where(_WAITS, _ROW.service == bindparam("of_service")).order_by(_ROW.batch).limit(1)
# Only where it has not ended and no other carries it on by now.
_OURS = update(orders).where(_ONE, _ROW.held_by == bindparam("of_holder"), _OPEN)
_RINGS = ringing(bindparam("topic"))
# PostgreSQL puts one list of JSON behind another.
_MORE = func.jsonb_concat(_ROW.news, bindparam("more", type_=JSONB))
_TELL = _OURS.values(news=_MORE).returning(_RINGS)
_END = _OURS.values(
    news=_MORE, body={}, **{name: bindparam(name) for name in ("state", "outcome", "ended_at")}
).returning(_RINGS)
_PUT_BACK = _OURS.values(held_by="", taken=_ROW.taken - bindparam("less", type_=Integer))
_INSERT = insert(orders)
