"""The actions about pictures, on the real studio and the sandbox over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import coach
from coach.sandbox import Sandbox
from tests.actions._pictures import ANN, call, make_ready, reference_coach


@pytest.fixture(scope="module")
def sandbox() -> Any:
    with Sandbox(quick=True) as running:
        yield running


@pytest.fixture
async def reference(store: coach.Store, sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[coach.Coach]:
    async with reference_coach(store, sandbox, tmp_path) as opened:
        yield opened


@pytest.fixture
async def ready(store: coach.Store, photo_bytes: bytes) -> None:
    await make_ready(store, photo_bytes)


async def test_without_a_photo_a_moment_or_consent_nothing_is_sent(
    reference: coach.Coach, store: coach.Store, photo_bytes: bytes, sandbox: Sandbox
) -> None:
    await store.identities.add("ann", "Night-sky guide")
    sent = len(sandbox.log)
    with pytest.raises(coach.Refused, match="no visualization yet"):
        await call(reference, "generate_identity_image", identity_id="i1")
    with pytest.raises(coach.Refused, match="Tell the user in your own words: There is no photo yet"):
        await call(reference, "generate_identity_image", identity_id="i1", prompt="On a hill.")
    await store.photos.add("ann", photo_bytes)
    with pytest.raises(coach.ConsentMissing):
        await call(reference, "generate_identity_image", identity_id="i1", prompt="On a hill.")
    with pytest.raises(coach.Refused, match="no picture yet"):
        await call(reference, "revise_identity_image", identity_id="i1", change="sunrise")
    with pytest.raises(coach.Refused, match="no picture yet"):
        await call(reference, "accept_identity_visualization", identity_id="i1")
    assert len(sandbox.log) == sent


async def test_the_journey_of_a_picture(
    reference: coach.Coach, store: coach.Store, ready: None, sandbox: Sandbox
) -> None:
    events: list[coach.Event] = []

    async def hear(event: coach.Event) -> None:
        events.append(event)

    first = await call(reference, "generate_identity_image", replace(ANN, emit=hear), identity_id="i1")
    assert first.data.handle == "v1"
    assert "http" not in first.say and first.data.version_id not in first.say
    assert [type(event).__name__ for event in events].count("Preview") == 2
    assert (await store.blobs.get(first.data.blob)).startswith(b"\x89PNG")
    assert 0 < first.data.actual_micros <= first.data.quote_micros
    assert (sandbox.log[-1].route, first.data.operation) == ("POST /v1/images/edits", "edit")

    second = await call(
        reference, "revise_identity_image", replace(ANN, call_id="2"), identity_id="i1", change="at sunrise"
    )
    versions = await store.versions.list("ann", "i1")
    assert [(row.handle, row.parent_id) for row in versions] == [("v1", None), ("v2", versions[0].id)]
    assert second.data.operation == "compose"
    assert "at sunrise" in versions[1].prompt and "15 to 25 percent" in versions[1].prompt

    for which, expected in ((None, "v2"), ("v1", "v1"), ("v1", "v1")):
        accepted = await call(reference, "accept_identity_visualization", identity_id="i1", version=which)
        assert accepted.data.handle == expected
    identity = await store.identities.get("ann", "i1")
    assert (identity.stage, identity.accepted_version_id) == ("visualized", versions[0].id)
    assert len(await store.versions.list("ann", "i1")) == 2


async def test_the_same_call_is_one_picture_and_one_post(
    reference: coach.Coach, store: coach.Store, ready: None, sandbox: Sandbox
) -> None:
    sent = len(sandbox.log)
    one, two = [await call(reference, "generate_identity_image", identity_id="i1") for _ in range(2)]
    assert one.data.version_id == two.data.version_id
    assert len(sandbox.log) == sent + 1


async def test_nobody_gets_at_anothers_identity_photo_or_picture(
    reference: coach.Coach, store: coach.Store, ready: None, sandbox: Sandbox, other_photo_bytes: bytes
) -> None:
    made = await call(reference, "generate_identity_image", identity_id="i1")
    await store.consents.give("bob", statement="yes")
    await store.photos.add("bob", other_photo_bytes)
    await store.identities.add("bob", "Sailor")
    await store.identities.update("bob", "i1", visualization="At sea.")
    bob = replace(ANN, user_id="bob", call_id="b")
    sent = len(sandbox.log)
    hers = await store.identities.get("ann", "i1")
    for name, given in {
        "generate_identity_image": {"prompt": "x"},
        "revise_identity_image": {"change": "x"},
        "accept_identity_visualization": {},
        "show_identity_versions": {},
        "compare_identity_images": {},
    }.items():
        with pytest.raises(coach.NotFound):
            await call(reference, name, bob, identity_id=hers.id, **given)
    for ref in (made.data.version_id, "v1", "v99"):
        with pytest.raises((coach.NotFound, coach.Refused)):
            await call(reference, "revise_identity_image", bob, identity_id="i1", change="x", version=ref)
        with pytest.raises((coach.NotFound, coach.Refused)):
            await call(reference, "accept_identity_visualization", bob, identity_id="i1", version=ref)
    assert len(sandbox.log) == sent
    assert (await store.identities.get("ann", "i1")).accepted_version_id is None
