"""The queue of a process that makes no pictures itself: orders are written down, and watched."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from procrastinate import App

from coach.errors import PictureError, StoreUnavailable
from coach.pending import BEGUN
from coach.store import Store
from coach.store.bell import LOOK_AGAIN
from coach.store.orders import OrderRow, Orders
from coach.store.states import OUTCOMES
from coach.studio._generate import WAITING
from coach.studio._make import Wanted, fingerprint_of, other_picture
from coach.studio.faults import fault
from coach.studio.generated import Generated
from coach.studio.ledger import Ledger
from coach.studio.queue import Asked, note_doubt
from coach.workers.common import Common
from coach.workers.instruments import waiting
from coach.workers.jobs import put
from coach.workers.orders import body_of, error_of, since_of

if TYPE_CHECKING:
    from coach.studio.studio import Studio

logger = logging.getLogger("coach.workers")

_REPEAT = 10.0
"""Seconds after which an order that still waits is named to the queue once more; then twice as many."""


class _Gone(Exception):
    """The order is not there any more, and never ended."""


class ByWorkers:
    """Has pictures made by workers.

    Args:
        common: What workers must have too.
        patience: Seconds somebody waits for a worker to begin; a batch waits as long as it takes.
    """

    def __init__(self, store: Store, app: App, common: Common, *, patience: float) -> None:
        self._orders, self._ledger = Orders(store.database), Ledger(store.database)
        self._bell, self._app, self._common, self._patience = store.bell, app, common, patience

    async def make(self, asked: Asked, here: Studio) -> Generated:
        """Give it to the workers, unless it is known what came of its key; and wait.

        Raises:
            PictureError: ``busy``, unpaid: no worker began in time; and what the worker's studio raises.
            Conflict: The key is used for another picture.
            StoreUnavailable: The database or the place for pictures is away, and nothing was asked for.
        """
        wanted = asked.wanted
        known = await self._ledger.find(wanted.ctx.user_id, wanted.key)
        ended = known is not None and known.state in OUTCOMES
        if ended and asked.told is None and await self._orders.open(wanted.ctx.user_id, wanted.key) is None:
            return await here.make(asked)  # it is not sent again
        try:
            while True:
                order, is_new = await self._begin(asked, _service(asked, here))
                if order.asked != fingerprint_of(wanted):
                    raise other_picture(wanted.key)
                try:
                    return await self._wait(order, asked, here, is_new=is_new)
                except _Gone:
                    # Somebody else who waited for it took it back. If its person is gone, this raises.
                    BEGUN.set((order.user_id, since_of(order)))
        except asyncio.CancelledError:
            await asyncio.shield(self._leave(wanted))
            raise
        except PictureError as error:
            await note_doubt(self._ledger, wanted, error)
            raise

    async def close(self) -> None:
        """Nothing of it is here: the workers go on."""

    async def _begin(self, asked: Asked, service: str) -> tuple[OrderRow, bool]:
        wanted = asked.wanted
        return await self._orders.begin(
            wanted.ctx.user_id,
            wanted.key,
            tenant=wanted.ctx.tenant,
            service=service,
            batch=asked.batch,
            asked=fingerprint_of(wanted),
            body={**body_of(asked), "common": await self._common.said()},
        )

    async def _wait(self, order: OrderRow, asked: Asked, here: Studio, *, is_new: bool) -> Generated:
        """Let workers know of an order, watch it until it has ended, and tell what is told of it."""
        began, told, named, look = time.monotonic(), 0, _REPEAT, not is_new
        said = False
        with self._bell.hang(order.topic) as bell, waiting(order) as count:
            if order.waits:
                await self._name(order)
            while True:
                # Nobody knew of a new one before the bell hung; what rang before that for another, is seen.
                if look:
                    bell.clear()
                    with suppress(StoreUnavailable):  # it comes back, and the worker goes on meanwhile
                        order = await self._look(order)
                look = True
                for kind, data in order.news[told:]:
                    await _tell(asked, kind, data)
                told = len(order.news)
                if order.state != "running":
                    break
                count(order.waits)
                waited = time.monotonic() - began
                if order.waits and waited > named:
                    await self._name(order)  # whoever wrote it down may have died before they did
                    named = waited * 2
                if order.waits and not said and waited >= LOOK_AGAIN:
                    said = True
                    await _tell(asked, "progress", {"text": WAITING})
                if not asked.batch and waited > self._patience and await self._withdrawn(order):
                    logger.warning("no worker began with an order in %.0f s; see `coach queue`", waited)
                    raise fault("busy", paid="unpaid", detail=f"No worker began in {waited:.0f} seconds.")
                with suppress(TimeoutError):
                    await asyncio.wait_for(bell.wait(), LOOK_AGAIN)
        if order.outcome is not None:
            raise error_of(order)
        return await here.make(replace(asked, told=None))

    async def _name(self, order: OrderRow) -> None:
        """Name it to the engine; it is written down, so if that fails it is named again while it waits."""
        with suppress(StoreUnavailable):
            await put(self._app, order)

    async def _withdrawn(self, order: OrderRow) -> bool:
        """Take back what nobody began; says whether it is."""
        if order.waits:
            with suppress(StoreUnavailable):
                return await self._orders.withdraw(order.user_id, order.id)
        return False

    async def _leave(self, wanted: Wanted) -> None:
        """Whoever waited goes away, perhaps while it was written down: what was not sent yet is not."""
        with suppress(StoreUnavailable):  # then it is made, and kept
            order = await self._orders.open(wanted.ctx.user_id, wanted.key)
            if order is not None and not await self._orders.withdraw(order.user_id, order.id):
                await self._orders.leave(order.user_id, order.id)

    async def _look(self, order: OrderRow) -> OrderRow:
        found = await self._orders.find(order.id)
        if found is None:
            raise _Gone
        return found


def _service(asked: Asked, here: Studio) -> str:
    """The picture service that would make it."""
    plan = here.plan(asked.wanted.request, asked.wanted.model)
    return here.capabilities.model(plan.model).engine


async def _tell(asked: Asked, kind: str, data: Mapping[str, Any]) -> None:
    ctx = asked.wanted.ctx
    with suppress(Exception):  # nobody listening is no reason to stop waiting
        if kind == "progress":
            await ctx.report(**data)
        elif kind == "preview":
            await ctx.preview(**data)
