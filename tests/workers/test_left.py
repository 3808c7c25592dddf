"""Pictures that somebody no longer waits for, or that two wait for; and workers that were away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import text

import coach
from coach.errors import Conflict, Erasing, PictureError
from coach.store import Store
from coach.store.orders import OrderRow, Orders
from coach.studio import Generated, PictureRequest, Reference, Studio
from coach.studio.books import Books
from coach.workers.jobs import open_jobs, put
from coach.workers.state import read_state
from tests.conftest import new_database
from tests.studio._faces import DISTANCES, ScriptedFaces, portrait
from tests.studio._service import Reply, Service, breaks, frames, picture, service, streams
from tests.workers._world import ANN, World, ask, person

pytestmark = pytest.mark.usefixtures("quick")


_JOBS = text("SELECT count(*) FROM procrastinate_jobs")
_REMOVE = text("DELETE FROM procrastinate_workers RETURNING id")


@pytest.fixture(scope="module")
def database(postgres: str, migrated_postgres: str) -> Iterator[str]:
    with new_database(postgres, template=migrated_postgres) as url:
        yield url


def drawn(*colours: str) -> list[Reply]:
    return [streams(frames(final=picture(colour), kind="image_generation")) for colour in colours]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A web process, and what it and its workers are in."""

    world: World
    upstream: Service
    store: Store
    studio: Studio

    async def ordered(self) -> OrderRow:
        """The only order, as soon as the queue has it."""
        # What is written into a database sets no event here.
        while not (found := (await read_state(self.store.database)).orders):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        while not await self.jobs():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        [order] = found
        row = await Orders(self.store.database).find(order.id)
        assert row is not None
        return row

    async def jobs(self) -> int:
        """How many jobs the engine has."""
        async with self.store.database.read() as connection:
            return int((await connection.execute(_JOBS)).scalar_one())

    async def all_ended(self) -> None:
        while (await read_state(self.store.database)).orders:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def makes_only(self, prompt: str, *, after: int = 0) -> None:
        """A worker makes what is asked for now, and nothing that was before."""
        async with self.world.worker():
            await self.all_ended()
            assert len((await ask(self.studio, prompt)).versions) == 1
        assert len(self.upstream.asked) == after + 1
        assert await Books(self.store.database).differences() == []


@pytest.fixture
def world(database: str, tmp_path: Path) -> World:
    return World(database=database, service="", folder=tmp_path, extra={"previews": 0})


@asynccontextmanager
async def place(world: World, *replies: Reply) -> AsyncIterator[Place]:
    """Open one in which Ann is, with an identity."""
    async with service(*replies) as upstream, asyncio.timeout(60):
        world = replace(world, service=f"http://127.0.0.1:{upstream.port}/v1")
        async with world.web() as (store, studio):
            await person(store, ANN)
            yield Place(world=world, upstream=upstream, store=store, studio=studio)


async def gone(asking: asyncio.Task[Generated]) -> None:
    """Whoever asks goes away."""
    asking.cancel()
    await asyncio.wait([asking])
    assert asking.cancelled()


async def test_what_nobody_waits_for_any_more_is_not_sent(world: World) -> None:
    async with place(world, *drawn("navy")) as here:
        asking = asyncio.create_task(ask(here.studio, "One."))
        await here.ordered()
        await gone(asking)
        assert (await read_state(here.store.database)).orders == []
        await here.makes_only("Another.")


async def test_what_nobody_waits_for_since_its_worker_died_is_not_sent_either(world: World) -> None:
    async with place(world, *drawn("navy")) as here:
        asking = asyncio.create_task(ask(here.studio, "One that was begun."))
        order, orders = await here.ordered(), Orders(here.store.database)
        await orders.take(order.id, "a dead worker")
        await gone(asking)
        await orders.free(order.id)
        await here.makes_only("Another after it.")


async def test_what_no_worker_begins_in_time_is_busy_unpaid_and_never_made(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncExitStack() as stack:
        with monkeypatch.context() as patched:
            patched.setattr("coach.runtime._PATIENCE", 0.1)
            here = await stack.enter_async_context(place(world, *drawn("navy")))
        with pytest.raises(PictureError) as caught:
            await ask(here.studio, "In vain.")
        assert (caught.value.code, caught.value.paid) == ("busy", "unpaid")
        async with here.world.web("patient") as (_, studio):
            await replace(here, studio=studio).makes_only("With more patience.")


async def test_the_same_key_in_two_processes_is_one_picture(world: World) -> None:
    async with (
        place(world, *drawn("navy")) as here,
        here.world.web("other") as (_, other),
        here.world.worker(),
    ):
        one, same = await asyncio.gather(*(ask(each, "Both.") for each in (here.studio, other)))
        assert one == same
        assert len(here.upstream.asked) == 1


async def test_when_one_of_two_who_wait_goes_the_other_still_gets_it(world: World) -> None:
    async with place(world, *drawn("navy")) as here, here.world.web("other") as (store, other):
        asking = [asyncio.create_task(ask(each, "For two.")) for each in (here.studio, other)]
        while not all(each.bell._hung for each in (here.store, store)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await gone(asking[0])
        async with here.world.worker():
            assert len((await asking[1]).versions) == 1
        assert len(here.upstream.asked) == 1


async def test_a_second_try_is_the_workers(
    world: World, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coach.runtime.face_model", lambda: ScriptedFaces(DISTANCES))
    replies = [streams(frames(final=portrait(photo_bytes, colour))) for colour in ("red", "lime")]
    async with place(world, *replies) as here, here.world.worker():
        await here.store.consents.give(ANN, statement="yes")
        photo = await here.store.photos.add(ANN, photo_bytes)
        references = (Reference(kind="photo", id=photo.id),)
        wanted = PictureRequest(prompt="Like me.", references=references, keep_face=True)
        made = await ask(here.studio, "Like me.", request=wanted)
        assert made.second_try
        assert [found.likeness for found in made.judgements.values()] == ["strong", "no"]
        assert len(here.upstream.asked) == 2


async def test_after_a_doubt_the_persons_word_asks_again_through_a_worker(world: World) -> None:
    async with place(world, breaks, *drawn("navy")) as here, here.world.worker():
        with pytest.raises(PictureError) as caught:
            await ask(here.studio, "Doubtful.")
        assert caught.value.paid == "unknown"
        with pytest.raises(PictureError):
            await ask(here.studio, "Doubtful.", turn="t2")
        assert len(here.upstream.asked) == 1
        assert len((await ask(here.studio, "Doubtful.", turn="t2", again=True)).versions) == 1
        assert len(here.upstream.asked) == 2


async def test_who_says_again_while_it_is_out_was_not_told_of_its_doubt(world: World) -> None:
    async def late(writer: asyncio.StreamWriter) -> None:
        await here.upstream.go_on.wait()
        await breaks(writer)

    async with place(world, late, *drawn("navy")) as here:
        async with coach.open("coach.reference", here.world.settings("alone"), faces=None) as alone:
            asking = asyncio.create_task(ask(alone.service("studio", Studio), "Out."))
            await here.upstream.arrived.wait()
            again = asyncio.create_task(ask(here.studio, "Out.", turn="t2", again=True))
            await here.ordered()
            here.upstream.go_on.set()
            await asyncio.gather(asking, return_exceptions=True)
        async with here.world.worker():
            with pytest.raises(PictureError) as caught:
                await again
        assert caught.value.paid == "unknown"
        assert len(here.upstream.asked) == 1


async def test_a_worker_that_was_removed_while_it_was_silent_is_one_again(world: World) -> None:
    async with place(world, *drawn("navy")) as here, here.world.worker():
        removed = None
        while not removed:  # as soon as it is one
            async with here.store.database.write() as connection:
                removed = (await connection.execute(_REMOVE)).all()
        assert len((await ask(here.studio, "After a long sleep.")).versions) == 1


async def test_a_database_that_breaks_off_before_anything_was_sent_costs_time_only(world: World) -> None:
    locked = text("SELECT 1 FROM people WHERE user_id = 'ann' FOR UPDATE")
    broken = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    async with place(world, *drawn("navy")) as here:
        asking = asyncio.create_task(ask(here.studio, "In spite of it."))
        await here.ordered()
        async with here.store.database.write() as holding, here.world.worker():
            await holding.execute(locked)
            found = None
            while not found:
                async with here.store.database.write() as connection:
                    found = (await connection.execute(broken)).all()
            await holding.rollback()
            assert len((await asking).versions) == 1
        assert len(here.upstream.asked) == 1


async def test_who_was_taken_for_dead_leaves_the_job_to_whoever_carries_it_on(world: World) -> None:
    async def late(writer: asyncio.StreamWriter) -> None:
        await here.upstream.go_on.wait()
        await drawn("navy")[0](writer)

    async with place(world, late) as here:
        async with here.world.worker():
            asking = asyncio.create_task(ask(here.studio, "Silent meanwhile."))
            await here.upstream.arrived.wait()
            order, orders = await here.ordered(), Orders(here.store.database)
            await orders.free(order.id)
            await orders.take(order.id, "another worker")
            here.upstream.go_on.set()
        assert await here.jobs() == 1
        async with here.world.worker("two"):
            assert len((await asking).versions) == 1
            await here.all_ended()
        assert len(here.upstream.asked) == 1


async def test_what_the_queue_names_twice_is_not_taken_from_who_makes_it(world: World) -> None:
    async def late(writer: asyncio.StreamWriter) -> None:
        await here.upstream.go_on.wait()
        await drawn("navy")[0](writer)

    async with place(world, late, *drawn("navy")) as here, here.world.worker():
        asking = asyncio.create_task(ask(here.studio, "Named twice."))
        await here.upstream.arrived.wait()
        async with (
            here.world.worker("two"),
            open_jobs(here.world.database, here.store.database) as app,
        ):
            await put(app, await here.ordered())
            assert len((await ask(here.studio, "What lets them look.")).versions) == 1
            here.upstream.go_on.set()
            assert len((await asking).versions) == 1


async def test_who_is_erased_while_their_picture_waits_gets_none(world: World) -> None:
    async with place(world, *drawn("navy")) as here:
        asking = asyncio.create_task(ask(here.studio, "Never."))
        await here.ordered()
        await here.studio.erase(ANN)
        with pytest.raises(Erasing):
            await asking
        await person(here.store, ANN)
        await here.makes_only("They are back.")


async def test_who_is_erased_while_their_picture_is_made_leaves_nothing(world: World) -> None:
    async def late(writer: asyncio.StreamWriter) -> None:
        await here.upstream.go_on.wait()
        await drawn("navy")[0](writer)

    async with place(world, late) as here, here.world.worker():
        asking = asyncio.create_task(ask(here.studio, "Out."))
        await here.upstream.arrived.wait()
        assert (await here.studio.erase(ANN, patience=0)).out == 1
        here.upstream.go_on.set()
        with pytest.raises(Conflict):
            await asking
        assert (await read_state(here.store.database)).orders == []
    async with here.world.web() as (_, studio):
        assert (await studio.erase(ANN)).out == 0
        assert await studio.generations(ANN, "Out.") == []
        assert [each.name for each in (here.world.folder / "blobs").rglob("*") if each.is_file()] == ["mark"]
