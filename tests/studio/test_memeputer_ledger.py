"""Stickers behind the ledger: paid for once, whatever dies, beside the pictures of another service."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from coach import Context
from coach.errors import PictureError
from coach.sandbox import Sandbox
from coach.sandbox.faults import Rule
from coach.sandbox.memeputer import PRICE
from coach.store import Store
from coach.studio import Budgets, Generation, PictureRequest, Studio
from coach.studio.accounts import standing
from coach.studio.books import Books
from coach.studio.engines import _linked
from coach.studio.erase import nameless, sentences
from tests._tree import ROOT
from tests.studio._stickers import ask, posts, settle_in, studio_of
from tests.studio._workshop import ANA


@dataclass(kw_only=True)
class Bench:
    store: Store
    folder: Path
    sandbox: Sandbox
    studio: Studio

    async def only(self) -> Generation:
        """Ana's only generation."""
        [entry] = await self.studio.generations(ANA, "talk")
        return entry.generation

    async def started_anew(self) -> None:
        """What a start does, to its end."""
        await self.studio.recover()
        await asyncio.gather(*self.studio._restart._later)

    async def refusal(self, key: str = "sticker") -> PictureError:
        with pytest.raises(PictureError) as caught:
            await ask(self.store, self.studio, key)
        return caught.value


Opened = Callable[..., AbstractAsyncContextManager[Bench]]


@pytest.fixture
def bench(store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch) -> Opened:
    monkeypatch.setattr(_linked, "_PAUSES", (0.01, 0.01))

    @asynccontextmanager
    async def opened(*faults: Rule, **options: object) -> AsyncIterator[Bench]:
        await settle_in(store, photo_bytes)
        with Sandbox(quick=True, faults=faults) as sandbox:
            async with studio_of(store, tmp_path, sandbox.base_url, **options) as studio:
                yield Bench(store=store, folder=tmp_path, sandbox=sandbox, studio=studio)

    return opened


async def test_a_sticker_is_made_kept_and_paid_for_once(bench: Opened) -> None:
    async with bench() as b:
        made = await ask(b.store, b.studio)
        assert await ask(b.store, b.studio) == made and posts(b.sandbox) == 1
        assert (made.engine, made.model, made.operation) == ("memeputer", "memeputer", "edit")
        assert made.quote_micros == made.actual_micros == PRICE == b.sandbox.totals.micros
        row = await b.only()
        assert row.job_id is not None and row.job_id.startswith(f"{b.sandbox.base_url[:-3]}/pictures/")
        assert (row.state, row.posts, row.request_id) == ("done", 1, b.sandbox.log[0].request_id)
        [line] = (await Books(b.store.database).lines()).rows
        assert (line.request_id, line.job_id) == (row.request_id, None), "an operator sees no pictures"


async def test_a_reply_without_a_picture_is_in_doubt_and_stays_where_it_can_be_read(bench: Opened) -> None:
    async with bench(Rule(mode="agent_spec_again", route="agent")) as b:
        assert (await b.refusal()).code == (await b.refusal()).code == "spec_again"
        row = await b.only()
        assert (row.state, row.held_micros, row.job_id, posts(b.sandbox)) == ("unknown", PRICE, None, 1)
        assert row.request_id == b.sandbox.log[0].request_id
        spool = [each for each in (b.folder / "spool").iterdir() if each.name.startswith(row.id)]
        assert any(b"image_sticker" in each.read_bytes() for each in spool)
        await b.studio.recover()
        assert (await b.only()).state == "unknown" and posts(b.sandbox) == 1


@pytest.mark.parametrize("mode", ["status_503", "half_body", "html_200"])
async def test_a_picture_that_did_not_come_is_fetched_later_and_never_made_again(
    bench: Opened, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="coach")
    async with bench(Rule(mode=mode, route="picture", times=3)) as b:
        error = await b.refusal()
        row = await b.only()
        assert (error.code, row.state, row.held_micros) == ("not_fetched", "unknown", PRICE)
        for _ in range(3):
            await b.started_anew()
        assert (await b.only()).state == "done"
        made = await ask(b.store, b.studio)
        assert made.actual_micros == PRICE and posts(b.sandbox) == 1
        steps = await b.studio.ledger.steps(ANA, row.id)
        said = "".join([caplog.text, str(error), error.detail, *(step.detail for step in steps)])
        assert "could not be followed" in said and "/pictures/" not in said, (
            "whoever knows it sees the picture"
        )


async def test_killed_before_the_link_is_followed_it_is_followed_at_the_next_start(
    bench: Opened, store: Store, database_url: str
) -> None:
    async with bench() as b:
        child = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-m",
                "tests.studio._stickers",
                database_url,
                str(b.folder),
                b.sandbox.base_url,
            ),
            cwd=ROOT,
            env={**os.environ, "COACH_KILL_AT": "after_job"},
        )
        assert await child.wait() == -signal.SIGKILL
        left = await b.only()
        assert left.state == "sending" and left.job_id is not None
        assert [each.route.split()[0] for each in b.sandbox.log] == ["POST"], "not followed yet"
        await b.started_anew()
        assert (await b.only()).state == "done"
        made = await ask(b.store, b.studio)
        assert made.generation_id == left.id and posts(b.sandbox) == 1
        assert made.actual_micros == b.sandbox.totals.micros == PRICE


async def test_two_services_in_one_ledger_add_up_to_what_both_charged(bench: Opened) -> None:
    budgets = Budgets.of_usd(person=Decimal("0.14"))
    async with bench(budgets=budgets) as b:
        words = PictureRequest(prompt="A lighthouse", previews=0)
        await ask(b.store, b.studio, "one")
        await b.studio.generate(Context(user_id=ANA), words, identity_id="i1", key="other")
        assert (await b.refusal("two")).code == "budget_spent", "it is over both"
        async with b.store.database.read() as connection:
            person = (await standing(connection, ANA, ""))["person"]
        assert (person.held_micros, person.spent_micros) == (0, b.sandbox.totals.micros)
        assert person.spent_micros > PRICE and posts(b.sandbox) == 2


async def test_an_erasure_says_that_the_sticker_stays_at_the_service(bench: Opened) -> None:
    async with bench() as b:
        await ask(b.store, b.studio)
        link = (await b.only()).job_id
        words = PictureRequest(prompt="A lighthouse", previews=0)
        await b.studio.generate(Context(user_id=ANA), words, identity_id="i1", key="other")
        receipt = await b.studio.erase(ANA)
        assert {each.engine for each in receipt.outside} == {"gpt-image", "memeputer"}
        [job] = receipt.jobs
        assert (job.engine, job.end, job.why) == ("memeputer", "kept", "not_deletable")
        assert f"  Job {link}: kept (not_deletable)" in list(sentences(receipt)), (
            "they may ask for it themselves"
        )
        assert "/pictures/" not in nameless(receipt), "that goes to a log"
        assert await b.studio.generations(ANA, "talk") == []
