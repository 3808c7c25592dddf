"""How the queue stands: what waits, what is made and by whom, what is stuck, and which workers there are.

Nothing of it is a prompt or a picture. Read from our own tables; PostgreSQL only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Interval, Select, case, func, literal, select

from coach.store._clock import NOW, seconds
from coach.store._rows import every
from coach.store.database import Database
from coach.store.roster import Roster, WorkerRow
from coach.store.serving import orders
from coach.store.upstreams import slots, upstreams
from coach.studio._pace import MINUTE

Why = Literal["no_worker", "newer", "dead_worker"]
"""Why something is stuck: no worker takes orders of its service; none reads its form; its worker is dead."""

LONG = 10.0
"""Seconds in which what a dead worker left is carried on, and what waits is seen by who takes orders."""

_MINUTE = literal(timedelta(seconds=MINUTE), Interval)


@dataclass(frozen=True, kw_only=True)
class OrderState:
    """A picture that waits or is made.

    Attributes:
        held_by: The worker that makes it; empty: it waits.
        tries: How often a worker began with it.
        since: Since when it waits, or is made.
        seconds: How long that is.
        form: Of what is written there for the worker.
    """

    id: str
    user_id: str
    tenant: str
    service: str
    batch: bool
    held_by: str
    tries: int
    since: datetime
    seconds: float
    form: int


@dataclass(frozen=True, kw_only=True)
class ServiceState:
    """What there is to do for one picture service.

    Attributes:
        waiting: How many wait.
        batch: How many of these nobody waits for.
        longest: Seconds that the first of them has waited.
        made: How many are being made.
        stuck: How many of all do not come on.
    """

    name: str
    waiting: int
    batch: int
    longest: float
    made: int
    stuck: int


@dataclass(frozen=True, kw_only=True)
class UpstreamState:
    """One API key of a service, and what all workers ask of it.

    Attributes:
        name: The service, and what tells one of its keys from another.
        in_use: Pictures that are being made.
        in_minute: Those that were sent in the last one.
        paused_until: Till when nobody asks, because the service said so.
    """

    name: str
    in_use: int
    in_minute: int
    paused_until: datetime | None


@dataclass(frozen=True, kw_only=True)
class QueueState:
    """How the queue stands.

    Attributes:
        orders: In the order of their turn, those that are made first.
    """

    orders: Sequence[OrderState]
    workers: Sequence[WorkerRow]
    upstreams: Sequence[UpstreamState]

    def stuck(self, order: OrderState) -> Why | None:
        """Why an order does not come on; ``None``: it does."""
        if order.held_by:
            holder = next((each for each in self.workers if each.name == order.held_by), None)
            return "dead_worker" if holder is None or holder.silent > LONG else None
        takers = [each for each in self.workers if each.takes and order.service in each.services]
        if any(order.form <= each.form for each in takers) or order.seconds <= LONG:
            return None
        return "newer" if takers else "no_worker"

    def makes(self, worker: WorkerRow) -> int:
        """How many a worker makes now."""
        return sum(each.held_by == worker.name for each in self.orders)

    @property
    def services(self) -> list[ServiceState]:
        """In sums, by service."""
        by_service: dict[str, list[OrderState]] = defaultdict(list)
        for each in self.orders:
            by_service[each.service].append(each)
        return [self._sums(name, found) for name, found in sorted(by_service.items())]

    def _sums(self, name: str, found: Sequence[OrderState]) -> ServiceState:
        waiting = [each for each in found if not each.held_by]
        return ServiceState(
            name=name,
            waiting=len(waiting),
            batch=sum(each.batch for each in waiting),
            longest=max((each.seconds for each in waiting), default=0.0),
            made=len(found) - len(waiting),
            stuck=sum(self.stuck(each) is not None for each in found),
        )

    @property
    def is_well(self) -> bool:
        """Whether somebody takes orders, and nothing is stuck."""
        return any(each.takes for each in self.workers) and not any(map(self.stuck, self.orders))


async def read_state(database: Database) -> QueueState:
    """How it stands now.

    Raises:
        StoreUnavailable: The database cannot be used now.
    """
    async with database.read() as connection:
        found = await every(connection, _ORDERS, OrderState)
        services = await every(connection, _UPSTREAMS, UpstreamState)
    return QueueState(orders=found, workers=await Roster(database).workers(), upstreams=services)


def _listed() -> Select[Any]:
    row = orders.c
    since = case((row.held_by == "", row.created_at), else_=row.taken_at)
    return (
        select(
            *(row.id, row.user_id, row.tenant, row.service, row.batch, row.held_by),
            row.taken.label("tries"),
            since.label("since"),
            seconds(NOW - since).label("seconds"),
            row.body["form"].as_integer().label("form"),
        )
        .where(row.state == "running")
        .order_by(row.held_by == "", row.service, row.batch, row.tag, row.created_at)
    )


def _used() -> Select[Any]:
    row = slots.c
    return (
        select(
            upstreams.c.name,
            case((upstreams.c.paused_until > NOW, upstreams.c.paused_until)).label("paused_until"),
            func.coalesce(func.sum(row.pictures).filter(row.until > NOW), 0).label("in_use"),
            func.coalesce(func.sum(row.pictures).filter(row.sent_at > NOW - _MINUTE), 0).label("in_minute"),
        )
        .outerjoin_from(upstreams, slots)
        .group_by(upstreams.c.name, upstreams.c.paused_until)
        .order_by(upstreams.c.name)
    )


_ORDERS, _UPSTREAMS = _listed(), _used()
