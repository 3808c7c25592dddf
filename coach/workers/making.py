"""Carrying an order out: the studio of this worker makes it, and whoever waits is told how far it is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from coach.errors import CoachError, Conflict, PictureError, StoreUnavailable
from coach.events import Event
from coach.pending import BEGUN
from coach.store import Store
from coach.store._work import TakenOver
from coach.store.bell import LOOK_AGAIN
from coach.store.orders import News, OrderRow, Orders, left
from coach.store.serving import WorkState
from coach.store.states import OUTCOMES
from coach.studio import Studio
from coach.studio._make import unwanted
from coach.studio.faults import fault
from coach.studio.queue import Asked
from coach.workers.common import Common
from coach.workers.instruments import WAITED, kind_of
from coach.workers.orders import FORM, UNFORESEEN, asked_of, news_of, outcome_of, since_of

logger = logging.getLogger("coach.workers")

T = TypeVar("T")

_NOT_YET = 5.0
"""Seconds until an order is looked at again that cannot be carried out here now."""

_KEEPS = (1.0, 5.0, 15.0, 60.0)
"""Seconds until it is tried again to put away what arrived while the database or the bucket was away."""

_MOST = 5
"""So often a worker begins with an order at most: one at which every worker dies ends."""

_GIVEN_UP = "No worker could make this picture: each that began with it stopped. Their logs may say why."

_TOGETHER = 0.25  # Seconds in which news is gathered: each time is a transaction, and a look elsewhere.
_PAUSE = 1.0


@dataclass(frozen=True, kw_only=True)
class Making:
    """The orders of one worker.

    Attributes:
        name: The worker's.
        common: What whoever asks must have too.
        at_work: The ids of those it has.
    """

    store: Store
    studio: Studio
    name: str
    common: Common
    at_work: set[str] = field(default_factory=set, init=False)

    async def carry_out(self, order_id: str) -> float | None:
        """Bring an order to its end.

        Returns:
            Seconds after which to look again, when that is not possible now; ``None``: it has ended.

        Raises:
            TakenOver: We were taken for dead: another worker carries it on.
        """
        orders = Orders(self.store.database)
        if order_id in self.at_work:  # named twice; or taken from us, and ours again before we saw that
            return _NOT_YET
        self.at_work.add(order_id)
        try:
            return await self._carry_out(orders, order_id)
        finally:
            self.at_work.discard(order_id)

    async def _carry_out(self, orders: Orders, order_id: str) -> float | None:
        order = await _insist(lambda: orders.take(order_id, self.name))
        if order is None:
            return None
        if order.body["form"] > FORM:  # whoever wrote it is newer than we are
            return await _put_back(orders, order, begun=False)
        said = order.body.get("common", {})  # the release before did not say
        if other := await _insist(lambda: self.common.differs(said)):
            logger.warning("order %s is left to others: the %s of who asked is not ours", order.id, other)
            return await _put_back(orders, order, begun=False)
        if order.taken == 1 and order.taken_at is not None:
            WAITED.record(max(0.0, (order.taken_at - order.created_at).total_seconds()), kind_of(order))
        orders.at_work(order)
        BEGUN.set((order.user_id, since_of(order)))
        teller = _Teller(orders, order)
        try:
            outcome = await self._make(order, teller)
        except TakenOver:
            logger.warning("another worker carries on order %s", order.id)
            raise
        except Conflict:
            return await _put_back(orders, order, begun=False)
        except StoreUnavailable:  # nothing was sent yet, or all is kept
            return await _put_back(orders, order, begun=True)
        finally:
            await teller.stop()
        state: WorkState = "failed" if outcome == UNFORESEEN else "done"
        if not await _insist(lambda: orders.finish(order, state, outcome, teller.untold)):
            # We were taken for dead meanwhile, and it was said to be in doubt: what came is in our spool.
            await self.studio.recover()
            raise TakenOver
        return None

    async def _make(self, order: OrderRow, teller: _Teller) -> dict[str, Any] | None:
        """Make the picture; gives why there is none.

        Raises:
            Conflict: A worker that was taken for dead is still at it.
            StoreUnavailable: The database is away.
            TakenOver: We were taken for dead.
        """
        ledger, told = self.studio.ledger, order.body["told"]
        try:
            if order.taken > _MOST:
                raise await self._given_up(order)
            before = None if told is None else await ledger.get(order.user_id, told)
            await self._until_kept(order, asked_of(order, before, teller.hear))
        except (StoreUnavailable, TakenOver):
            raise
        except Conflict as error:
            known = await ledger.find(order.user_id, order.key)
            if order.taken > 1 and known is not None and known.state not in OUTCOMES:
                raise
            return outcome_of(error)
        except CoachError as error:
            return outcome_of(error)
        except Exception as error:
            logger.exception("order %s failed", order.id)
            return outcome_of(error)
        return None

    async def _given_up(self, order: OrderRow) -> CoachError:
        """Why an order is given up, and what is known about the money."""
        known = await self.studio.ledger.find(order.user_id, order.key)
        if known is not None and known.posts and known.state not in OUTCOMES:
            return fault("interrupted", paid="unknown", detail=_GIVEN_UP, request_id=known.request_id)
        return CoachError(_GIVEN_UP)

    async def _until_kept(self, order: OrderRow, asked: Asked) -> None:
        """Make it; what arrived and could not be put away is in this machine's spool, and tried again."""
        for pause in _KEEPS:
            try:
                await self._while_wanted(order, asked)
            except PictureError as error:
                if error.code != "not_kept":
                    raise
                await asyncio.sleep(pause)
            else:
                return
        await self._while_wanted(order, asked)

    async def _while_wanted(self, order: OrderRow, asked: Asked) -> None:
        """Make it; when whoever waited has gone, only what was sent goes on."""
        if not order.wanted:  # they went while a worker had it that died: what it sent is settled
            asked.wanted.gone.set()
            await self.studio.make(asked)
            return
        with self.store.bell.hang(left(order.id)) as bell:
            making = asyncio.create_task(self.studio.make(asked))
            leaving = asyncio.create_task(self._unwanted(order, bell))
            try:
                await asyncio.wait({making, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if not making.done():
                    asked.wanted.gone.set()
                    if not asked.wanted.sent.is_set():  # then stopping it costs nothing
                        making.cancel()
                await asyncio.wait({making})
            finally:  # also when this worker is told to end at once
                leaving.cancel()
                making.cancel()
                await asyncio.wait({making})
        if making.cancelled():
            raise unwanted()
        making.result()

    async def _unwanted(self, order: OrderRow, bell: asyncio.Event) -> None:
        """Return when nobody waits for it any more."""
        while True:
            # They may have gone before the bell was hung, and what it says can be lost.
            with suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), LOOK_AGAIN)
            bell.clear()
            with suppress(StoreUnavailable):
                found = await Orders(self.store.database).find(order.id)
                if found is None or not found.wanted:
                    return


class _Teller:
    """Tells whoever waits for an order how far it is, while it is made.

    Attributes:
        untold: What is to be told yet.
    """

    def __init__(self, orders: Orders, order: OrderRow) -> None:
        self._orders, self._order = orders, order
        self.untold: list[News] = []
        self._over = asyncio.Event()
        self._telling: asyncio.Task[None] | None = None

    async def hear(self, event: Event) -> None:
        """Take news. What comes close together is told together: each time is a transaction."""
        if (item := news_of(event)) is not None:
            self.untold.append(item)
            if self._telling is None or self._telling.done():
                self._telling = asyncio.create_task(self._tell())

    async def stop(self) -> None:
        """Tell nothing more: what is left can be told with the end."""
        self._over.set()
        if self._telling is not None:
            await self._telling

    async def _tell(self) -> None:
        while self.untold:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), _TOGETHER)
                return
            some, self.untold = self.untold, []
            with suppress(CoachError):  # what counts is the picture
                await self._orders.tell(self._order, some)


async def _put_back(orders: Orders, order: OrderRow, *, begun: bool) -> float:
    """Let it wait; gives for how long. Its job goes with it, unless both are another's by now."""
    if not await _insist(lambda: orders.put_back(order, begun=begun)):
        raise TakenOver
    return _NOT_YET


async def _insist(write: Callable[[], Awaitable[T]]) -> T:
    """Do something with the database, as soon as it is there."""
    while True:
        try:
            return await write()
        except StoreUnavailable:
            await asyncio.sleep(_PAUSE)
