"""A picture as a job of the Responses API, on the real sandbox: asked for once, found again after a crash."""

import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI

from coach import Context
from coach.errors import InputRefused, PictureError
from coach.sandbox import BLOCKED_INPUT, Sandbox
from coach.store import Store
from coach.studio import Capabilities, Generated, PictureRequest, Reference, Spool, Studio
from coach.studio.engines import Answer, Begun, ImagePart, Order
from coach.studio.engines.openai_background import OpenAIBackgroundEngine
from coach.studio.planner import Plan
from coach.studio.price import actual, quote
from tests.studio._service import USAGE, ignore
from tests.studio._service import store as write

TODAY = date(2026, 11, 20)
TABLE = Capabilities.load().called_by("gpt-5.6-luna")
MODEL = TABLE.model(TABLE.default)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(today=TODAY, quick=True) as running:
        yield running


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=sandbox.base_url, api_key="k") as opened:
        yield opened


@pytest.fixture
def engine(client: AsyncOpenAI) -> OpenAIBackgroundEngine:
    return OpenAIBackgroundEngine(client, poll=0.02)


def plan_for(prompt: str, *images: ImagePart) -> Plan:
    """The plan of a draft that keeps the faces in the pictures given along."""
    given = tuple(Reference(kind="photo", id=image.name) for image in images)
    asked = PictureRequest(prompt=prompt, references=given, keep_face=bool(given), grade="draft", previews=0)
    return TABLE.plan(asked, MODEL.name, TODAY)


def order(prompt: str, *images: ImagePart, mask: ImagePart | None = None) -> Order:
    """What the studio sends for such a request."""
    plan = plan_for(prompt, *images)
    params = {**plan.params, "safety_identifier": "0" * 64}
    return Order(
        operation=plan.operation, model=plan.model, prompt=prompt, params=params, images=images, mask=mask
    )


async def keep(answer: Answer, body: Path) -> Path:
    """Write an answer down."""
    return write(body, b"".join([chunk async for chunk in answer.chunks()]))


def jobs(sandbox: Sandbox) -> list[Any]:
    """What was posted."""
    return [entry for entry in sandbox.log if entry.route == "POST /v1/responses"]


async def test_a_photo_becomes_a_picture_whose_price_is_the_services_own(
    engine: OpenAIBackgroundEngine, sandbox: Sandbox, photo_bytes: bytes, tmp_path: Path
) -> None:
    known: list[str] = []
    photos = [ImagePart(name=f"photo-{n}.jpg", data=photo_bytes, media_type="image/jpeg") for n in (1, 2)]

    async def begun(job_id: str) -> None:
        known.append(job_id)
        assert not [entry for entry in sandbox.log if job_id in entry.route], (
            "written down before it is looked at"
        )

    async with engine.send(order("by the sea", *photos), begun=begun) as answer:
        body = await keep(answer, tmp_path / "a.body")
    received = engine.read(body, answer.media_type, tmp_path / "a.picture")
    [found] = received.pictures
    assert found.path.read_bytes()[:2] == b"\xff\xd8", "the draft is a JPEG"
    posted = jobs(sandbox)[-1]
    assert answer.request_id == posted.request_id and len(known) == 1
    assert len(posted.images) == 2 and posted.params["quality"] == "low"
    cost, quoted = actual(MODEL, received.usage), quote(plan_for("by the sea", *photos), MODEL)
    assert cost and quoted.micros and cost.micros == posted.micros <= quoted.micros


async def test_a_mask_says_what_may_change(
    engine: OpenAIBackgroundEngine, sandbox: Sandbox, photo_bytes: bytes, tmp_path: Path
) -> None:
    photo = ImagePart(name="photo-1.jpg", data=photo_bytes, media_type="image/jpeg")
    mask = ImagePart(name="mask.png", data=b"no PNG", media_type="image/png")
    with pytest.raises(PictureError) as caught:
        async with engine.send(order("by the sea", photo, mask=mask), begun=ignore):
            pass
    assert (caught.value.code, caught.value.paid) == ("invalid_image", "unpaid"), (
        "it went along, and was looked at"
    )


async def test_after_a_crash_the_same_picture_is_fetched_and_nothing_is_charged_again(
    engine: OpenAIBackgroundEngine, client: AsyncOpenAI, sandbox: Sandbox, tmp_path: Path
) -> None:
    class Crash(Exception):
        pass

    known: list[str] = []

    async def begun(job_id: str) -> None:
        known.append(job_id)
        raise Crash

    before = len(jobs(sandbox))
    with pytest.raises(Crash):
        async with engine.send(order("a lighthouse"), begun=begun):
            pass
    pictures = []
    for name in ("first", "second"):
        again = OpenAIBackgroundEngine(client, poll=0.02)
        async with again.resume(known[0]) as answer:
            body = await keep(answer, tmp_path / name)
        pictures.append(
            again.read(body, answer.media_type, tmp_path / f"{name}.picture").pictures[0].path.read_bytes()
        )
    assert pictures[0] == pictures[1]
    answered = await client.responses.retrieve(known[0])
    [item] = answered.output
    assert item.type == "image_generation_call" and item.result == base64.b64encode(pictures[0]).decode()
    assert len(jobs(sandbox)) == before + 1


async def test_a_job_that_is_gone_leaves_its_price_in_doubt(engine: OpenAIBackgroundEngine) -> None:
    with pytest.raises(PictureError) as caught:
        async with engine.resume("resp_long_ago"):
            pass
    assert (caught.value.code, caught.value.paid) == ("interrupted", "unknown")
    assert "resp_long_ago is no longer there" in caught.value.detail


async def test_a_refused_picture_names_the_refusal_and_was_charged_for_its_words(
    engine: OpenAIBackgroundEngine, tmp_path: Path
) -> None:
    async with engine.send(order(BLOCKED_INPUT), begun=ignore) as answer:
        body = await keep(answer, tmp_path / "a.body")
    with pytest.raises(PictureError) as caught:
        engine.read(body, answer.media_type, tmp_path / "a.picture")
    assert (caught.value.code, caught.value.paid) == ("moderation_blocked", "paid")


@pytest.mark.parametrize("more", [{"n": 2}, {"stream": True, "partial_images": 2}])
async def test_what_a_job_cannot_do_is_not_sent(
    engine: OpenAIBackgroundEngine, sandbox: Sandbox, more: dict[str, Any]
) -> None:
    before, asked = len(sandbox.log), order("a hill")
    wanted = Order(operation="generate", model=asked.model, prompt="a hill", params={**asked.params, **more})
    with pytest.raises(PictureError) as caught:
        async with engine.send(wanted, begun=ignore):
            pass
    assert (caught.value.code, caught.value.paid) == ("invalid_request", "unpaid")
    assert len(sandbox.log) == before


def test_the_planner_says_what_a_job_cannot_do_and_quotes_both_models() -> None:
    plain = Capabilities.load()
    request = PictureRequest(prompt="a hill", previews=2)
    plan = TABLE.plan(request, MODEL.name, TODAY)
    assert "stream" not in plan.params and any("No previews" in repair for repair in plan.repairs)
    with pytest.raises(InputRefused, match="makes 1 to 1 pictures"):
        TABLE.plan(PictureRequest(prompt="a hill", count=2), MODEL.name, TODAY)
    both, alone = quote(plan, MODEL), quote(plan, plain.model(MODEL.name))
    assert both.micros and alone.micros and both.micros > alone.micros
    assert [part.what for part in both.parts][-2:] == ["text model reads", "text model writes"]


def test_a_text_model_of_unknown_price_makes_the_quote_unknown() -> None:
    model = Capabilities.load().called_by("gpt-of-tomorrow").model(TABLE.default)
    plan = TABLE.plan(PictureRequest(prompt="a hill"), model.name, TODAY)
    assert quote(plan, model).micros is None
    counted = {**USAGE, "caller": {"input_tokens": 1, "output_tokens": 1}}
    alone = Capabilities.load().model(TABLE.default)
    assert actual(MODEL, counted) and not actual(model, counted)
    assert not actual(alone, counted), "what the text model cost is not left out"
    assert not actual(MODEL, USAGE), "nor taken for nothing"


class Dying(OpenAIBackgroundEngine):
    """One whose process loses its network as soon as the id of the job is written down."""

    @asynccontextmanager
    async def send(self, order: Order, *, begun: Begun) -> AsyncIterator[Answer]:
        async def last(job_id: str) -> None:
            await begun(job_id)
            raise ConnectionError

        async with super().send(order, begun=last) as answer:
            yield answer


async def test_the_studio_fetches_what_it_lost_and_its_ledger_says_what_it_cost(
    store: Store, sandbox: Sandbox, client: AsyncOpenAI, engine: OpenAIBackgroundEngine, tmp_path: Path
) -> None:
    await store.people.ensure("ana")
    await store.identities.add("ana", "Night-sky guide")
    before = len(jobs(sandbox))

    async def generate(engine: OpenAIBackgroundEngine) -> Generated:
        table = engine.offers(Capabilities.load())
        studio = Studio(store=store, engine=engine, spool=Spool(tmp_path / "spool"), capabilities=table)
        request = PictureRequest(prompt="a lighthouse", grade="draft", previews=0)
        return await studio.generate(Context(user_id="ana"), request, identity_id="i1", key="one")

    with pytest.raises(PictureError) as caught:
        await generate(Dying(client))
    assert (caught.value.code, caught.value.paid) == ("interrupted", "unknown")
    made = await generate(engine)
    [posted] = jobs(sandbox)[before:]
    assert len(made.versions) == 1 and made.actual_micros == posted.micros
    assert made.quote_micros and posted.micros <= made.quote_micros
