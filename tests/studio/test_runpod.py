"""FLUX as jobs of RunPod's, on the real sandbox: asked for once, found again, every shape of a result."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from PIL import Image

from coach.errors import PictureError
from coach.sandbox import Sandbox
from coach.studio.engines import ImagePart
from tests.studio._rented import engine_for, failure, fetch, keep, order, rented
from tests.studio._service import ignore


def posts(sandbox: Sandbox) -> int:
    """How many jobs were posted."""
    return sum(entry.route.endswith("/run") for entry in sandbox.log)


async def test_the_job_is_written_down_before_it_is_looked_at(tmp_path: Path) -> None:
    known: list[str] = []
    with rented() as sandbox:

        async def begun(job_id: str) -> None:
            known.append(job_id)
            assert not [entry for entry in sandbox.log if "/status/" in entry.route]

        engine = engine_for(sandbox)
        async with engine.send(order(seed=7), begun=begun) as answer:
            received = await keep(engine, answer, tmp_path)
        posted = next(entry for entry in sandbox.log if entry.route == "POST /v2/flux/run")
    [found] = received.pictures
    assert (found.width, found.height, found.media_type) == (64, 96, "image/png")
    [job] = known
    assert job.startswith("flux/") and received.usage and received.usage["execution_ms"] >= 1
    assert posted.params["policy"] == {"executionTimeout": 700_000, "ttl": 4_300_000}
    assert posted.params["workflow"]["25"]["inputs"]["noise_seed"] == 7 and posted.params["bucket"] is None
    assert answer.request_id == posted.request_id


@pytest.mark.parametrize("shape", ["job_v4", "job_results", "job_nested", "job_root", "job_partial"])
async def test_a_result_is_found_in_every_shape(shape: str, tmp_path: Path) -> None:
    with rented(shape) as sandbox:
        received = await fetch(engine_for(sandbox), tmp_path)
        assert sandbox.log[0].fault == shape
    [found] = received.pictures
    assert (found.width, found.height, received.unreadable) == (64, 96, 0)


async def test_several_pictures_of_one_job_all_come(tmp_path: Path) -> None:
    with rented() as sandbox:
        wanted = order()
        workflow = {**wanted.params["workflow"], "count": 3}
        changed = {"params": {**wanted.params, "workflow": workflow}}
        received = await fetch(engine_for(sandbox), tmp_path, type(wanted)(**{**vars(wanted), **changed}))
    assert len({found.sha256 for found in received.pictures}) == 3


async def test_the_photo_goes_along_and_the_person_is_in_the_picture(
    photo_bytes: bytes, tmp_path: Path
) -> None:
    photo = ImagePart(name="photo-1.jpg", data=photo_bytes, media_type="image/jpeg")
    with rented(quick=False) as sandbox:
        wanted = order("by the sea", photo, model="flux-kontext", width=512, height=768)
        [found] = (await fetch(engine_for(sandbox), tmp_path, wanted)).pictures
        assert len(sandbox.log[0].images) == 1
    with Image.open(found.path) as drawn:
        assert "person=" in str(drawn.info["sandbox"])


async def test_what_was_begun_is_found_again_and_posted_once(tmp_path: Path) -> None:
    class Crash(Exception):
        pass

    known: list[str] = []

    async def begun(job_id: str) -> None:
        known.append(job_id)
        raise Crash

    with rented(delay=0.05) as sandbox:
        with pytest.raises(Crash):
            async with engine_for(sandbox).send(order(), begun=begun):
                pass
        found = []
        for _ in range(2):
            again = engine_for(sandbox)
            async with again.resume(known[0]) as answer:
                found.append((await keep(again, answer, tmp_path)).pictures[0].sha256)
        assert found[0] == found[1] and posts(sandbox) == 1


async def test_looks_become_fewer_and_end(tmp_path: Path) -> None:
    with rented("job_waits") as sandbox:
        error = await failure(engine_for(sandbox, poll=0.001, looks=6), tmp_path)
        assert sum("/status/" in entry.route for entry in sandbox.log) == 6
    assert (error.code, error.paid) == ("timeout", "unknown")
    assert "after 6 looks" in error.detail and "goes on" in error.detail


async def test_a_job_that_takes_too_long_goes_on_by_itself(tmp_path: Path) -> None:
    known: list[str] = []

    async def begun(job_id: str) -> None:
        known.append(job_id)

    with rented(delay=0.6) as sandbox:
        with pytest.raises(PictureError) as caught:
            async with engine_for(sandbox, seconds=0.2).send(order(), begun=begun):
                pass
        assert (caught.value.code, caught.value.paid) == ("timeout", "unknown")
        engine = engine_for(sandbox)
        async with engine.resume(known[0]) as answer:
            assert (await keep(engine, answer, tmp_path)).pictures
        assert posts(sandbox) == 1


@pytest.mark.parametrize(("mode", "paid"), [("job_waits", "unknown"), ("job_works", "paid")])
async def test_forgetting_stops_what_is_not_over(mode: str, paid: str, tmp_path: Path) -> None:
    known: list[str] = []

    async def begun(job_id: str) -> None:
        known.append(job_id)

    with rented(mode) as sandbox:
        with pytest.raises(PictureError):
            async with engine_for(sandbox, looks=3).send(order(), begun=begun):
                pass
        engine = engine_for(sandbox)
        assert await engine.forget(known[0])
        async with engine.resume(known[0]) as answer:
            with pytest.raises(PictureError) as caught:
                await keep(engine, answer, tmp_path)
    assert (caught.value.code, caught.value.paid) == ("cancelled", paid)


async def test_forgetting_says_so_when_the_result_stays_for_a_while(tmp_path: Path) -> None:
    known: list[str] = []

    async def begun(job_id: str) -> None:
        known.append(job_id)

    with rented() as sandbox:
        engine = engine_for(sandbox)
        async with engine.send(order(), begun=begun) as answer:
            await keep(engine, answer, tmp_path)
        with pytest.raises(PictureError) as caught:
            await engine.forget(known[0])
        assert caught.value.code == "kept_for_a_while"
        assert not await engine.forget("flux/never-was")


async def test_how_an_endpoint_stands_costs_nothing() -> None:
    with rented(delay=0.5) as sandbox:
        engine = engine_for(sandbox)
        task = asyncio.create_task(_through(sandbox))
        while (health := await engine.health("flux-dev")).in_progress == 0:
            pass
        assert (health.idle, health.running, health.waiting) == (2, 1, 0)
        await task
        assert sandbox.totals.charged == 1
        with pytest.raises(PictureError) as caught:
            await engine_for(sandbox, endpoints={"flux-dev": "nowhere"}).health("flux-dev")
        assert caught.value.code == "model_not_found"
    with pytest.raises(PictureError) as caught:
        await engine_for(sandbox).health("flux-dev")
    assert caught.value.code == "connection_lost"


async def _through(sandbox: Sandbox) -> None:
    async with engine_for(sandbox).send(order(), begun=ignore):
        pass
