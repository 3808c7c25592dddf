"""The pictures of a person on FLUX: by the setting of the model, with what each model has room for."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

import coach
from coach.fetch import Fetcher
from coach.sandbox import Sandbox
from coach.studio import RunPodEngine, Spool, Studio
from tests.actions._pictures import ANN, call, make_ready, on_studio

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])


@pytest.fixture(scope="module")
def sandbox() -> Any:
    with Sandbox(quick=True) as running:
        yield running


@asynccontextmanager
async def on_flux(
    store: coach.Store, sandbox: Sandbox, folder: Path, model: str, usd: str | None
) -> AsyncIterator[coach.Coach]:
    """The reference coach with this model, and a price of its workers."""
    settings = sandbox.settings
    engine = RunPodEngine(
        key="a-key",
        endpoints={
            "flux-dev": settings["runpod_server_100_id"],
            "flux-kontext": settings["runpod_server_kontext_id"],
        },
        fetcher=Fetcher(),
        usd=None if usd is None else Decimal(usd),
        url=settings["runpod_base_url"],
        poll=0.02,
        trust_env=False,
    )
    studio = Studio(store=store, engine=engine, spool=Spool(folder / "spool"), model=model)
    yield on_studio(store, studio)
    await studio.close()


def mirrored(photo: bytes) -> bytes:
    """Another photo of the same person."""
    file = io.BytesIO()
    with Image.open(io.BytesIO(photo)) as picture:
        ImageOps.mirror(picture).save(file, "JPEG")
    return file.getvalue()


def nodes_of(sandbox: Sandbox) -> list[str]:
    """The classes of the nodes of the last workflow that arrived."""
    [*_, last] = [received for received in sandbox.log if received.route.endswith("/run")]
    return sorted(node["class_type"] for node in last.params["workflow"].values())


async def test_a_face_is_kept_by_the_reference_workflow(
    store: coach.Store, sandbox: Sandbox, tmp_path: Path, photo_bytes: bytes
) -> None:
    await make_ready(store, photo_bytes)
    await store.photos.add("ann", mirrored(photo_bytes))
    async with on_flux(store, sandbox, tmp_path, "flux-kontext", None) as reference:
        made = await call(reference, "generate_identity_image", identity_id="i1")
    assert (made.data.model, made.data.operation) == ("flux-kontext", "compose")
    assert nodes_of(sandbox).count("ReferenceLatent") == nodes_of(sandbox).count("LoadImage") == 2
    assert not any("face" in each for each in made.data.repairs)


async def test_without_its_price_the_picture_is_changed_and_the_likeness_is_said_to_be_weak(
    store: coach.Store, sandbox: Sandbox, tmp_path: Path, photo_bytes: bytes
) -> None:
    await make_ready(store, photo_bytes)
    await store.photos.add("ann", mirrored(photo_bytes))
    async with on_flux(store, sandbox, tmp_path, "flux-dev", None) as reference:
        made = await call(reference, "generate_identity_image", identity_id="i1")
        assert (made.data.model, made.data.operation) == ("flux-dev", "edit")
        assert "flux-dev cannot be told to keep a face; the likeness may be weak." in made.data.repairs
        assert "ReferenceLatent" not in nodes_of(sandbox)
        again = coach.Context(user_id="ann", conversation_id="c1", call_id="2")
        revised = await call(reference, "revise_identity_image", again, identity_id="i1", change="at sunrise")
        assert (revised.data.handle, revised.data.operation) == ("v2", "edit")


async def test_with_its_price_the_reference_workflow_stands_in_and_that_is_said(
    store: coach.Store, sandbox: Sandbox, tmp_path: Path, photo_bytes: bytes
) -> None:
    await make_ready(store, photo_bytes)
    async with on_flux(store, sandbox, tmp_path, "flux-dev", "0.00044") as reference:
        made = await call(reference, "generate_identity_image", ANN, identity_id="i1")
    assert made.data.model == "flux-kontext"
    assert made.data.repairs[0] == "flux-dev cannot be told to keep a face; flux-kontext is used instead."
    assert 0 < made.data.actual_micros <= made.data.quote_micros
