"""When something is cut off in the middle: the money is said for what it is, and what came is kept."""

import asyncio
import errno
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from coach.errors import Conflict
from coach.store import Store
from coach.studio import Generation
from coach.studio.engines import Received
from coach.studio.ledger import Ledger
from coach.studio.spool import Spool, SpoolFile
from tests.studio._service import answer, breaks, cuts, frames, picture, says, streams
from tests.studio._workshop import ANA, workshop

GOOD = streams(frames(picture("grey"), final=picture("gold")))


async def test_too_late_is_unknown(store: Store, tmp_path: Path, photo_bytes: bytes) -> None:
    async with workshop(store, tmp_path, photo_bytes, breaks) as w:
        w.upstream.replies = [w.upstream.is_too_late]
        refused = await w.refusal()
        assert (refused.code, refused.paid) == ("timeout", "unknown")
        assert (await w.only()).state == "unknown"


async def test_going_away_after_it_was_sent_leaves_the_picture_to_arrive(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, breaks) as w:

        async def slowly(writer: asyncio.StreamWriter) -> None:
            await w.upstream.go_on.wait()
            await GOOD(writer)

        w.upstream.replies = [slowly]
        work = asyncio.create_task(w.generate())
        await w.upstream.arrived.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert (await w.only()).state == "sending"
        w.upstream.go_on.set()
        await w.studio.close()
        assert (await w.only()).state == "done"
        assert len(w.upstream.asked) == 1


async def test_going_away_before_it_was_sent_costs_nothing(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:

        async def leave(*_: object, **__: object) -> Generation:
            if work.cancelling():
                raise ConnectionError("and the database is gone too")
            work.cancel()
            return await w.only()

        monkeypatch.setattr(w.studio.ledger, "advance", leave)
        work = asyncio.create_task(w.generate())
        with pytest.raises(asyncio.CancelledError):
            await work
        assert w.upstream.asked == []
        [moved] = await w.new_studio().recover()
        assert (moved.state, moved.error_code, moved.paid) == ("failed", "stopped", "unpaid")


async def test_going_away_while_money_is_reserved_gives_it_back(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:
        reserve = Ledger.reserve

        async def leave(*given: Any, **more: Any) -> Generation:
            work.cancel()
            return await reserve(*given, **more)

        monkeypatch.setattr(Ledger, "reserve", leave)
        work = asyncio.create_task(w.generate())
        with pytest.raises(asyncio.CancelledError):
            await work
        row = await w.only()
        assert (row.state, row.error_code, row.paid) == ("failed", "stopped", "unpaid")
        assert row.held_micros == 0 and w.spool.list() == w.upstream.asked == []


async def test_going_away_while_it_is_put_away_changes_nothing(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:
        commit = SpoolFile.commit

        async def leave(file: SpoolFile) -> None:
            work.cancel()
            await commit(file)

        monkeypatch.setattr(SpoolFile, "commit", leave)
        work = asyncio.create_task(w.generate())
        with pytest.raises(asyncio.CancelledError):
            await work
        await w.at_rest()
        assert (await w.only()).state == "done"
        assert len((await w.generate()).versions) == 1
        assert len(w.upstream.asked) == 1


async def test_going_away_again_and_again_while_it_is_put_away_changes_nothing(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:
        put = store.blobs.put

        async def leave(key: str, data: bytes | Path, media_type: str) -> None:
            for _ in range(3):
                work.cancel()
                await asyncio.sleep(0)
            await put(key, data, media_type)

        work = asyncio.create_task(w.generate(w.edit.model_copy(update={"previews": 0})))
        w.upstream.replies = [says(answer(picture("gold")))]
        monkeypatch.setattr(store.blobs, "put", leave)
        with pytest.raises(asyncio.CancelledError):
            await work
        await w.at_rest()
        assert (await w.only()).state == "done" and w.spool.list() == []


async def test_going_away_while_a_broken_answer_is_looked_at_changes_nothing(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = frames(final=picture("gold")) + b" " * 40
    async with workshop(store, tmp_path, photo_bytes, cuts(body, media_type="text/event-stream")) as w:
        loop, read = asyncio.get_running_loop(), w.studio._engines._asked["openai"].read

        def leave(*given: Any) -> Received:
            loop.call_soon_threadsafe(work.cancel)
            return read(*given)

        with monkeypatch.context() as patch:
            patch.setattr(w.studio._engines._asked["openai"], "read", leave)
            work = asyncio.create_task(w.generate())
            with pytest.raises(asyncio.CancelledError):
                await work
            await w.at_rest()
        assert (await w.only()).state == "done"
        [version] = (await w.generate()).versions
        assert await store.versions.bytes(ANA, version.id) == picture("gold")
        assert len(w.upstream.asked) == 1


@pytest.mark.parametrize("method", ["note", "write", "flush"])
async def test_a_full_disk_is_said_and_the_service_was_paid(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(SpoolFile, method, full)
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:
        refused = await w.refusal()
        assert (refused.code, refused.paid, refused.request_id) == ("no_room", "paid", "req_1")
        assert (await w.only()).state == "failed"


async def test_an_answer_without_end_is_not_read_to_the_end(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coach.studio._arrive.MOST_BYTES", 1000)
    async with workshop(store, tmp_path, photo_bytes, streams(b"x" * 1_000_000)) as w:
        refused = await w.refusal()
        assert (refused.code, refused.paid) == ("bad_answer", "paid")


async def test_a_spool_that_takes_no_file_stops_it_before_it_is_sent(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(spool: Spool, generation_id: str) -> SpoolFile:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Spool, "open", full)
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:
        refused = await w.refusal()
        assert (refused.code, refused.paid) == ("stopped", "unpaid")
        assert await w.studio.generations(ANA, "talk") == [] and w.upstream.asked == []


async def test_a_key_two_processes_take_at_once_is_used_by_one(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:
        await w.generate()
        slow, find = w.new_studio(), Ledger.find
        looked = []

        async def too_early(ledger: Ledger, user_id: str, key: str) -> Generation | None:
            looked.append(key)
            return await find(ledger, user_id, key) if len(looked) > 1 else None

        monkeypatch.setattr(Ledger, "find", too_early)
        with pytest.raises(Conflict):
            await w.generate(studio=slow)
        assert len(w.upstream.asked) == 1 and w.spool.list() == []


async def test_an_engine_that_fails_in_its_own_way_leaves_it_unknown(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:

        @asynccontextmanager
        async def send(order: object, *, begun: object) -> Any:
            raise RuntimeError("secret words")
            yield

        monkeypatch.setattr(w.studio._engines._asked["openai"], "send", send)
        refused = await w.refusal()
        assert (refused.code, refused.paid) == ("interrupted", "unknown")
        assert "secret" not in refused.say + refused.detail and "RuntimeError" in refused.detail
        assert (await w.only()).state == "unknown"


@pytest.mark.parametrize("lost", ["received", "stored", "done"])
async def test_a_database_that_goes_away_after_the_answer_came_loses_nothing(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:
        advance = Ledger.advance

        async def away(ledger: Ledger, generation: Generation, *to: Any, **values: Any) -> Generation:
            if lost in to:
                raise ConnectionError("the database is away")
            return await advance(ledger, generation, *to, **values)

        with monkeypatch.context() as patch:
            patch.setattr(Ledger, "advance", away)
            refused = await w.refusal()
        assert (refused.code, refused.paid) == ("not_kept", "paid")
        assert await w.studio.recover() != []
        assert await store.versions.bytes(ANA, (await w.generate()).versions[0].id) == picture("gold")
        assert len(await store.versions.list(ANA, "i1")) == 1
        assert len(w.upstream.asked) == 1
