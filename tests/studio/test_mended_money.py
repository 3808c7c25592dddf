"""What an attacker found once about money and doubt: it must not come back."""

import asyncio
import errno
import json
import os
import time
from pathlib import Path

import pytest
from sqlalchemy import update

from coach.errors import Conflict, PictureError
from coach.store import Store
from coach.store.tables import generations
from coach.studio import GateLimits, GptImageEngine, OpenAIBackgroundEngine, Spool
from coach.studio.books import Books
from coach.studio.faults import fault
from coach.studio.gate import Gate
from coach.studio.ledger import Ledger
from coach.studio.leftovers import whereabouts
from coach.studio.recovery import ABANDONED
from coach.studio.spool import Head, SpoolFile
from tests.studio._rows import TODAY, add_in, add_lost, add_reserved
from tests.studio._scaled import scaled
from tests.studio._service import answer, picture
from tests.studio._workshop import ANA, workshop
from tests.studio.test_background_faults import DONE, QUEUED


@pytest.mark.parametrize("meanwhile", ["a start", "the same key"])
async def test_a_job_whose_answer_found_no_room_is_fetched_later(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    def full(file: SpoolFile, chunk: bytes) -> None:
        raise OSError(errno.ENOSPC, "full")

    async with workshop(store, tmp_path, photo_bytes, QUEUED, DONE) as w:
        engine = OpenAIBackgroundEngine(w.client, poll=0.001)
        studio = type(w.studio)(store=store, engine=engine, spool=w.spool)
        with monkeypatch.context() as patch:
            patch.setattr(SpoolFile, "write", full)
            refused = await w.refusal(studio=studio)
        assert (refused.code, refused.paid) == ("no_room", "unknown")
        left = await w.only()
        assert (left.state, left.job_id) == ("unknown", "resp_1")

        with monkeypatch.context() as patch:  # still no room
            patch.setattr(SpoolFile, "write", full)
            assert (await w.refusal(studio=studio)).code == "no_room"
        assert (await w.only()).state == "unknown"

        again = type(w.studio)(store=store, engine=engine, spool=w.spool)
        if meanwhile == "a start":
            await again.recover()
            await next(iter(again._restart._later))
        else:
            await w.generate(studio=again)
        [entry] = await again.generations(ANA, "talk")
        assert (entry.generation.state, len(entry.versions)) == ("done", 1)
        assert [asked.path for asked in w.upstream.asked].count("/v1/responses") == 1


async def test_more_files_in_the_spool_than_a_question_takes_values(store: Store) -> None:
    ledger = Ledger(store.database)
    ended = await add_in(store.database, "refused", updated_at=TODAY)
    lost = await add_lost(store.database)
    ids = [ended.id, lost.id, *(f"nobody's {number}" for number in range(40_000))]
    assert {one.id for one in await ledger.left_behind(ids)} == {ended.id, lost.id}


@pytest.mark.parametrize("charged", [True, False])
async def test_what_lies_in_the_spool_whole_is_not_settled_by_hand(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, charged: bool
) -> None:
    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    spool, lost = Spool(tmp_path), await add_lost(store.database)
    books, data = Books(store.database, spool), json.dumps(answer(picture())).encode()
    with spool.open(lost.id) as file:
        file.note(Head(engine="gpt-image", media_type="application/json", request_id="req_1"))
        file.write(data[:-10])
        with pytest.raises(Conflict, match="A process is at work"):
            await books.settle(lost.id, charged=charged, who="ada")
    long_ago = time.time() - 3600
    os.utime(file.part, (long_ago, long_ago))
    with spool.claim(lost.id) or pytest.fail() as file:
        file.write(data[-10:])
    os.utime(file.part, (long_ago, long_ago))
    with monkeypatch.context() as patch, pytest.raises(Conflict, match="cannot be looked at"):
        patch.setattr(GptImageEngine, "read", full)
        await books.settle(lost.id, charged=charged, who="ada")
    with pytest.raises(Conflict, match="The whole answer lies in the spool"):
        await books.settle(lost.id, charged=charged, who="ada")
    assert (await Ledger(store.database).get("ana", lost.id)).state == "unknown"
    assert spool.changed_since(lost.id, lost.updated_at), "the next start looks at it again"
    assert not file.decoded.with_suffix(".picture.0").exists()

    file.part.write_bytes(data[:-10])
    assert (await books.settle(lost.id, charged=charged, who="ada")).state == "failed"


async def test_who_works_on_a_picture_is_told_by_its_file(store: Store, tmp_path: Path) -> None:
    spool, here = Spool(tmp_path), await add_reserved(store.database)
    assert whereabouts(None, here) == whereabouts(spool, here) == "working", "perhaps on another machine"
    with spool.open(here.id):
        assert whereabouts(spool, here) == "working"
    assert whereabouts(spool, here) == "left"
    old = await add_in(store.database, "sending", updated_at=here.updated_at - ABANDONED)
    assert whereabouts(spool, old) == whereabouts(None, old) == "elsewhere"


async def test_the_id_of_another_pictures_job_is_not_taken(store: Store) -> None:
    ledger = Ledger(store.database)
    hers, his = await add_reserved(store.database), await add_reserved(store.database, user_id="bob")
    hers = await ledger.note_job(await ledger.advance(hers, "sending"), "resp_1")
    his = await ledger.advance(his, "sending")
    with pytest.raises(PictureError, match="It may have been charged") as caught:
        await ledger.note_job(his, "resp_1")
    assert caught.value.code == "bad_answer" and f"generation {hers.id}" in caught.value.detail
    assert (await ledger.get("bob", his.id)).job_id is None
    assert (await ledger.note_job(hers, "resp_1")).job_id == "resp_1", "the same again is no other"


async def test_the_id_of_another_pictures_job_is_not_taken_at_the_same_moment_either(store: Store) -> None:
    ledger = Ledger(store.database)
    hers, his = await add_reserved(store.database), await add_reserved(store.database, user_id="bob")
    his = await ledger.advance(his, "sending")
    async with store.database.write() as connection:
        mine = update(generations).where(generations.c.id == hers.id)
        await connection.execute(mine.values(job_id="resp_1"))
        taking = asyncio.create_task(ledger.note_job(his, "resp_1"))
        await asyncio.wait([taking], timeout=0.5)  # until it waits, or has taken it
    with pytest.raises(PictureError, match="It may have been charged"):
        await taking
    assert (await ledger.get("bob", his.id)).job_id is None


async def test_two_keys_with_one_job_are_one_picture_and_one_doubt(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, QUEUED, DONE, QUEUED) as w:
        engine = OpenAIBackgroundEngine(w.client, poll=0.001)
        studio = type(w.studio)(store=store, engine=engine, spool=w.spool)
        assert len((await w.generate(studio=studio)).versions) == 1
        refused = await w.refusal(studio=studio, call="call_2")
        assert (refused.code, refused.paid) == ("bad_answer", "unknown")
        states = [entry.generation.state for entry in await studio.generations(ANA, "talk")]
        assert states == ["done", "unknown"]


@scaled
async def test_a_probe_that_is_refused_for_what_it_asks_shows_that_the_service_is_well() -> None:
    gate = Gate(GateLimits(failures=2, down_for=30))

    async def ask(code: str) -> None:
        async with gate.admit("ana") as passed:
            passed.failed(fault(code, paid="unpaid"))

    await ask("service_error")
    await ask("moderation_blocked")  # while it counts as well, it takes back nothing
    await ask("service_error")
    with pytest.raises(PictureError, match="not well just now"):
        await ask("moderation_blocked")
    await asyncio.sleep(30)
    await ask("moderation_blocked")
    assert gate.state().down_for == 0
    await ask("service_error")
    assert gate.state().down_for == 0, "one failure is not two in a row"


async def test_a_name_that_a_kill_left_in_the_spool_goes_after_a_while(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, DONE) as w:
        old, young = (w.spool.folder / f"{name}.new" for name in ("old", "young"))
        old.touch()
        young.touch()
        long_ago = time.time() - ABANDONED.total_seconds() - 1
        os.utime(old, (long_ago, long_ago))
        await w.studio.recover()
        assert (old.exists(), young.exists()) == (False, True), "somebody may be making it just now"
