"""At most one paid post for each key, and every end written down as what it is."""

import asyncio
from pathlib import Path

import pytest

from coach.errors import Conflict, PictureError
from coach.store import Store
from coach.studio import PictureRequest
from tests.studio._service import Reply, answer, breaks, cuts, error, frames, picture, says, streams
from tests.studio._workshop import ANA, workshop

GOOD = streams(frames(picture("grey"), final=picture("gold")))


async def test_the_same_key_and_request_give_the_same_picture(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:
        first = await w.generate()
        assert await w.generate() == first
        assert await w.generate(studio=w.new_studio(model="gpt-image-2")) == first
        assert (await w.generate(call="call_2")).generation_id != first.generation_id
        assert len(w.upstream.asked) == 2


async def test_another_request_under_the_key_is_a_conflict(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:
        await w.generate(key="mine")
        for other in (w.edit.model_copy(update={"prompt": "As a baker"}), PictureRequest(prompt="x")):
            with pytest.raises(Conflict, match="'mine' was used for another picture"):
                await w.generate(other, key="mine")
        with pytest.raises(Conflict):
            await w.generate(key="mine", parent="v1")
        assert len(w.upstream.asked) == 1


async def test_a_key_of_another_person_is_another_key(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, says(answer(picture()))) as w:
        asked = PictureRequest(prompt="A lighthouse", previews=0)
        mine = await w.generate(asked, key="k" * 3000)
        await store.people.ensure("bob")
        await store.identities.add("bob", "Baker")
        theirs = await w.studio.generate(w.context(user_id="bob"), asked, identity_id="i1", key="k" * 3000)
        assert theirs.generation_id != mine.generation_id
        assert len(w.upstream.asked) == 2


async def test_outside_a_call_every_picture_is_a_new_one(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:
        assert await w.generate(call="") != await w.generate(call="")
        assert len(w.upstream.asked) == 2


async def test_twenty_callers_at_once_share_one_picture(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:
        everybodys = await asyncio.gather(*(w.generate() for _ in range(20)))
        assert len({generated.generation_id for generated in everybodys}) == 1
        assert len(w.upstream.asked) == 1


async def test_another_process_is_told_to_wait(store: Store, tmp_path: Path, photo_bytes: bytes) -> None:
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:
        w.upstream.replies = [w.upstream.waits]
        first = asyncio.create_task(w.generate())
        await w.upstream.arrived.wait()
        other = w.new_studio()
        with pytest.raises(Conflict, match="being made by another process"):
            await w.generate(studio=other)
        assert await other.recover() == [], "what is being worked on is left alone"
        w.upstream.go_on.set()
        with pytest.raises(PictureError, match="connection to the picture service broke"):
            await first
        assert len(w.upstream.asked) == 1


REFUSED = says(error("moderation_blocked"), status=400)


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize(
    ("reply", "state", "code", "paid"),
    [
        (REFUSED, "refused", "moderation_blocked", "unpaid"),
        (
            says(error("rate_limit_exceeded"), status=429, more={"retry-after": "3600"}),
            "refused",
            "rate_limited",
            "unpaid",
        ),
        (says(b"", status=500), "unknown", "service_error", "unknown"),
        (breaks, "unknown", "connection_lost", "unknown"),
        (cuts(answer(picture())), "unknown", "connection_lost", "unknown"),
        (streams(frames(picture(), final=None)), "unknown", "connection_lost", "unknown"),
        (says(b"<html></html>"), "failed", "bad_answer", "paid"),
        (says({"data": []}), "failed", "bad_answer", "paid"),
        (says(answer(b"<html>no picture</html>")), "failed", "bad_answer", "paid"),
        (says(answer(picture()[:-20])), "failed", "bad_answer", "paid"),
        (says(answer(picture(form="JPEG")[:-20])), "failed", "bad_answer", "paid"),
    ],
)
async def test_how_it_ended_is_written_down_and_said_again(
    store: Store, tmp_path: Path, photo_bytes: bytes, reply: Reply, state: str, code: str, paid: str
) -> None:
    async with workshop(store, tmp_path, photo_bytes, reply) as w:
        first = await w.refusal()
        assert (first.code, first.paid) == (code, paid)
        row = await w.only()
        assert (row.state, row.error_code, row.paid) == (state, code, paid)
        again = await w.refusal()
        assert (again.code, again.paid, again.say) == (first.code, first.paid, first.say)
        assert len(w.upstream.asked) == 1
        assert w.spool.list() == ([] if paid == "unpaid" else [row.id]), "evidence stays"
        assert row.request_id == (None if reply is breaks else "req_1")


@pytest.mark.parametrize("late", [False, True])
async def test_a_picture_that_came_before_the_connection_broke_is_kept(
    store: Store, tmp_path: Path, photo_bytes: bytes, late: bool
) -> None:
    whole = frames(picture("grey"), final=picture("gold"))
    async with workshop(store, tmp_path, photo_bytes, breaks) as w:

        async def lingers(writer: asyncio.StreamWriter) -> None:
            await cuts(whole + b" " * 40, media_type="text/event-stream")(writer)
            if late:
                await w.until_told("First look")
                await w.upstream.is_too_late(writer)

        w.upstream.replies = [lingers]
        generated = await w.generate()
        assert await store.versions.bytes(ANA, generated.versions[0].id) == picture("gold")


async def test_what_never_left_has_failed_unpaid(store: Store, tmp_path: Path, photo_bytes: bytes) -> None:
    async with workshop(store, tmp_path, photo_bytes, breaks) as w:
        w.client = w.client.with_options(base_url="http://127.0.0.1:1/v1")
        refused = await w.refusal(studio=w.new_studio())
        assert (refused.code, refused.paid) == ("not_sent", "unpaid")
        assert (await w.only()).state == "failed"
        assert w.spool.list() == []
