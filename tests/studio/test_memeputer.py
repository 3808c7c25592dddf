"""Memeputer's engine on the real sandbox: one post a step, every shape of a reply, every failure by name."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from coach.errors import PictureError
from coach.sandbox import Sandbox
from coach.sandbox.faults import Rule
from coach.sandbox.memeputer import PRICE
from coach.studio import MemeputerEngine
from coach.studio.engines import ImagePart, Order, Received, _linked
from coach.studio.engines._memeputer_orders import NOW
from tests.studio._service import Reply, picture, says, service
from tests.studio._stickers import SPEC, engine_of, posts

BASE = ImagePart(name="photo-1.png", data=picture(), media_type="image/png")
PARAMS = {"size": "512x512", "n": 1, "safety_identifier": "hash", "spec": SPEC}
ORDER = Order(operation="edit", model="memeputer", prompt=SPEC["prompt"], params=PARAMS, images=(BASE,))
DIRECT = "/api/v1/images/generate"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_linked, "_PAUSES", (0.01, 0.01))


@contextmanager
def sandbox(*faults: Rule, quick: bool = True) -> Iterator[Sandbox]:
    with Sandbox(quick=quick, faults=faults) as running:
        yield running


def agent_says(text: str) -> Reply:
    return says({"data": {"response": text}})


async def made(
    engine: MemeputerEngine, folder: Path, order: Order = ORDER
) -> tuple[Received, list[str], str | None]:
    """What came, the links that were taken down before, and the service's id."""
    links: list[str] = []

    async def begun(job_id: str) -> None:
        links.append(job_id)

    body = folder / "body"
    async with engine.send(order, begun=begun) as answer:
        body.write_bytes(b"".join([piece async for piece in answer.chunks()]))
    return engine.read(body, answer.media_type, folder / "decoded"), links, answer.request_id


async def refusal(engine: MemeputerEngine, folder: Path) -> PictureError:
    with pytest.raises(PictureError) as caught:
        await made(engine, folder)
    return caught.value


@pytest.mark.parametrize("path", [None, DIRECT])
async def test_the_picture_comes_from_the_link_that_was_taken_down(tmp_path: Path, path: str | None) -> None:
    with sandbox(quick=False) as running:
        engine = engine_of(running.base_url, memeputer_direct_path=path)
        received, links, request_id = await made(engine, tmp_path)
        [found] = received.pictures
        with Image.open(found.path) as image:
            assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (512, 512))
            assert image.getpixel((0, 0))[3] == 0
        assert received.usage == {"pictures": 1} and posts(running) == 1
        posted, fetched = running.log
        assert request_id == posted.request_id and links[0].endswith(fetched.route.removeprefix("GET "))


SHAPES = (
    *("agent_fence", "agent_prose", "agent_bare", "agent_image", "agent_url", "agent_plain", "agent_flat"),
    *("agent_list", "agent_data_url", "agent_data_image_url"),
)


@pytest.mark.parametrize(("route", "path"), [("agent", None), ("direct", DIRECT)])
async def test_every_shape_of_a_reply_gives_the_picture(tmp_path: Path, route: str, path: str | None) -> None:
    with sandbox(*(Rule(mode=mode, route=route, times=1) for mode in SHAPES)) as running:
        engine = engine_of(running.base_url, memeputer_direct_path=path)
        for _ in SHAPES:
            received, links, _ = await made(engine, tmp_path)
            assert received.pictures and len(links) == 1
        assert running.totals.faults == dict.fromkeys(SHAPES, 1) and posts(running) == len(SHAPES)


FAILURES = {
    "agent_apology": "apology",
    "agent_not_available": "not_available",
    "agent_error": "not_available",
    "agent_spec_again": "spec_again",
    "agent_needs": "needs_more",
    "agent_chat": "bad_answer",
    "agent_long": "bad_answer",
    "agent_inside": "not_fetched",
    "agent_gone": "not_fetched",
    "html_200": "bad_answer",
    "empty_200": "bad_answer",
    "json_cut": "bad_answer",
    "json_deep": "bad_answer",
    "gzip_bomb": "bad_answer",
    "status_500": "service_error",
    "reset": "connection_lost",
}


async def test_every_failure_has_its_name_and_leaves_the_money_in_doubt(tmp_path: Path) -> None:
    with sandbox(*(Rule(mode=mode, route="agent", times=1) for mode in FAILURES)) as running:
        engine = engine_of(running.base_url)
        for mode, code in FAILURES.items():
            error = await refusal(engine, tmp_path)
            assert (error.code, error.paid) == (code, "unknown"), mode
            assert "169.254" not in error.detail and "pictures/" not in error.detail
        assert posts(running) == len(FAILURES)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"memeputer_api_key": "bad-key"}, "bad_key"),
        ({"memeputer_direct_path": "/v1/nothing"}, "invalid_request"),
        ({"memeputer_direct_path": DIRECT, "memeputer_direct_header": "authorization"}, "bad_key"),
    ],
)
async def test_what_is_refused_before_the_agent_is_asked_costs_nothing(
    tmp_path: Path, changed: dict[str, str], code: str
) -> None:
    with sandbox() as running:
        error = await refusal(engine_of(running.base_url, **changed), tmp_path)
        assert (error.code, error.paid) == (code, "unpaid") and running.totals.micros == 0


async def test_nobody_there_is_nothing_sent(tmp_path: Path) -> None:
    error = await refusal(engine_of("http://127.0.0.1:9/v1"), tmp_path)
    assert (error.code, error.paid) == ("not_sent", "unpaid") and "COACH_MEMEPUTER_URL" in error.detail


async def test_what_is_asked_is_what_the_guide_says(tmp_path: Path) -> None:
    with sandbox() as running:
        await made(engine_of(running.base_url), tmp_path)
        sent = running.log[0].params
        assert sent["message"].startswith("IMPORTANT: Generate the image NOW and return ONLY the image URL.")
        assert f'"prompt": "{SPEC["prompt"]}"' in sent["message"], "the spec goes along"
        assert sent.keys() == {"message", "base_image"}
        await made(engine_of(running.base_url, memeputer_direct_path=DIRECT), tmp_path)
        asked = running.log[2].params
        assert asked.pop("base_image_url").startswith("data:")
        assert asked == {
            "prompt": SPEC["prompt"],
            "negative_prompt": SPEC["negative_prompt"],
            "width": 512,
            "height": 512,
            "n": 1,
            "response_format": "url",
        }


async def test_the_sandbox_takes_no_field_that_nobody_was_seen_to_send() -> None:
    with sandbox() as running:
        url = f"{running.base_url}/agents/agent/chat"
        async with httpx2.AsyncClient(headers={"x-api-key": "a-key"}) as client:
            answer = await client.post(url, json={"message": "A sticker", "image": "x"})
        assert answer.status_code == 400 and "image" in answer.text


async def test_a_link_to_the_base_picture_goes_instead_of_it_and_is_no_answer(tmp_path: Path) -> None:
    with sandbox(Rule(mode="agent_bare", route="agent", after=1)) as running:
        engine, asset = engine_of(running.base_url), f"{running.base_url[:-3]}/pictures/asset.png"
        order = Order(
            operation="edit",
            model="memeputer",
            prompt="x",
            params={**PARAMS, "base_image_url": asset},
            images=(BASE,),
        )
        _, links, _ = await made(engine, tmp_path, order)
        assert running.log[0].params["base_image_url"] == asset and "base_image" not in running.log[0].params
        assert links != [asset]


async def test_a_slow_agent_is_waited_for_only_so_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coach.studio.engines.memeputer.PICTURE_SECONDS", 0.2)
    with sandbox(Rule(mode="hang")) as running:
        error = await refusal(engine_of(running.base_url), tmp_path)
        assert (error.code, error.paid) == ("timeout", "unknown") and "0.2 seconds" in error.detail
        monkeypatch.undo()
        error = await refusal(engine_of(running.base_url, seconds=0.2), tmp_path)
        assert (error.code, error.paid) == ("timeout", "unknown")


async def test_what_the_link_leads_to_has_to_be_a_whole_picture(tmp_path: Path) -> None:
    with sandbox(
        Rule(mode="html_200", route="picture", times=3), Rule(mode="json_cut", route="picture")
    ) as running:
        engine = engine_of(running.base_url)
        error = await refusal(engine, tmp_path)
        assert (error.code, error.paid) == ("not_fetched", "unknown"), "it may still be in the making"
        error = await refusal(engine, tmp_path)
        assert (error.code, error.paid) == ("bad_answer", "paid")
        assert not (tmp_path / "decoded.0").exists()


async def test_a_page_that_says_wait_is_followed_again_at_once(tmp_path: Path) -> None:
    with sandbox(Rule(mode="html_200", route="picture", times=2)) as running:
        received, links, _ = await made(engine_of(running.base_url), tmp_path)
        assert received.pictures and len(links) == 1 and posts(running) == 1


async def test_with_two_steps_the_agent_executes_its_own_spec_for_one_price(tmp_path: Path) -> None:
    with sandbox() as running:
        received, links, _ = await made(engine_of(running.base_url, memeputer_steps=2), tmp_path)
        assert len(received.pictures) == len(links) == 1 and posts(running) == 2
        first, second = (entry.params for entry in running.log[:2])
        assert (first["mode"], first["user_prompt"]) == ("custom", SPEC["prompt"])
        assert first["message"].endswith(SPEC["prompt"]) and "NOW" not in first["message"]
        assert second["message"].startswith(NOW) and "The character of the base image" in second["message"]
        assert second.keys() == {"message", "base_image"} and running.totals.micros == PRICE


@pytest.mark.parametrize(
    ("mode", "code", "paid"),
    [
        ("status_429", "rate_limited", "unknown"),
        ("status_500", "service_error", "unknown"),
        ("agent_apology", "apology", "unknown"),
        ("reset", "connection_lost", "unknown"),
    ],
)
async def test_what_fails_after_the_agents_spec_may_be_charged(
    tmp_path: Path, mode: str, code: str, paid: str
) -> None:
    with sandbox(Rule(mode=mode, route="agent", after=1)) as running:
        error = await refusal(engine_of(running.base_url, memeputer_steps=2), tmp_path)
        assert (error.code, error.paid) == (code, paid) and posts(running) == 2


async def test_an_agent_whose_spec_is_not_understood_is_asked_for_no_picture(tmp_path: Path) -> None:
    odd = {"version": "3.0", "type": "image_sticker", "engine": "memeputer_i2i", "prompt": "x", "mood": "y"}
    async with service(agent_says(json.dumps(odd))) as agent:
        engine = engine_of(f"http://127.0.0.1:{agent.port}", memeputer_steps=2)
        error = await refusal(engine, tmp_path)
        assert (error.code, error.paid) == ("bad_answer", "unknown") and "job spec" in error.detail
        assert len(agent.asked) == 1
    with sandbox(Rule(mode="status_429", route="agent")) as running:
        error = await refusal(engine_of(running.base_url, memeputer_steps=2), tmp_path)
        assert (error.code, error.paid) == ("rate_limited", "unpaid") and posts(running) == 1


async def test_both_steps_together_have_so_much_time_and_each_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sandbox(Rule(mode="hang", route="agent", after=1)) as running:
        engine = engine_of(running.base_url, memeputer_steps=2, seconds=1)
        error = await refusal(engine, tmp_path)
        assert (error.code, error.paid) == ("timeout", "unknown") and "1 seconds" in error.detail
        monkeypatch.setattr("coach.studio.engines.memeputer.SPEC_SECONDS", 0.2)
        error = await refusal(engine_of(running.base_url, memeputer_steps=2), tmp_path)
        assert (error.code, error.paid) == ("timeout", "unknown") and "0.2 seconds" in error.detail


@pytest.mark.parametrize("steps", [1, 2])
async def test_links_in_what_was_sent_are_no_picture(tmp_path: Path, steps: int) -> None:
    told = "https://sign.example/logo.png"
    order = replace(ORDER, prompt=f"A sign with {told}.", params={**PARAMS, "spec": {"prompt": told}})
    async with service(agent_says(f"Your sticker shows {told}. Enjoy!")) as agent:
        with pytest.raises(PictureError) as caught:
            await made(engine_of(f"http://127.0.0.1:{agent.port}", memeputer_steps=steps), tmp_path, order)
        assert (caught.value.code, caught.value.paid) == ("bad_answer", "unknown") and len(agent.asked) == 1


async def test_there_is_no_way_to_have_a_picture_deleted() -> None:
    with pytest.raises(PictureError) as caught:
        await engine_of("http://127.0.0.1:9/v1").forget("https://example.org/a.png")
    assert caught.value.code == "not_deletable"


def test_the_asset_to_test_with_is_a_character_on_nothing() -> None:
    import httpx2

    with sandbox() as running:
        got = httpx2.get(f"{running.base_url.removesuffix('/v1')}/pictures/asset.png")
        assert got.headers["content-type"] == "image/png"
        with Image.open(io.BytesIO(got.content)) as image:
            assert image.size == (512, 512) and image.getchannel("A").getextrema() == (0, 255)
