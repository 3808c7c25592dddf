"""Workers that do not have what whoever asks has, or that could not keep a picture: nothing is paid for."""

import asyncio
import shutil

import pytest

from coach.errors import StoreUnavailable
from coach.sandbox import Sandbox
from coach.store import Store
from coach.store.roster import Roster
from coach.workers import making, worker
from coach.workers.common import Common
from tests.workers._world import World, ask, person


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left is looked at again at once, and so is the place."""
    monkeypatch.setattr(making, "_NOT_YET", 0.1)
    monkeypatch.setattr(worker, "SEE", 0.1)


def elsewhere(world: World) -> None:
    """A machine with a folder of its own."""
    (world.folder / "odd" / "blobs").mkdir(parents=True)


@pytest.mark.parametrize(("other", "salt"), [("place", "the same everywhere"), ("salt", "another")])
async def test_what_another_kind_of_process_asked_for_is_left_to_those_of_its_kind(
    world: World, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, other: str, salt: str
) -> None:
    if other == "place":
        elsewhere(world)
    async with world.web() as (store, studio):
        await person(store, "ann")
        async with world.worker("odd", salt=salt):
            asked = asyncio.create_task(ask(studio))
            while f"the {other} of who asked is not ours" not in caplog.text:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            assert not any(entry.route.startswith("POST") for entry in sandbox.log)
            async with world.worker("one"):
                assert len((await asked).versions) == 1


async def test_where_nothing_can_be_kept_no_worker_begins(world: World) -> None:
    (world.folder / "odd").mkdir()
    (world.folder / "odd" / "blobs").write_text("not a folder")
    with pytest.raises(StoreUnavailable):
        async with world.worker("odd") as working:
            await working


async def test_a_worker_whose_place_is_gone_takes_nothing_until_it_is_back(
    world: World, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    place, away = world.folder / "blobs", world.folder / "away"
    async with world.web() as (store, studio), world.worker("one"):
        await person(store, "ann")
        await ask(studio, "before")
        shutil.move(place, away)
        place.mkdir()
        while not any(each.stopping for each in await Roster(store.database).workers()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        assert "mount it again" in caplog.text
        before = len(sandbox.log)
        asked = asyncio.create_task(ask(studio, "after"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(asked), 0.5)
        assert len(sandbox.log) == before
        place.rmdir()
        shutil.move(away, place)
        assert len((await asked).versions) == 1


async def test_two_that_come_first_at_once_agree(store: Store) -> None:
    said = await asyncio.gather(*(Common(store=store, secret=b"s").said() for _ in range(4)))
    assert all(each == said[0] for each in said)
    assert all(said[0].values())
