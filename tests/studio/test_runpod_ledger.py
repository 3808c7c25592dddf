"""FLUX pictures in the ledger: what they cost, what is left behind, what is taken back meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from coach import Context
from coach.errors import PictureError
from coach.sandbox import Sandbox
from coach.store import Store
from coach.studio import Budgets, Generated, Generation, PictureRequest, Reference, Spool, Studio
from coach.studio.request import FluxOptions
from tests.studio._rented import USD, engine_for, rented
from tests.studio._workshop import ANA

SECOND = 440


@dataclass(kw_only=True)
class Rented:
    """Ana's things, and the sandbox that is asked for FLUX."""

    store: Store
    folder: Path
    sandbox: Sandbox
    photo: str

    def studio(self, **changed: Any) -> Studio:
        """A studio as a fresh process has it."""
        budgets = changed.pop("budgets", None)
        engine = engine_for(self.sandbox, **{"usd": Decimal(USD), "most": 60, **changed})
        spool = Spool(self.folder / "spool")
        return Studio(store=self.store, engine=engine, spool=spool, model="flux-dev", budgets=budgets)

    async def generate(self, studio: Studio, *, photo: bool = False, **changed: Any) -> Generated:
        """A small picture, of Ana's photo or of nobody."""
        given = (Reference(kind="photo", id=self.photo),) if photo else ()
        flux = FluxOptions(width=64, height=96)
        request = PictureRequest(prompt="a hill", references=given, previews=0, flux=flux)
        context = Context(user_id=ANA, conversation_id="talk", turn_id="t", call_id="c")
        return await studio.generate(context, request, identity_id="i1", key="k", **changed)

    async def refusal(self, studio: Studio, **changed: Any) -> PictureError:
        """The error of one that must not succeed."""
        with pytest.raises(PictureError) as caught:
            await self.generate(studio, **changed)
        return caught.value

    async def row(self, studio: Studio) -> Generation:
        """Ana's only line."""
        [entry] = await studio.generations(ANA, "talk")
        return entry.generation

    @property
    def posts(self) -> int:
        """How many jobs were posted."""
        return sum(entry.route.endswith("/run") for entry in self.sandbox.log)

    async def until_looked_at(self) -> None:
        """Wait until a job was looked at."""
        engine = engine_for(self.sandbox)
        while not any("/status/" in entry.route for entry in self.sandbox.log):
            await engine.health("flux-dev")


@asynccontextmanager
async def opened(
    store: Store, folder: Path, photo: bytes, *modes: str, delay: float = 0.0
) -> AsyncIterator[Rented]:
    """Ana, who has agreed, has a photo and an identity; and a sandbox whose first jobs end so."""
    await store.people.ensure(ANA)
    await store.consents.give(ANA, statement="yes")
    await store.identities.add(ANA, "Night-sky guide")
    kept = await store.photos.add(ANA, photo)
    with rented(*modes, delay=delay) as sandbox:
        yield Rented(store=store, folder=folder, sandbox=sandbox, photo=kept.id)


async def test_a_picture_costs_the_time_of_a_worker(store: Store, tmp_path: Path, photo_bytes: bytes) -> None:
    async with opened(store, tmp_path, photo_bytes) as rented_:
        studio = rented_.studio()
        made = await rented_.generate(studio, photo=True)
        row = await rented_.row(studio)
        assert len(made.versions) == 1 and made.actual_micros == SECOND == rented_.sandbox.totals.micros
        assert made.quote_micros == 60 * SECOND
        assert (row.engine, row.state, row.paid) == ("runpod", "done", "paid")
        assert row.job_id and row.job_id.startswith("flux/") and row.params["workflow"]["seed"] >= 0


async def test_what_a_second_costs_may_be_unknown_and_then_no_budget_lets_it_through(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with opened(store, tmp_path, photo_bytes) as rented_:
        refused = await rented_.refusal(rented_.studio(usd=None, budgets=Budgets.of_usd(picture=Decimal(9))))
        assert (refused.code, refused.paid, rented_.posts) == ("over_budget", "unpaid", 0)
        made = await rented_.generate(rented_.studio(usd=None), again=True)
        assert (made.quote_micros, made.actual_micros, rented_.posts) == (None, None, 1)


async def test_a_failed_job_is_booked_at_what_it_worked(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with opened(store, tmp_path, photo_bytes, "job_node_raised") as rented_:
        studio = rented_.studio()
        error = await rented_.refusal(studio)
        row = await rented_.row(studio)
        assert (error.code, row.state, row.paid, row.actual_micros) == (
            *("service_error", "failed", "paid"),
            SECOND,
        )
        made = await rented_.generate(studio, again=True)
        assert len(made.versions) == 1 and rented_.posts == 2
        assert rented_.sandbox.totals.micros == 2 * SECOND


async def test_what_was_not_waited_for_is_fetched_by_asking_again(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with opened(store, tmp_path, photo_bytes, delay=0.5) as rented_:
        error = await rented_.refusal(rented_.studio(seconds=0.2))
        assert (error.code, error.paid) == ("timeout", "unknown")
        studio = rented_.studio()
        assert (await rented_.row(studio)).state == "unknown"
        made = await rented_.generate(studio)
        assert len(made.versions) == 1 and rented_.posts == 1
        assert (await rented_.row(studio)).actual_micros == SECOND


async def test_what_was_left_behind_is_fetched_at_the_next_start(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with opened(store, tmp_path, photo_bytes, "job_uncounted", delay=0.3) as rented_:
        error = await rented_.refusal(rented_.studio(seconds=0.1))
        assert error.paid == "unknown"
        studio = rented_.studio()
        await studio.recover()
        async with asyncio.timeout(10):
            while (row := await rented_.row(studio)).state != "done":
                pass
        # It did not say how long it worked: its cost is not known, and counts as it was quoted.
        assert (row.paid, row.actual_micros, row.spent_micros, rented_.posts) == (
            "paid",
            None,
            60 * SECOND,
            1,
        )
        await studio.close()


async def test_a_job_that_vanished_stays_in_doubt(store: Store, tmp_path: Path, photo_bytes: bytes) -> None:
    async with opened(store, tmp_path, photo_bytes, "job_vanishes") as rented_:
        studio = rented_.studio()
        error = await rented_.refusal(studio)
        assert (error.code, error.paid) == ("interrupted", "unknown")
        again = await rented_.refusal(studio)
        assert (again.code, again.paid, rented_.posts) == ("interrupted", "unknown", 1)


@pytest.mark.parametrize("how", ["revoked", "erased"])
async def test_a_job_is_stopped_when_its_photo_is_taken_back(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr("coach.studio._references.LOOK", 0.02)
    async with opened(store, tmp_path, photo_bytes, "job_works") as rented_:
        studio = rented_.studio()
        work = asyncio.create_task(rented_.refusal(studio, photo=True))
        await rented_.until_looked_at()
        if how == "revoked":
            await store.consents.revoke(ANA)
            error = await work
            row = await rented_.row(studio)
            assert (row.state, row.paid, row.actual_micros) == ("failed", "paid", SECOND)
            assert (error.code, error.paid) == ("cancelled", "paid")
        else:
            receipt = await studio.erase(ANA, patience=10)
            await work
            assert [job.end for job in receipt.jobs] == ["deleted"] and receipt.done
            assert receipt.kept_micros == SECOND
        assert any("/cancel/" in entry.route for entry in rented_.sandbox.log)
        assert rented_.posts == 1
        await studio.close()
