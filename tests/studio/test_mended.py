"""What an attacker found once: it must not come back."""

import asyncio
import shutil
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from coach.context import Context
from coach.errors import Conflict, Erasing
from coach.store import Store
from coach.studio import GateLimits, Generation
from coach.studio._keep import Keeper
from coach.studio._make import Maker
from coach.studio.ledger import Ledger
from coach.studio.spool import Spool
from tests.studio._faces import mirror
from tests.studio._service import USAGE, answer, breaks, error, frames, picture, says, streams
from tests.studio._workshop import ANA, workshop

GOOD = streams(frames(final=picture("gold")))


def test_an_answer_that_comes_again_begins_at_the_beginning(tmp_path: Path) -> None:
    with Spool(tmp_path).open("one") as file:
        file.write(b"half of it")
        file.flush()
        file.restart()
        file.write(b"all")
        file.flush()
        assert file.part.read_bytes() == b"all"


async def test_many_clicks_on_try_again_are_one(store: Store, tmp_path: Path, photo_bytes: bytes) -> None:
    failing = says(error(None), status=500)
    async with workshop(store, tmp_path, photo_bytes, failing) as w:
        await w.refusal()
        clicks = [w.generate(again=True) for _ in range(5)]
        await asyncio.gather(*clicks, return_exceptions=True)
        assert len(w.upstream.asked) == 2


async def test_a_doubt_that_could_not_be_written_down_is_one_at_the_next_call(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with workshop(store, tmp_path, photo_bytes, breaks, GOOD) as w:
        advance = Ledger.advance

        async def away(ledger: Ledger, generation: object, *to: str, **values: object) -> object:
            if "unknown" in to:
                raise ConnectionError("the database is away")
            return await advance(ledger, generation, *to, **values)

        with monkeypatch.context() as patch:
            patch.setattr(Ledger, "advance", away)
            assert (await w.refusal(turn="t1")).paid == "unknown"
        assert (await w.only()).state == "sending"
        assert (await w.refusal(call="call_2", turn="t1")).code == "in_doubt"
        assert len(w.upstream.asked) == 1


async def test_what_waits_behind_a_doubt_of_its_turn_is_not_sent(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, breaks) as w:
        w.studio = w.new_studio(limits=GateLimits(at_once=1))
        calls = [w.refusal(call=f"call_{number}", turn="t1") for number in range(3)]
        ended = await asyncio.gather(*calls)
        assert sorted(one.code for one in ended) == ["connection_lost", "in_doubt", "in_doubt"]
        assert len(w.upstream.asked) == 1


async def test_a_count_beyond_reason_is_no_count(store: Store, tmp_path: Path, photo_bytes: bytes) -> None:
    absurd = USAGE | {"output_tokens_details": {"image_tokens": 10**20, "text_tokens": 0}}
    async with workshop(store, tmp_path, photo_bytes, says(answer(picture(), usage=absurd))) as w:
        assert len((await w.generate(w.edit.model_copy(update={"previews": 0}))).versions) == 1
        assert (await w.only()).actual_micros is None


async def test_without_room_for_an_answer_nothing_is_asked_for(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 1_000_000))
    async with workshop(store, tmp_path, photo_bytes, GOOD) as w:
        refused = await w.refusal()
        assert (refused.code, refused.paid) == ("stopped", "unpaid")
        assert w.upstream.asked == [] and await w.studio.generations(ANA, "talk") == []


async def test_who_is_erased_before_the_second_try_gets_no_picture_and_nothing_more_is_asked_for(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "red", "lime") as (w, _):
        report = Context.report

        async def erased(ctx: Context, text: str, **how: float) -> None:
            if "trying once more" in text:
                await w.studio.erase(ANA, patience=0.5)
            await report(ctx, text, **how)

        monkeypatch.setattr(Context, "report", erased)
        with pytest.raises(Erasing, match="erased meanwhile"):
            await w.generate()
        assert len(w.upstream.asked) == 1


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_who_is_erased_while_the_first_is_kept_is_not_tried_for_again(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "red", "lime") as (w, _):
        make = Maker.make

        async def erased(maker: Maker, *args: Any, **options: Any) -> Any:
            made = await make(maker, *args, **options)
            await w.studio.erase(ANA, patience=0.5)
            return made

        monkeypatch.setattr(Maker, "make", erased)
        with pytest.raises(Erasing, match="erased meanwhile"):
            await w.generate()
        assert not any("trying once more" in text for text in w.told)


async def test_a_second_try_in_doubt_that_was_told_is_not_told_again(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "red", "lime", "lime") as (w, _):
        w.upstream.replies.insert(1, breaks)
        said = (await w.generate(turn="t1")).say_likeness
        assert said and "may have been charged" in said
        assert (await w.generate(call="call_2", turn="t2")).versions[0].handle == "v2"


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("step", ["sending", "received", "stored", "judged"])
async def test_while_a_second_try_is_under_way_another_process_is_told_so(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "red", "lime") as (w, faces):
        other, asked = w.new_studio(faces=faces), []
        advance = Ledger.advance

        async def ask(ledger: Ledger, generation: Generation, *to: str, **values: Any) -> Any:
            if generation.key.startswith("second try") and step == to[0] and not asked:
                asked.append(generation.id)
                with pytest.raises(Conflict, match="being made by another process"):
                    await w.generate(studio=other)
            return await advance(ledger, generation, *to, **values)

        monkeypatch.setattr(Ledger, "advance", ask)
        made = await w.generate()
        assert asked and len(made.versions) == 2
        assert await w.generate(studio=other) == made


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_second_try_that_cannot_be_put_away_keeps_nobody_from_the_first(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "red", "lime") as (w, _):
        with monkeypatch.context() as patch:
            put = Keeper._put

            async def full(keeper: Keeper, generation: Generation, *rest: Any) -> Any:
                if generation.key.startswith("second try"):
                    raise OSError("the disk is full")
                return await put(keeper, generation, *rest)

            patch.setattr(Keeper, "_put", full)
            for _ in range(2):
                assert [version.handle for version in (await w.generate()).versions] == ["v1"]
        assert [version.handle for version in (await w.generate()).versions] == ["v2", "v1"]
        assert len(w.upstream.asked) == 2
