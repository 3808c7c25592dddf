"""After a crash: what arrived is finished, what was in doubt is said, nothing is sent."""

import asyncio
import errno
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coach.errors import Conflict, PictureError
from coach.store import Store
from coach.studio import Generation, GenerationState
from coach.studio.recovery import ABANDONED
from coach.studio.spool import Head, Spool, SpoolFile
from tests._tree import ROOT
from tests.studio._rows import add_in
from tests.studio._service import answer, breaks, frames, picture, streams
from tests.studio._workshop import ANA, Workshop, workshop

GOLD = picture("gold")
WHOLE = frames(picture("grey"), final=GOLD)


async def crashed(
    w: Workshop,
    state: GenerationState,
    body: bytes | None = None,
    *,
    complete: bool = True,
    age: timedelta = timedelta(),
    media_type: str = "text/event-stream",
    id: str = "g1",
) -> Generation:
    """What a process leaves behind that died in ``state``, after ``body`` had arrived."""
    identity = await w.store.identities.get(ANA, "i1")
    left = await add_in(
        w.store.database,
        state,
        updated_at=datetime.now(UTC) - age,
        id=id,
        user_id=ANA,
        identity_id=identity.id,
        model="gpt-image-2.5-sunburst",
        spool=id,
    )
    if body is not None:
        with w.spool.open(id) as file:
            file.note(Head(engine="gpt-image", media_type=media_type, request_id="req_9"))
            file.write(body)
            if complete:
                await file.commit()
    return left


@pytest.mark.parametrize("state", ["sending", "received"])
async def test_an_answer_that_arrived_is_finished(
    store: Store, tmp_path: Path, photo_bytes: bytes, state: GenerationState
) -> None:
    async with workshop(store, tmp_path, photo_bytes, breaks) as w:
        await crashed(w, state, WHOLE)
        [done] = await w.studio.recover()
        assert (done.state, done.paid, done.spool) == ("done", "paid", None)
        [version] = (await w.studio.generation(ANA, "g1")).versions
        assert await store.versions.bytes(ANA, version.id) == GOLD
        assert w.spool.list() == []
        assert await w.studio.recover() == []
        assert w.upstream.asked == []


@pytest.mark.parametrize("state", ["sending", "unknown"])
async def test_an_answer_that_had_all_come_but_was_not_named_yet_is_finished(
    store: Store, tmp_path: Path, photo_bytes: bytes, state: GenerationState
) -> None:
    async with workshop(store, tmp_path, photo_bytes, breaks) as w:
        await crashed(w, state, WHOLE, complete=False)
        [done] = await w.studio.recover()
        assert (done.state, done.request_id, done.error_code) == ("done", "req_9", None)


@pytest.mark.parametrize("body", [None, b"", WHOLE[:-40]])
async def test_sent_without_an_answer_is_unknown_and_stays_so(
    store: Store, tmp_path: Path, photo_bytes: bytes, body: bytes | None
) -> None:
    async with workshop(store, tmp_path, photo_bytes, breaks) as w:
        await crashed(w, "sending", body or b"", complete=False)
        [unknown] = await w.studio.recover()
        assert (unknown.state, unknown.error_code, unknown.paid) == ("unknown", "interrupted", "unknown")
        assert unknown.request_id == "req_9", "an operator can ask the service about it"
        assert await w.studio.recover() == []
        assert w.spool.list() == ["g1"]


@pytest.mark.parametrize("state", ["planned", "quoted", "reserved"])
async def test_what_was_not_sent_has_failed_unpaid(
    store: Store, tmp_path: Path, photo_bytes: bytes, state: GenerationState
) -> None:
    async with workshop(store, tmp_path, photo_bytes, breaks) as w:
        await crashed(w, state, b"", complete=False)
        [failed] = await w.studio.recover()
        assert (failed.state, failed.error_code, failed.paid) == ("failed", "stopped", "unpaid")
        assert w.spool.list() == []


@pytest.mark.parametrize("state", ["stored", "judged"])
@pytest.mark.parametrize("body", [WHOLE, None])
async def test_what_was_stored_is_taken_to_its_end(
    store: Store, tmp_path: Path, photo_bytes: bytes, state: GenerationState, body: bytes | None
) -> None:
    async with workshop(store, tmp_path, photo_bytes, breaks) as w:
        await crashed(w, state, body)
        [done] = await w.studio.recover()
        assert done.state == "done"


async def test_rubbish_that_arrived_stays_as_evidence(
    store: Store, tmp_path: Path, photo_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with workshop(store, tmp_path, photo_bytes, breaks) as w:
        await crashed(w, "received", b"<html>", media_type="application/json")
        [failed] = await w.studio.recover()
        assert (failed.state, failed.error_code, failed.paid) == ("failed", "bad_answer", "paid")
        assert "Generation g1 was not recovered: The picture service's answer held no picture" in caplog.text
        assert await w.studio.recover() == []
        assert w.spool.list() == ["g1"]


async def test_the_readable_part_of_an_answer_is_kept_and_the_rest_stays(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, breaks) as w:
        body = json.dumps(answer(GOLD, b"no picture")).encode()
        await crashed(w, "received", body, media_type="application/json")
        [done] = await w.studio.recover()
        assert done.state == "done"
        assert len((await w.studio.generation(ANA, "g1")).versions) == 1
        assert "not all of it could be read" in (await w.studio.ledger.steps(ANA, "g1"))[-3].detail
        await w.studio.recover()
        assert w.spool.list() == ["g1"]


async def test_what_cannot_be_put_away_is_tried_again_at_the_next_start(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with workshop(store, tmp_path, photo_bytes, streams(WHOLE)) as w:

        async def full(key: str, data: object, media_type: str) -> None:
            raise OSError("the bucket is away")

        with monkeypatch.context() as patch:
            patch.setattr(store.blobs, "put", full)
            with pytest.raises(PictureError) as caught:
                await w.generate()
            assert (caught.value.code, caught.value.paid) == ("not_kept", "paid")
            assert await w.studio.recover() == []
        assert (await w.states())[-1] == "received"
        generated = await w.generate()
        assert await store.versions.bytes(ANA, generated.versions[0].id) == GOLD
        assert len(w.upstream.asked) == 1


async def test_files_of_what_ended_or_never_began_are_cleared_away(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, streams(WHOLE)) as w:
        generated = await w.generate()
        for name in (generated.generation_id, "nobodys"):
            with w.spool.open(name) as file:
                file.write(b"left" if name != "nobodys" else b"")
        with w.spool.open("of another database") as file:
            file.write(b"an answer")
        assert await w.studio.recover() == []
        assert w.spool.list() == ["of another database"]


async def test_one_that_cannot_be_recovered_leaves_the_others_alone(
    store: Store,
    tmp_path: Path,
    photo_bytes: bytes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with workshop(store, tmp_path, photo_bytes, breaks) as w:
        await crashed(w, "received", id="a-folder")
        for name in ("a-folder", "nobodys-folder"):
            (w.spool.folder / f"{name}.body").mkdir()
        for id in ("bad-disk", "good"):
            await crashed(w, "sending", WHOLE, id=id)
        commit = SpoolFile.commit

        async def fails(file: SpoolFile) -> None:
            if file.generation_id == "bad-disk":
                raise OSError(errno.EIO, "Input/output error")
            await commit(file)

        monkeypatch.setattr(SpoolFile, "commit", fails)
        assert [done.id for done in await w.studio.recover()] == ["good"]
        for id in ("a-folder", "bad-disk"):
            assert f"Generation {id} was not recovered." in caplog.text
        assert w.spool.list() == ["bad-disk"]


async def test_a_file_that_cannot_be_looked_at_is_left_there(
    store: Store,
    tmp_path: Path,
    photo_bytes: bytes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def unreadable(spool: Spool, generation_id: str) -> SpoolFile:
        raise PermissionError(errno.EACCES, "Permission denied")

    async with workshop(store, tmp_path, photo_bytes, breaks) as w:
        with w.spool.open("nobodys"):
            pass
        monkeypatch.setattr(Spool, "claim", unreadable)
        assert await w.studio.recover() == []
        assert "The spool's file of nobodys cannot be looked at." in caplog.text
        assert w.spool.list() == ["nobodys"]


YOUNG, OLD = ABANDONED - timedelta(minutes=1), ABANDONED + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("state", "age", "after"),
    [
        ("reserved", YOUNG, "reserved"),
        ("sending", YOUNG, "sending"),
        ("reserved", OLD, "failed"),
        ("sending", OLD, "unknown"),
        ("received", OLD, "unknown"),
        ("unknown", OLD, "unknown"),
    ],
)
async def test_what_another_machine_works_on_is_left_alone_for_a_while(
    store: Store, tmp_path: Path, photo_bytes: bytes, state: GenerationState, age: timedelta, after: str
) -> None:
    async with workshop(store, tmp_path, photo_bytes, breaks) as w:
        await crashed(w, state, age=age)
        await w.studio.recover()
        assert (await w.studio.ledger.get(ANA, "g1")).state == after


async def test_a_process_that_is_killed_while_it_waits_leaves_its_picture_in_doubt(
    store: Store, tmp_path: Path, photo_bytes: bytes, database_url: str
) -> None:
    async with workshop(store, tmp_path, photo_bytes, breaks) as w:
        w.upstream.replies = [w.upstream.waits]
        child = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-m",
                "tests.studio._child",
                database_url,
                tmp_path,
                str(w.client.base_url),
                "gpt-image",
            ),
            cwd=ROOT,
        )
        await asyncio.wait_for(w.upstream.arrived.wait(), 30)
        assert await w.studio.recover() == [], "it is alive and at work"
        with pytest.raises(Conflict, match="being made by another process"):
            await w.generate()
        child.kill()
        await child.wait()
        [unknown] = await w.studio.recover()
        assert (unknown.state, unknown.paid) == ("unknown", "unknown")
        with pytest.raises(PictureError, match="It may have been charged"):
            await w.generate()
        assert len(w.upstream.asked) == 1
