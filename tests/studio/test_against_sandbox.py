"""The studio and the sandbox, written apart from the same sources: what one sends, the other takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import AsyncOpenAI

from coach import Context
from coach.errors import InputRefused, PictureError
from coach.sandbox import BLOCKED_INPUT, BLOCKED_OUTPUT, Sandbox
from coach.sandbox.rules import check
from coach.sandbox.usage import measure
from coach.store import Store
from coach.studio import Generated, GptImageEngine, PictureRequest, Reference, Spool, Studio
from coach.studio.price import actual, quote
from tests.studio.test_planner import LIVING, REQUESTS, TABLE, TODAY


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(today=date(2026, 11, 20)) as running:
        yield running


@given(request=REQUESTS, name=st.sampled_from(LIVING))
def test_every_plan_is_taken_and_costs_no_more_than_quoted(request: PictureRequest, name: str) -> None:
    try:
        plan = TABLE.plan(request, name, TODAY)
    except InputRefused:
        return
    params = {"prompt": plan.prompt, **plan.params, "safety_identifier": "0" * 64}
    rules = check("edits" if request.references else "generations", params, today=TODAY)
    width, height = map(int, plan.params["size"].split("x"))
    usage = measure(
        rules,
        prompt=plan.prompt,
        images=[(2048, 2048)] * plan.given,
        size=(width, height),
        quality=plan.params["quality"],
        n=plan.params["n"],
        partials=plan.params.get("partial_images", 0),
        fidelity=plan.params.get("input_fidelity", "low"),
    )
    model = TABLE.model(plan.model)
    quoted, cost = quote(plan, model).micros, actual(model, usage.body(details=True))
    assert quoted is None or (cost is not None and cost.micros <= quoted)
    assert cost is None or cost.micros == usage.micros(rules)


@dataclass(frozen=True, kw_only=True)
class Talk:
    """Ana's studio on the sandbox."""

    studio: Studio
    photo: Reference

    async def generate(self, prompt: str, *, call: str = "call_1", **wanted: Any) -> Generated:
        ctx = Context(user_id="ana", conversation_id="talk", call_id=call)
        request = PictureRequest.model_validate({"prompt": prompt, "references": [self.photo], **wanted})
        return await self.studio.generate(ctx, request, identity_id="i1")

    async def refusal(self, prompt: str, **wanted: Any) -> PictureError:
        with pytest.raises(PictureError) as caught:
            await self.generate(prompt, **wanted)
        return caught.value


async def talk(store: Store, folder: Path, photo: bytes, client: AsyncOpenAI) -> Talk:
    await store.people.ensure("ana")
    await store.consents.give("ana", statement="yes")
    await store.identities.add("ana", "Night-sky guide")
    kept = await store.photos.add("ana", photo)
    studio = Studio(store=store, engine=GptImageEngine(client), spool=Spool(folder / "spool"))
    return Talk(studio=studio, photo=Reference(kind="photo", id=kept.id))


async def test_a_picture_and_a_change_of_it(
    store: Store, tmp_path: Path, photo_bytes: bytes, sandbox: Sandbox
) -> None:
    before = len(sandbox.log)
    async with AsyncOpenAI(api_key=sandbox.api_key, base_url=sandbox.base_url) as client:
        ana = await talk(store, tmp_path, photo_bytes, client)
        await ana.generate("As a night-sky guide, waist-up", keep_face=True)
        first = await store.versions.get("ana", "i1", "v1")
        again = Reference(kind="version", id=first.id)
        await ana.generate("Warmer light", call="call_2", references=[again], previews=0, grade="draft")
    versions = await store.versions.list("ana", "i1")
    assert [(v.handle, v.width, v.height, v.media_type) for v in versions] == [
        ("v1", 1024, 1536, "image/png"),
        ("v2", 1024, 1536, "image/jpeg"),
    ]
    entries = await ana.studio.generations("ana", "talk")
    paid = [entry.generation.actual_micros for entry in entries]
    assert paid == [received.micros for received in sandbox.log[before:]], "both count the same money"
    assert [entry.generation.request_id for entry in entries] == [r.request_id for r in sandbox.log[before:]]


async def test_what_the_sandbox_refuses_costs_nothing(
    store: Store, tmp_path: Path, photo_bytes: bytes, sandbox: Sandbox
) -> None:
    async with AsyncOpenAI(api_key=sandbox.api_key, base_url=sandbox.base_url) as client:
        ana = await talk(store, tmp_path, photo_bytes, client)
        for call, word in enumerate([BLOCKED_INPUT, BLOCKED_OUTPUT]):
            refused = await ana.refusal(f"A {word}", call=f"call_{call}")
            assert (refused.code, refused.paid) == ("moderation_blocked", "unpaid")
            assert word not in refused.say + refused.detail
    async with AsyncOpenAI(api_key="bad-key", base_url=sandbox.base_url) as client:
        studio = Studio(store=store, engine=GptImageEngine(client), spool=Spool(tmp_path / "spool"))
        refused = await Talk(studio=studio, photo=ana.photo).refusal("A guide", call="call_9")
        assert (refused.code, refused.paid) == ("bad_key", "unpaid")
