"""Revising, going back, looking again, draft and final: on the real studio, with pictures of labels only."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import coach
from coach.errors import PictureError
from coach.faces import face_model
from coach.sandbox import Sandbox
from tests.actions._pictures import ANN, call, make_ready, reference_coach
from tests.studio._drawn import holed


@pytest.fixture(scope="module")
def sandbox() -> Any:
    with Sandbox(quick=True) as running:
        yield running


@pytest.fixture
async def ready(store: coach.Store, photo_bytes: bytes) -> None:
    await make_ready(store, photo_bytes)


@pytest.fixture
async def reference(
    store: coach.Store, sandbox: Sandbox, tmp_path: Path, ready: None
) -> AsyncIterator[coach.Coach]:
    async with reference_coach(store, sandbox, tmp_path) as opened:
        yield opened


def turn(number: int) -> coach.Context:
    return replace(ANN, call_id=f"call {number}")


async def revise(reference: coach.Coach, number: int, change: str, **given: Any) -> Any:
    ctx = turn(number)
    return await call(reference, "revise_identity_image", ctx, identity_id="i1", change=change, **given)


async def test_a_long_chain_of_changes_never_gets_far_from_the_photos(
    reference: coach.Coach, store: coach.Store, sandbox: Sandbox, other_photo_bytes: bytes
) -> None:
    await store.photos.add("ann", other_photo_bytes)
    photos = [photo.id for photo in await store.photos.list("ann")]
    await call(reference, "generate_identity_image", identity_id="i1", prompt="On a pier in fog.")
    # What the moment is now is not what this line of pictures began with.
    await store.identities.update("ann", "i1", visualization="In a library.")
    wishes = ["at sunrise", "with a scarf", "a dog beside me", "smiling", "no scarf"]
    made = [await revise(reference, number, wish) for number, wish in enumerate(wishes)]
    assert [each.data.afresh for each in made] == [False, False, False, True, False]
    assert ["drawn anew" in each.say for each in made] == [False, False, False, True, False]

    nodes = await store.versions.tree("ann", "i1")
    assert [(node.handle, node.parent, node.depth) for node in nodes] == [
        ("v1", None, 0),
        ("v2", "v1", 1),
        ("v3", "v2", 2),
        ("v4", "v3", 3),
        ("v5", "v4", 0),
        ("v6", "v5", 1),
    ]
    assert [node.made.wish for node in nodes] == ["On a pier in fog.", *wishes]
    for node, parent in zip(nodes[1:], nodes, strict=False):
        kinds = [one["kind"] for one in node.made.references]
        assert [one["id"] for one in node.made.references if one["kind"] == "photo"] == photos
        assert kinds[:1] == (["photo"] if node.depth == 0 else ["version"])
        assert node.depth == 0 or node.made.references[0]["id"] == parent.version.id
        assert "On a pier in fog." in node.version.prompt and "library" not in node.version.prompt
        assert "the 2 reference photos" in node.version.prompt
    afresh = nodes[4].version.prompt
    assert "Change the first picture" not in afresh
    places = [afresh.index(wish) for wish in wishes[:4]]
    assert places == sorted(places) and "the later one counts" in afresh
    later = nodes[5].version.prompt
    assert "Change the first picture" in later and all(wish in later for wish in wishes)


async def test_wishes_that_become_longer_when_they_are_quoted_still_fit(
    reference: coach.Coach, store: coach.Store
) -> None:
    await call(reference, "generate_identity_image", identity_id="i1", prompt="<" * 4000)
    for number in range(3):
        made = await revise(reference, number, "<" * 1490 + f"wish {number}")
    assert made.data.handle == "v4" and "the oldest were left out: 1." in made.say
    assert made.data.repairs[-1] in made.say
    prompt = (await store.versions.get("ann", "i1", "v4")).prompt
    assert "wish 0" not in prompt and "wish 1" in prompt and "wish 2" in prompt


async def test_an_earlier_picture_is_changed_in_a_branch_and_can_be_accepted_after_all(
    reference: coach.Coach, store: coach.Store
) -> None:
    await call(reference, "generate_identity_image", identity_id="i1")
    await revise(reference, 2, "at sunrise")
    branch = await revise(reference, 3, "in snow", version="v1")
    on = await revise(reference, 4, "more snow", version="v1a")
    assert (branch.data.handle, on.data.handle) == ("v1a", "v1b")
    assert "sunrise" not in (await store.versions.get("ann", "i1", "v1b")).prompt
    for which in ("v2", "v1b", "v1"):
        accepted = await call(reference, "accept_identity_visualization", identity_id="i1", version=which)
        assert accepted.data.handle == which
    assert [node.handle for node in await store.versions.tree("ann", "i1") if node.version.accepted_at] == [
        "v1"
    ]
    with pytest.raises(coach.NotFound):
        await revise(reference, 5, "in rain", version="v7")


async def test_what_was_made_can_be_looked_at_again_and_side_by_side_for_nothing(
    reference: coach.Coach, store: coach.Store, sandbox: Sandbox
) -> None:
    for name in ("show_identity_versions", "compare_identity_images"):
        with pytest.raises(coach.Conflict, match="no picture yet"):
            await call(reference, name, identity_id="i1")
    first = await call(reference, "generate_identity_image", identity_id="i1")
    second = replace(ANN, call_id="2")
    await call(reference, "revise_identity_image", second, identity_id="i1", change="at sunrise")
    third = replace(ANN, call_id="3")
    await call(reference, "revise_identity_image", third, identity_id="i1", change="snow", version="v1")
    sent = len(sandbox.log)

    again = await call(reference, "show_identity_versions", identity_id="i1", version="v1")
    every = await call(reference, "show_identity_versions", identity_id="i1")
    some = await call(reference, "compare_identity_images", identity_id="i1", versions=["v1", "v1a"])

    assert (again.data.title, again.data.blob) == ("v1", first.data.blob)
    assert (every.data.handles, some.data.handles) == (("v1", "v2", "v1a"), ("v1", "v1a"))
    assert "their photo, v1, v1a." in some.say
    for sheet in (every, some):
        assert (await store.blobs.get(sheet.data.blob)).startswith(b"\xff\xd8")
        assert "derived" not in sheet.say
    assert len(sandbox.log) == sent and len(await store.versions.list("ann", "i1")) == 3


async def test_what_is_measured_is_said_and_given_to_the_application(
    reference: coach.Coach,
) -> None:
    made = await call(reference, "generate_identity_image", identity_id="i1")
    assert made.data.likeness == "not measured" and made.data.likeness_why and not made.data.second_try
    assert "Likeness was not measured." in made.say
    assert "looks like" not in made.say


async def test_a_photo_that_does_not_serve_costs_nothing_unless_they_want_it_all_the_same(
    store: coach.Store, sandbox: Sandbox, tmp_path: Path, ready: None
) -> None:
    nobody = io.BytesIO()
    Image.effect_noise((400, 400), 60).convert("RGB").save(nobody, "PNG")
    [photo] = await store.photos.list("ann")
    await store.photos.remove("ann", photo.id)
    await store.photos.add("ann", nobody.getvalue())
    async with reference_coach(store, sandbox, tmp_path, faces=face_model()) as reference:
        sent = len(sandbox.log)
        with pytest.raises(coach.Refused, match="own words: I cannot find a face in this photo"):
            await call(reference, "generate_identity_image", identity_id="i1")
        assert len(sandbox.log) == sent
        made = await call(reference, "generate_identity_image", turn(2), identity_id="i1", anyway=True)
        assert made.data.handle == "v1" and made.data.likeness == "cannot judge"
        await revise(reference, 3, "at sunrise")


async def test_no_unfinished_picture_is_shown_where_that_is_switched_off(
    store: coach.Store, sandbox: Sandbox, tmp_path: Path, ready: None
) -> None:
    events: list[coach.Event] = []

    async def hear(event: coach.Event) -> None:
        events.append(event)

    async with reference_coach(store, sandbox, tmp_path, previews=0) as reference:
        made = await call(reference, "generate_identity_image", replace(ANN, emit=hear), identity_id="i1")
    assert made.data.handle == "v1" and not any(isinstance(each, coach.Preview) for each in events)


async def test_an_accepted_draft_is_made_in_full_quality_once(
    store: coach.Store, sandbox: Sandbox, tmp_path: Path, ready: None
) -> None:
    async with reference_coach(store, sandbox, tmp_path, grade="draft") as reference:
        await call(reference, "generate_identity_image", identity_id="i1")
        sent = len(sandbox.log)
        for number in (2, 3):
            accepted = await call(
                reference, "accept_identity_visualization", turn(number), identity_id="i1", version="v1"
            )
            assert accepted.data.handle == "v2" and accepted.data.model
            assert "v1 is how the user sees themselves" in accepted.say and "final picture" in accepted.say
        assert len(sandbox.log) == sent + 1
        first, final = await store.versions.tree("ann", "i1")
        assert (final.parent, final.version.accepted_at is not None) == ("v1", True)
        assert first.version.accepted_at is None and final.made.wish is None
        assert "The first picture is a draft." in final.version.prompt
        assert "Keep their face exactly as it is there" in final.version.prompt


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PictureError("rate_limited", paid="unpaid", say="The service is busy."), "The service is busy."),
        (RuntimeError("a secret"), "Something went wrong on our side."),
    ],
)
async def test_the_yes_stays_when_the_final_picture_does_not_come(
    store: coach.Store,
    sandbox: Sandbox,
    tmp_path: Path,
    ready: None,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    said: str,
) -> None:
    async def fail(*args: object, **given: object) -> None:
        raise error

    async with reference_coach(store, sandbox, tmp_path, grade="draft") as reference:
        await call(reference, "generate_identity_image", identity_id="i1")
        monkeypatch.setattr(reference.services["studio"], "finish", fail)
        accepted = await call(reference, "accept_identity_visualization", identity_id="i1")
    assert accepted.data.handle == "v1" and said in accepted.say and "secret" not in accepted.say
    identity = await store.identities.get("ann", "i1")
    assert identity.accepted_version_id == accepted.data.version_id and identity.stage == "visualized"


async def test_what_had_changed_outside_a_marked_part_reaches_the_application(
    reference: coach.Coach, store: coach.Store
) -> None:
    from coach.reference.actions._pictures import first_look

    [photo] = await store.photos.list("ann")
    of = coach.Reference(kind="photo", id=photo.id)
    hole = holed((photo.width, photo.height), (100, 100, 300, 400))
    where = await coach.add_mask(store, "ann", of, hole)
    request = coach.PictureRequest(prompt="With a lamp", references=(of,), mask=where)
    made = await reference.service("studio", coach.Studio).generate(turn(2), request, identity_id="i1")
    judged = made.judgements[made.versions[0].id]
    data = first_look(await store.identities.get("ann", "i1"), made).data
    assert data.outside == judged.outside is not None and data.likeness is None
