"""Pictures that one process asks for and another makes."""

from __future__ import annotations

import asyncio

import pytest

import coach
from coach.events import Event, Preview, Progress
from coach.sandbox import Sandbox
from coach.studio import PictureRequest
from coach.studio._generate import WAITING
from coach.workers import making
from tests.workers._world import ANN, World, ask, person


def posts(sandbox: Sandbox) -> int:
    return sum(entry.route.startswith("POST") for entry in sandbox.log)


async def test_a_worker_makes_what_another_process_asks_for(world: World, sandbox: Sandbox) -> None:
    heard: list[Event] = []

    async def emit(event: Event) -> None:
        heard.append(event)

    async with world.web() as (store, studio), world.worker():
        await person(store, "ann")
        ctx = coach.Context(user_id="ann", conversation_id="c", turn_id="t", call_id="1", emit=emit)
        request = PictureRequest(prompt="On a hill at night.", previews=2)
        made = await studio.generate(ctx, request, identity_id="i1")
        again = await studio.generate(ctx, request, identity_id="i1")
    assert made == again
    assert posts(sandbox) == 1
    assert [type(each) for each in heard if isinstance(each, Preview)] == [Preview, Preview]
    assert [each.text for each in heard if isinstance(each, Progress)][-1] == "Keeping the picture"


async def test_what_arrives_while_the_place_for_pictures_is_away_is_kept_when_it_is_back(
    world: World, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "_KEEPS", (0.05,) * 1_000)
    ctx = coach.Context(user_id=ANN, conversation_id="c", turn_id="t", call_id="1")
    async with world.web() as (store, studio), world.worker():
        await person(store, ANN)
        await ask(studio)  # what is asked of the place only once is known
        place, away = world.folder / "blobs", world.folder / "away"
        place.rename(away)
        place.write_text("no folder")
        asked = asyncio.create_task(
            studio.generate(ctx, PictureRequest(prompt="At sea.", previews=0), identity_id="i1")
        )
        # The ledger of another process sets no event here.
        while (row := await studio.ledger.find(ANN, "c:1")) is None or row.state != "received":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)  # it was tried
        assert not asked.done()
        place.unlink()
        away.rename(place)
        made = await asked
    assert posts(sandbox) == 2 and len(made.versions) == 1


async def test_an_order_at_which_every_worker_dies_is_given_up(
    world: World, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "_MOST", 0)
    ctx = coach.Context(user_id=ANN, conversation_id="c", turn_id="t", call_id="1")
    async with world.web() as (store, studio), world.worker():
        await person(store, ANN)
        with pytest.raises(coach.CoachError, match="No worker could make this picture"):
            await studio.generate(ctx, PictureRequest(prompt="At sea."), identity_id="i1")
    assert posts(sandbox) == 0


async def test_who_waits_for_a_worker_is_told_so_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coach.workers.queue.LOOK_AGAIN", 0.05)
    heard: list[Event] = []
    told = asyncio.Event()

    async def emit(event: Event) -> None:
        heard.append(event)
        told.set()

    async with world.web() as (store, studio):
        await person(store, ANN)
        ctx = coach.Context(user_id=ANN, conversation_id="c", turn_id="t", call_id="1", emit=emit)
        asked = asyncio.create_task(
            studio.generate(ctx, PictureRequest(prompt="At sea.", previews=0), identity_id="i1")
        )
        await told.wait()
        async with world.worker():
            await asked
    texts = [each.text for each in heard if isinstance(each, Progress)]
    assert texts[0] == WAITING and texts.count(WAITING) == 1
