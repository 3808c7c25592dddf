"""Pictures of a persona, through the sandbox: paid once, found again, split, and erased with their owner."""

import asyncio
import io
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any
from zipfile import ZipFile

import pytest
from openai import AsyncOpenAI

from coach import Context
from coach.errors import ConsentMissing, GridRefused, InputRefused, PictureError
from coach.faces import face_model
from coach.personas import Persona, PersonaPictures, Step, make_persona, trouble
from coach.personas.make import quote
from coach.personas.tiles import _judged
from coach.sandbox import Sandbox
from coach.sandbox.faults import Rule
from coach.store import Store
from coach.store.export import export
from coach.studio import GptImageEngine, PictureRequest, Reference, Spool, Studio
from coach.studio.provenance import read
from tests._grids import tile
from tests._tree import ROOT

LOGAN = Persona(firstname="Logan", lastname="Fitzroy", gender="m", bio_facebook="I sail.", age=29)
OWNER = Context(user_id="operator")


class Numbered:
    """A writer that counts, and remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[list[str]] = []

    async def write(self, persona: Persona, *, used: Sequence[str] = ()) -> str:
        self.told.append(list(used))
        return f"1. Sea {len(self.told)}. 2. A forest. 3. A stage. 4. A library."


@asynccontextmanager
async def studio(store: Store, folder: Path, sandbox: Sandbox) -> AsyncIterator[Studio]:
    async with AsyncOpenAI(api_key="a-key", base_url=sandbox.base_url, max_retries=0) as client:
        yield Studio(store=store, engine=GptImageEngine(client), spool=Spool(folder))


async def make(here: Studio, store: Store, **options: Any) -> PersonaPictures:
    options = {"writer": Numbered(), **options}
    return await make_persona(options.pop("persona", LOGAN), studio=here, store=store, ctx=OWNER, **options)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_eight_pictures_are_two_grids_of_one_base_and_found_again(store: Store, tmp_path: Path) -> None:
    writer, steps = Numbered(), list[Step]()

    async def tell(step: Step) -> None:
        steps.append(step)

    with Sandbox() as sandbox:
        async with studio(store, tmp_path / "spool", sandbox) as here:
            most = quote(LOGAN, studio=here, images=8)
            four = await make(here, store, writer=writer)
            eight = await make(here, store, writer=writer, images=8, tell=tell)
            same = await make(here, store, writer=writer, images=8)
        assert sandbox.totals.charged == 3 and sandbox.totals.micros == eight.actual_micros
        assert most is not None and eight.actual_micros is not None and eight.actual_micros <= most
    assert same == eight and eight.pictures[:4] == four.pictures and len(eight.pictures) == 8
    assert writer.told == [[], ["1. Sea 1. 2. A forest. 3. A stage. 4. A library."]]
    assert [(step.stage, step.done, step.of) for step in steps if step.stage == "pictures"] == [
        ("pictures", 4, 8),
        ("pictures", 8, 8),
    ]
    grid = eight.grids[0]
    assert grid.parent_id == eight.base.id and {each.parent_id for each in four.pictures} == {grid.id}
    for each in eight.pictures:
        made = read(await store.blobs.get(each.blob))
        assert made.source_type and made.made_from[0] in {one.sha256 for one in eight.grids}
        assert 440 < each.width < 560 and 440 < each.height < 560

    zipped = tmp_path / "all.zip"
    await export(store, "operator", zipped)
    with ZipFile(zipped) as file:
        assert sum(name.startswith("pictures/workshop/") for name in file.namelist()) == 1 + 2 + 8
    async with studio(store, tmp_path / "spool", sandbox) as here:
        await here.erase("operator")
    assert await store.blobs.list() == []


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_what_fails_after_the_base_does_not_pay_for_it_again(store: Store, tmp_path: Path) -> None:
    fails = [Rule(mode="status_429_quota", route="edits", times=1)]
    with Sandbox(faults=fails) as sandbox:
        async with studio(store, tmp_path, sandbox) as here:
            with pytest.raises(PictureError) as failed:
                await make(here, store)
            assert trouble(failed.value) == "quota" and sandbox.totals.charged == 1
            await make(here, store)
        assert sandbox.totals.charged == 2


async def test_a_process_that_is_killed_after_the_base_has_paid_for_it_once(
    store: Store, database_url: str, tmp_path: Path
) -> None:
    with Sandbox() as sandbox:
        command = [sys.executable, "-m", "tests.personas._killed", sandbox.base_url, database_url, tmp_path]
        killed = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
        assert await killed.wait() == -signal.SIGKILL and sandbox.totals.charged == 1
        async with studio(store, tmp_path / "spool", sandbox) as here:
            await here.recover()
            made = await make(here, store)
        assert sandbox.totals.charged == 2 and sandbox.totals.micros == made.actual_micros


async def test_two_at_once_pay_once(store: Store, tmp_path: Path) -> None:
    with Sandbox() as sandbox:
        async with studio(store, tmp_path, sandbox) as here:
            one, other = await asyncio.gather(make(here, store), make(here, store))
        assert one == other and sandbox.totals.charged == 2


async def test_tiles_are_compared_with_the_base(photo_bytes: bytes) -> None:
    size, file = (400, 400), io.BytesIO()
    tile(Random(1), size).save(file, "PNG")
    alike, nobody = await _judged(face_model(), photo_bytes, [photo_bytes, file.getvalue()])
    assert alike is not None and alike.likeness == "strong" and alike.photo_id is None
    assert nobody is not None and nobody.likeness == "cannot judge"


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_a_grid_that_is_none_is_refused_and_another_one_made_only_when_that_is_wanted(
    store: Store, tmp_path: Path
) -> None:
    with Sandbox(quick=True) as sandbox:
        async with studio(store, tmp_path, sandbox) as here:
            for _ in range(2):
                with pytest.raises(GridRefused) as refused:
                    await make(here, store)
                assert trouble(refused.value) == "grid" and refused.value.tiles == (1, 2, 3, 4)
                assert sandbox.totals.charged == 2
            with pytest.raises(GridRefused):
                await make(here, store, again=True)
            assert sandbox.totals.charged == 3


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_the_take_that_can_be_split_is_found_again_without_a_word(store: Store, tmp_path: Path) -> None:
    with Sandbox(quick=True) as sandbox:
        async with studio(store, tmp_path, sandbox) as here:
            with pytest.raises(GridRefused):
                await make(here, store)
    with Sandbox() as sandbox:
        async with studio(store, tmp_path, sandbox) as here:
            made = await make(here, store, again=True)
            assert await make(here, store) == made and sandbox.totals.charged == 1


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_nobody_has_to_agree_to_what_was_made_of_words_but_to_all_else(
    store: Store, tmp_path: Path
) -> None:
    with Sandbox() as sandbox:
        async with studio(store, tmp_path, sandbox) as here:
            made = await make(here, store)
            tile = Reference(kind="version", id=made.pictures[0].id)
            with pytest.raises(ConsentMissing):
                await here.generate(
                    OWNER,
                    PictureRequest(prompt="Another hat", references=(tile,)),
                    identity_id=made.base.identity_id,
                )


@pytest.mark.parametrize("images", [0, 3, 6, 44])
async def test_so_many_pictures_cannot_be_made(images: int) -> None:
    with pytest.raises(InputRefused, match="multiple of 4"):
        await make_persona(LOGAN, studio=None, store=None, ctx=OWNER, writer=Numbered(), images=images)  # type: ignore[arg-type]
