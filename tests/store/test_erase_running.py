"""Erasing a person while pictures of theirs are queued or out, and what the service keeps as a job."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI
from sqlalchemy import insert, text, update
from sqlalchemy.exc import DBAPIError

from coach import Context
from coach.errors import CoachError, ConsentMissing, Erasing, NotFound, StoreUnavailable
from coach.sandbox import Sandbox
from coach.store import Store, owner_of
from coach.store import photos as photos_module
from coach.store.blobs import Emptied
from coach.store.erase import NOBODY, begin, begun, nobodys_identity
from coach.store.intake import CleanPhoto, take_in
from coach.store.tables import conversations, messages, people
from coach.studio import Generated, PictureRequest, Spool, Studio
from coach.studio.engines.openai_background import OpenAIBackgroundEngine
from coach.studio.erase import Receipt, erase
from coach.studio.gate import GateLimits
from tests.studio._service import answer, noted, says
from tests.studio._workshop import ANA, Workshop, workshop

CANARY = b"canary of the picture"


async def erased(my: Workshop, **options: Any) -> Receipt:
    """Erase Ana from outside of the studio that is at work, as another process does."""
    return await erase(my.store, ANA, spool=my.spool, **options)


def left(my: Workshop) -> list[str]:
    """The files in which the picture is, or whose name is Ana's."""
    files = [path for path in my.folder.rglob("*") if path.is_file() and path.name != "secret"]
    return [path.name for path in files if CANARY in path.read_bytes() or owner_of(ANA) in str(path)]


@asynccontextmanager
async def going_out(
    store: Store, folder: Path, photo: bytes
) -> AsyncIterator[tuple[Workshop, asyncio.Task[Generated]]]:
    """A picture of Ana's that is out; it comes once the service is told to go on."""

    async def reply(writer: asyncio.StreamWriter) -> None:
        await my.upstream.go_on.wait()
        await says(answer(noted(CANARY)))(writer)

    async with workshop(store, folder, photo, reply) as my:
        work = asyncio.create_task(my.generate())
        await my.upstream.arrived.wait()
        yield my, work


async def test_a_picture_that_is_out_is_waited_for_and_erased(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with going_out(store, tmp_path, photo_bytes) as (my, work):
        told = asyncio.Event()
        erasing = asyncio.create_task(erased(my, patience=60, say=lambda text: told.set()))
        await told.wait()
        my.upstream.go_on.set()
        await work
        receipt = await erasing
        assert receipt.done and receipt.kept_lines == 1 and receipt.blobs["pictures"] == 1
        assert receipt.outside[0].request_ids == ("req_1",)
        assert left(my) == []


async def test_one_that_is_not_waited_for_brings_nothing_back(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with going_out(store, tmp_path, photo_bytes) as (my, work):
        receipt = await erased(my, patience=0)
        assert (receipt.out, receipt.done, len(receipt.settled)) == (1, False, 1)
        my.upstream.go_on.set()
        with pytest.raises(CoachError):
            await work
        assert left(my) == [] and await store.blobs.list() == []
        assert await my.new_studio().recover() == []
        assert (await erased(my, patience=0)).done
        with pytest.raises(NotFound):
            await store.people.get(ANA)


async def test_what_waits_for_its_turn_is_not_sent(store: Store, tmp_path: Path, photo_bytes: bytes) -> None:
    async with workshop(store, tmp_path, photo_bytes, says(answer(noted(CANARY)))) as my:
        studio = my.new_studio(limits=GateLimits(at_once=1))
        async with studio.gate.admit("somebody else", 1, patience=1):
            queued = asyncio.create_task(my.generate(studio=studio))
            await my.until_told("Waiting for our turn")
            receipt = await erased(my, patience=60)
        with pytest.raises(CoachError):
            await queued
        assert my.upstream.asked == [] and receipt.done and receipt.kept_lines == 0
        assert left(my) == []


async def test_nothing_is_asked_for_once_it_has_begun(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, says(answer(noted(CANARY)))) as my:
        await begin(store.database, ANA)
        with pytest.raises(ConsentMissing):
            await my.generate()
        with pytest.raises(Erasing):
            await my.generate(PictureRequest(prompt="A lighthouse"))
        assert my.upstream.asked == [] and my.spool.list() == []


async def test_another_machine_clears_its_spool_at_its_next_start(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, says(CANARY)) as my:
        await my.refusal()
        assert left(my)
        assert (await erase(store, ANA)).done  # without the spool of the machine that asked
        assert left(my) and (await my.new_studio().recover()) == []
        assert left(my) == [] and my.spool.list() == []


@pytest.mark.parametrize("dialect", ["postgres"])
async def test_what_is_written_meanwhile_elsewhere_does_not_stop_it(store: Store) -> None:
    talk = await store.conversations.start(ANA, coach="c", phase="p")
    async with store.database.read() as elsewhere:
        await elsewhere.execute(update(conversations).values(phase="q"))
        erasing = asyncio.create_task(erase(store, ANA))
        await waits(store)
        said = {"user_id": ANA, "conversation_id": talk.id, "seq": 1, "role": "user", "content": {}}
        with suppress(DBAPIError):  # one of the two is chosen to give way
            await elsewhere.execute(insert(messages).values(**said, created_at=datetime.now(UTC)))
            await elsewhere.commit()
    assert (await erasing).done
    assert await store.conversations.list(ANA) == []


async def waits(store: Store) -> None:
    """Until somebody waits for a lock of somebody else's."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    async with store.database.outside() as watching:
        for _ in range(1000):
            if (await watching.execute(waiting)).scalar_one():
                return


@pytest.mark.parametrize("dialect", ["postgres"])
async def test_two_first_erasures_at_once_share_what_the_books_keep(store: Store) -> None:
    async def another() -> str:
        async with store.database.write() as connection:
            return await nobodys_identity(connection)

    async with store.database.write() as connection:
        assert await nobodys_identity(connection) == NOBODY
        other = asyncio.create_task(another())
        await waits(store)
    assert await other == await another() == NOBODY


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(quick=True) as running:
        yield running


async def away(owner: str) -> Emptied:
    """What removing blobs is while their place is away."""
    raise StoreUnavailable("The bucket is away.")


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_job_is_deleted_at_the_service(
    store: Store, tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.identities.add(ANA, "Guide")
    async with AsyncOpenAI(base_url=sandbox.base_url, api_key="k") as client:
        engine = OpenAIBackgroundEngine(client, poll=0.02)
        spool = Spool(tmp_path / "spool")
        studio = Studio(store=store, engine=engine, spool=spool)
        asked = PictureRequest(prompt="A lighthouse", previews=0)
        await studio.generate(Context(user_id=ANA), asked, identity_id="i1", key="one")
        with monkeypatch.context() as broken, pytest.raises(StoreUnavailable):
            broken.setattr(store.blobs, "empty", away)
            await erase(store, ANA, spool=spool)  # nobody can be asked either
        receipt = await erase(store, ANA, spool=spool, forget={engine.name: engine.forget})
        [job] = receipt.jobs
        assert (job.end, job.why) == ("deleted", "") and receipt.kept_lines == 1
        assert receipt.outside[0].engine == engine.name
        assert not await engine.forget(job.id)


async def test_a_photo_that_was_on_its_way_comes_to_nobody(
    store: Store, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.notes.add(ANA, "a note")

    async def erased_meanwhile(upload: bytes) -> CleanPhoto:
        assert (await erase(store, ANA)).done
        return await take_in(upload)

    monkeypatch.setattr(photos_module, "take_in", erased_meanwhile)
    with pytest.raises(Erasing, match="add the photo again"):
        await store.photos.add(ANA, photo_bytes, keep_original=True)
    assert await store.blobs.list() == [] and await store.photos.list(ANA) == []


async def test_a_studio_erases_and_finishes_what_another_began(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with workshop(store, tmp_path, photo_bytes, says(answer(noted(CANARY)))) as my:
        await my.generate()
        assert (await my.studio.erase(ANA)).blobs["pictures"] == 1 and left(my) == []

        await store.notes.add(ANA, "back again")
        await begin(store.database, ANA)
        async with store.database.write() as connection:
            await connection.execute(update(people).values(erasing_at=datetime(2026, 1, 1, tzinfo=UTC)))
        with monkeypatch.context() as broken:
            broken.setattr(store.blobs, "empty", away)
            assert await my.studio.recover() == [], "it starts all the same"
        assert await begun(store.database) == [ANA]
        await my.studio.recover()
        assert await store.notes.list(ANA) == await begun(store.database) == []
