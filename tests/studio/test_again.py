"""When the same picture may be asked for once more, and when not."""

import asyncio
from pathlib import Path

import pytest

from coach.errors import PictureError
from coach.store import Store
from coach.studio import GateLimits
from coach.studio.ledger import Ledger
from tests.studio._service import answer, breaks, cuts, error, frames, picture, says, streams
from tests.studio._workshop import ANA, workshop

GOOD = streams(frames(final=picture("gold")))


def busy(seconds: float | None) -> object:
    """A refusal that says when to come back, or not."""
    more = {} if seconds is None else {"retry-after": str(seconds)}
    return says(error("rate_limit_exceeded"), status=429, more=more)


async def test_what_was_refused_for_the_moment_is_sent_again_after_the_time_it_was_told(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, busy(0.05), GOOD) as w:
        assert len((await w.generate()).versions) == 1
        assert await w.states() == [
            "planned", "quoted", "reserved", "sending", "reserved", "sending",
            "received", "stored", "judged", "done",
        ]  # fmt: skip
        assert (await w.only()).posts == len(w.upstream.asked) == 2


@pytest.mark.parametrize(
    "refusal",
    [
        busy(3600),
        says(error("insufficient_quota"), status=429),
        *(says(error(None), status=status) for status in (400, 401, 403, 404, 413, 422)),
    ],
)
async def test_what_would_only_be_refused_again_is_not_sent_again(
    store: Store, tmp_path: Path, photo_bytes: bytes, refusal: object
) -> None:
    async with workshop(store, tmp_path, photo_bytes, refusal, GOOD) as w:
        assert (await w.refusal()).paid == "unpaid"
        row = await w.only()
        assert (row.state, row.posts, len(w.upstream.asked)) == ("refused", 1, 1)
        assert (await w.refusal()).code == row.error_code and len(w.upstream.asked) == 1


async def test_what_could_not_leave_is_sent_once_there_is_a_way(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coach.studio._generate._PAUSES", (0.0,))
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:
        there = w.client.base_url
        w.client.base_url = "http://127.0.0.1:9/v1"  # nobody listens on the discard port
        advance = Ledger.advance

        async def repair(ledger: Ledger, generation: object, *to: str, **values: object) -> object:
            if "reserved" in to:
                w.client.base_url = there
            return await advance(ledger, generation, *to, **values)

        monkeypatch.setattr(Ledger, "advance", repair)
        w.studio = w.new_studio()
        assert len((await w.generate()).versions) == 1
        assert (await w.only()).posts == 2 and len(w.upstream.asked) == 1


async def test_dying_while_it_waits_to_be_sent_again_costs_nothing(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, busy(30), GOOD) as w:
        work = asyncio.create_task(w.generate())
        await w.until_told("trying again")
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        row = await w.only()
        assert (row.state, row.error_code, row.paid) == ("failed", "stopped", "unpaid")


async def test_a_picture_in_doubt_is_asked_for_again_only_when_the_person_says_so(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, breaks, GOOD) as w:
        assert (await w.refusal()).paid == "unknown"
        assert (await w.refusal()).paid == "unknown"
        assert len(w.upstream.asked) == 1
        made, same = await asyncio.gather(w.generate(again=True), w.generate(again=True))
        assert made == same and len(w.upstream.asked) == 2
        entries = await w.studio.generations(ANA, "talk")
        assert [(one.generation.attempt, one.generation.state) for one in entries] == [
            (1, "unknown"),
            (2, "done"),
        ]
        assert await w.generate() == made and len(w.upstream.asked) == 2


async def test_an_answer_that_did_arrive_is_not_asked_for_again(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with workshop(store, tmp_path, photo_bytes, cuts(answer(picture("gold")), short=1), GOOD) as w:
        with monkeypatch.context() as patch:

            async def not_yet(*_: object) -> bool:
                return False

            patch.setattr("coach.studio._keep.Keeper.is_whole", not_yet)
            assert (await w.refusal()).paid == "unknown"
        rest = w.spool.folder / f"{(await w.only()).id}.part"
        with rest.open("ab") as file:
            file.write(b"}")
        assert len((await w.generate(again=True)).versions) == 1
        assert len(w.upstream.asked) == 1


async def test_while_one_is_in_doubt_no_other_is_asked_for_in_the_turn_the_person_is_told(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, breaks, GOOD) as w:
        assert (await w.refusal(turn="t1")).paid == "unknown"
        for call in ("call_2", "call_3"):
            refused = await w.refusal(call=call, turn="t1")
            assert (refused.code, refused.paid) == ("in_doubt", "unpaid")
        assert len(w.upstream.asked) == 1
        assert len((await w.generate(call="call_4", turn="t2")).versions) == 1


async def test_a_doubt_nobody_was_told_of_is_told_before_another_is_asked_for(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, breaks, GOOD) as w:
        w.upstream.replies.insert(0, w.upstream.waits)
        work = asyncio.create_task(w.generate(turn="t1"))
        await w.upstream.arrived.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        w.upstream.go_on.set()
        await w.at_rest()
        assert (await w.only()).state == "unknown"
        assert (await w.refusal(call="call_2", turn="t2")).code == "in_doubt"
        w.upstream.replies = [GOOD]
        assert len((await w.generate(call="call_3", turn="t3")).versions) == 1


async def test_closing_lets_what_was_sent_arrive_and_refuses_what_waits(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:

        async def slowly(writer: asyncio.StreamWriter) -> None:
            await w.upstream.go_on.wait()
            await GOOD(writer)

        w.upstream.replies = [slowly]
        w.studio = w.new_studio(limits=GateLimits(at_once=1))
        sent = asyncio.create_task(w.generate())
        await w.upstream.arrived.wait()
        waits = asyncio.create_task(w.generate(call="call_2"))
        await w.until_told("Waiting for our turn")
        closing = asyncio.create_task(w.studio.close())
        with pytest.raises(PictureError) as refused:
            await waits
        assert (refused.value.code, refused.value.paid) == ("closing", "unpaid")
        assert not closing.done()
        w.upstream.go_on.set()
        await closing
        assert sent.done() and len((await sent).versions) == 1
        assert (await w.refusal(call="call_3")).code == "closing"
        assert len(w.upstream.asked) == 1
