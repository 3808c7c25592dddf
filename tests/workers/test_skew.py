"""Processes of two releases on one database, as there are while one takes the place of the other."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select, text

import coach
from coach.errors import SettingsError
from coach.sandbox import Sandbox
from coach.store.orders import OrderRow, Orders
from coach.store.serving import orders
from coach.studio import PictureRequest, Studio
from coach.worker import work
from coach.workers import making
from coach.workers import orders as forms
from coach.workers.jobs import open_jobs, put
from coach.workers.state import read_state
from tests.workers._world import ANN, PROMPT, World, person

FIRST: dict[str, Any] = {
    "form": 1,
    "request": {"prompt": PROMPT},
    "parent_id": None,
    "wish": None,
    "model": None,
    "context": {
        "tenant": "",
        "conversation_id": "c",
        "turn_id": "t",
        "call_id": "1",
        "phase": "",
        "hears": True,
    },
    "agreed": None,
    "told": None,
    "twice": True,
}
"""What 0.1.0 writes for a worker, and the next release reads, beside what is different each time."""


def asked(studio: Studio, call_id: str = "1") -> asyncio.Task[object]:
    """Ann asks for a picture."""
    ctx = coach.Context(user_id=ANN, conversation_id="c", turn_id="t", call_id=call_id)
    return asyncio.create_task(studio.generate(ctx, PictureRequest(prompt=PROMPT), identity_id="i1"))


async def test_a_worker_leaves_what_a_newer_release_wrote_to_newer_workers(
    world: World, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, put_back = asyncio.Event(), Orders.put_back

    async def seen(self: Orders, order: OrderRow, *, begun: bool) -> None:
        await put_back(self, order, begun=begun)
        left.set()

    monkeypatch.setattr(Orders, "put_back", seen)
    monkeypatch.setattr(forms, "FORM", 2)
    monkeypatch.setattr(making, "_NOT_YET", 0.1)
    async with world.web() as (store, studio), world.worker():
        await person(store, ANN)
        task = asked(studio)
        await left.wait()
        [order] = (await read_state(store.database)).orders
        assert (order.form, order.held_by, order.tries) == (2, "", 0)
        assert not any(entry.route.startswith("POST") for entry in sandbox.log)
        monkeypatch.setattr(making, "FORM", 2)  # the worker is updated
        await task


async def test_what_the_first_release_wrote_is_read(world: World) -> None:
    async with world.web() as (store, studio):
        await person(store, ANN)
        [identity] = await store.identities.list(ANN)
        task = asked(studio)
        while not (waiting := (await read_state(store.database)).orders):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        async with store.database.read() as connection:
            written = (await connection.execute(select(orders.c.body, orders.c.asked))).one()
        task.cancel()
        body, service = {**FIRST, "identity_id": identity.id}, waiting[0].service
        later = {name: written.body[name] for name in ("since", "common")}
        assert written.body == {**body, **later}

        found = Orders(store.database)
        order, _ = await found.begin(
            "ann",
            "by hand",
            tenant="",
            service=service,
            batch=False,
            asked=written.asked,
            body=body,
        )
        async with open_jobs(world.database, store.database) as app, world.worker():
            await put(app, order)
            with store.bell.hang(order.topic) as bell:
                while (now := await found.find(order.id)) is not None and now.state == "running":
                    await bell.wait()
                    bell.clear()
        assert now is not None and (now.state, now.outcome) == ("done", None)
        assert len(await store.versions.list(ANN, "i1")) == 1


async def test_processes_of_this_release_work_on_while_the_next_one_has_changed_the_tables(
    world: World,
) -> None:
    async with world.web() as (store, studio), world.worker():
        await person(store, ANN)
        await asked(studio)
        async with store.database.write() as connection:
            for table in ("orders", "generations", "versions", "workers"):
                await connection.execute(text(f"ALTER TABLE {table} ADD COLUMN later TEXT"))
            await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        await asked(studio, "2")
        assert len(await store.versions.list(ANN, "i1")) == 2
    with pytest.raises(SettingsError, match="newer version"):
        await work("coach.reference", world.settings("two"), slots=1, stop=asyncio.Event())


def test_what_is_wrong_with_an_order_can_be_logged_without_its_prompt() -> None:
    with pytest.raises(ValidationError) as caught:
        PictureRequest.model_validate({**FIRST["request"], "newer": "a canary"})
    assert "newer" in str(caught.value) and "canary" not in str(caught.value)
