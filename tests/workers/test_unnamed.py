"""Orders that the queue's engine does not know of, or knows twice: nobody's is forgotten or taken away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from procrastinate import App
from sqlalchemy import text

from coach.store.orders import Orders
from coach.store.roster import Roster
from coach.workers import jobs
from coach.workers.jobs import open_jobs, put
from coach.workers.orders import FORM
from tests.workers._world import World
from tests.workers.test_left import Place, ask, database, drawn, place, world

__all__ = ["database", "world"]

pytestmark = pytest.mark.usefixtures("quick")

_NO_JOB = text("DELETE FROM procrastinate_jobs")


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order is to be named at once, and nobody who waits for one names it again."""
    monkeypatch.setattr(jobs, "_SOON", timedelta())
    monkeypatch.setattr("coach.workers.queue._REPEAT", 1000.0)


@asynccontextmanager
async def waiting(world: World, prompt: str) -> AsyncIterator[tuple[Place, asyncio.Task[object], App]]:
    """Ann asks, and no worker is there."""
    async with place(world, *drawn("navy")) as here:
        asking: asyncio.Task[object] = asyncio.create_task(ask(here.studio, prompt))
        await here.ordered()
        async with open_jobs(world.database, here.store.database) as app:
            yield here, asking, app


@pytest.mark.parametrize("holder", ["", "a dead worker"])
async def test_what_no_job_names_is_made_once(world: World, holder: str) -> None:
    async with waiting(world, f"Of {holder}.") as (here, asking, _):
        order, orders = await here.ordered(), Orders(here.store.database)
        if holder:
            await orders.take(order.id, holder)
        async with here.store.database.write() as connection:
            await connection.execute(_NO_JOB)
        async with here.world.worker():
            await asking
        assert len(here.upstream.asked) == 1


async def test_a_dead_workers_job_takes_nothing_from_the_living_one_that_has_the_order(world: World) -> None:
    async with waiting(world, "Named twice.") as (here, asking, app):
        order, orders, roster = await here.ordered(), Orders(here.store.database), Roster(here.store.database)
        dead = await app.job_manager.register_worker()
        await app.job_manager.fetch_job(queues=[order.service], worker_id=dead)
        await put(app, order)  # it waits for long: the queue is told once more
        await orders.take(order.id, "living")
        async with here.world.worker():
            while await here.jobs() > 1:  # until the dead one's is seen
                await roster.beat("living", services=[], slots=1, form=FORM, stopping=False)
                await asyncio.sleep(0.05)
            held = await orders.find(order.id)
            assert held is not None and held.held_by == "living"
            assert not here.upstream.asked
            await roster.leave("living")
            await asking
        assert len(here.upstream.asked) == 1
