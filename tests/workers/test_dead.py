"""What becomes of a picture whose worker died with its machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from coach.errors import PictureError
from coach.sandbox import Sandbox
from coach.store import Store
from coach.studio import Studio
from coach.studio.books import Books
from coach.studio.recovery import OUT_OF_SIGHT
from coach.workers.state import read_state
from tests.conftest import new_database
from tests.workers._dying import LOST, world_of
from tests.workers._world import ANN, PROMPT, World, ask

pytestmark = pytest.mark.usefixtures("quick")

STEPS = ("after_reserved", "after_spool_rename", "after_spool_rename@here", "after_job")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(quick=True) as running:
        yield running


@pytest.fixture(scope="module")
def worlds(
    postgres: str, migrated_postgres: str, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, World]]:
    """By the step at which a machine was lost in it."""
    folder = tmp_path_factory.mktemp("lost")
    with ExitStack() as stack:
        databases = {
            step: stack.enter_context(new_database(postgres, template=migrated_postgres)) for step in STEPS
        }
        lost = [f"{step}={url}" for step, url in databases.items()]
        dying = [sys.executable, "-m", "tests.workers._dying", str(folder), sandbox.base_url, *lost]
        subprocess.run(dying, check=True, timeout=120)
        yield {step: world_of(folder, sandbox.base_url, step, url) for step, url in databases.items()}


def posts(sandbox: Sandbox) -> int:
    return sum(entry.route.startswith("POST") for entry in sandbox.log)


async def states(store: Store, studio: Studio) -> list[str]:
    """How everything ended that was asked for, when nothing waits and the books are right."""
    assert (await read_state(store.database)).orders == []
    assert await Books(store.database).differences() == []
    return [entry.generation.state for entry in await studio.generations(ANN, PROMPT)]


async def test_what_was_not_sent_is_made_elsewhere_once(worlds: dict[str, World], sandbox: Sandbox) -> None:
    world, before = worlds["after_reserved"], posts(sandbox)
    async with world.web() as (store, studio), world.worker("another"):
        made = await ask(studio)
        assert len(made.versions) == 1
        assert posts(sandbox) == before + 1
        assert await states(store, studio) == ["failed", "done"]


async def test_what_was_sent_is_in_doubt_elsewhere_until_its_machine_is_back(
    worlds: dict[str, World], sandbox: Sandbox
) -> None:
    world, before = worlds["after_spool_rename"], posts(sandbox)
    async with world.web() as (store, studio):
        async with world.worker("another"):
            with pytest.raises(PictureError) as caught:
                await ask(studio)
            assert (caught.value.code, caught.value.paid) == (OUT_OF_SIGHT, "unknown")
            assert await states(store, studio) == ["unknown"]
        async with world.worker(LOST):
            assert await states(store, studio) == ["done"]
            assert len((await ask(studio)).versions) == 1
    assert posts(sandbox) == before


async def test_what_came_is_kept_by_another_worker_of_the_same_machine(
    worlds: dict[str, World], sandbox: Sandbox
) -> None:
    world, before = worlds["after_spool_rename@here"], posts(sandbox)
    async with world.web() as (store, studio), world.worker(LOST):
        assert len((await ask(studio)).versions) == 1
        assert await states(store, studio) == ["done"]
    assert posts(sandbox) == before


async def test_a_job_at_the_service_is_fetched_by_a_worker_elsewhere(
    worlds: dict[str, World], sandbox: Sandbox
) -> None:
    world, before = worlds["after_job"], posts(sandbox)
    async with world.web() as (store, studio), world.worker("another"):
        assert len((await ask(studio)).versions) == 1
        assert await states(store, studio) == ["done"]
    assert posts(sandbox) == before
