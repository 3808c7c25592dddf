"""What can go wrong with a job of the Responses API: going out, while it is looked at, and at its end."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI

from coach.errors import PictureError
from coach.studio.engines import Order
from coach.studio.engines._responses import text_field
from coach.studio.engines.openai_background import OpenAIBackgroundEngine
from tests.studio._large import check_never_in_memory, large
from tests.studio._service import (
    HOURS,
    Reply,
    Service,
    breaks,
    cuts,
    error,
    ignore,
    pass_time,
    picture,
    says,
    service,
    store,
)
from tests.studio._service import USAGE as DRAWN

Json = dict[str, Any]
ORDER = Order(
    operation="generate", model="gpt-image-2", prompt="a hill", params={"model": "gpt-image-2", "n": 1}
)
SAID = {"input_tokens": 900, "output_tokens": 60, "total_tokens": 960}
NONE = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}


def response(status: str, **more: Any) -> Json:
    """A response as it stands."""
    return {"id": "resp_1", "object": "response", "status": status, "output": [], **more}


def call(**fields: Any) -> Json:
    """The item of a picture."""
    return {"id": "ig_1", "type": "image_generation_call", "status": "completed", **fields}


def done(*pictures: bytes) -> Json:
    """A response with its pictures."""
    output = [call(result=base64.b64encode(each).decode()) for each in pictures]
    return response("completed", output=output, usage=SAID, tool_usage={"image_gen": DRAWN})


QUEUED, WORKING, DONE = says(response("queued")), says(response("in_progress")), says(done(picture()))


@asynccontextmanager
async def engine_for(
    *replies: Reply, seconds: float = 20
) -> AsyncIterator[tuple[OpenAIBackgroundEngine, Service]]:
    """An engine that looks again at once, and the service it asks."""
    async with service(*replies) as upstream, upstream.client() as client:
        yield OpenAIBackgroundEngine(client, seconds=seconds, poll=0.001), upstream


async def fetch(engine: OpenAIBackgroundEngine, body: Path) -> bytes:
    """The one picture of an order."""
    async with engine.send(ORDER, begun=ignore) as answer:
        store(body, b"".join([chunk async for chunk in answer.chunks()]))
        [found] = engine.read(body, answer.media_type, body.with_suffix(".picture")).pictures
    return await asyncio.to_thread(found.path.read_bytes)


async def failure(engine: OpenAIBackgroundEngine) -> PictureError:
    """The error of an order that must not succeed."""
    with pytest.raises(PictureError) as caught:
        async with engine.send(ORDER, begun=ignore) as answer:
            async for _ in answer.chunks():
                pass
    return caught.value


async def test_looks_that_fail_are_taken_again_and_the_post_never_is(tmp_path: Path) -> None:
    failing = (
        says(error("server_error"), status=500),
        says(error("slow_down"), status=429, more={"retry-after-ms": "1"}),
        says(b"<html>busy</html>", status=502, media_type="text/html"),
        says(b"<html>busy</html>", media_type="text/html"),
        says(b""),
        says(b"[[1]]"),
        breaks,
        cuts(response("completed"), short=20),
        cuts(b'{"id": "resp_1", "stat', short=4),
    )
    async with engine_for(QUEUED, *failing, WORKING, DONE) as (engine, upstream):
        assert await fetch(engine, tmp_path / "a.body") == picture()
    paths = [asked.path for asked in upstream.asked]
    assert paths[:1] == ["/v1/responses"]
    assert set(paths[1:]) == {"/v1/responses/resp_1"}


async def test_the_post_bounds_what_it_can_cost_and_asks_to_be_kept(tmp_path: Path) -> None:
    async with engine_for(QUEUED, DONE) as (engine, upstream):
        await fetch(engine, tmp_path / "a.body")
    body = upstream.asked[0].json
    assert body["tools"] == [{"type": "image_generation", "action": "generate", "model": "gpt-image-2"}]
    assert body["tool_choice"] == {"type": "image_generation"}
    assert (body["background"], body["store"], body["max_tool_calls"]) == (True, True, 1)
    assert body["parallel_tool_calls"] is False and body["max_output_tokens"] == 4096 + len("a hill")


@pytest.mark.parametrize(
    ("reply", "code", "paid"),
    [
        (says(error("invalid_value"), status=400), "invalid_request", "unpaid"),
        (says(error("rate_limit_exceeded"), status=429), "rate_limited", "unpaid"),
        (says(error(None), status=500), "service_error", "unknown"),
        (breaks, "connection_lost", "unknown"),
        (cuts(b'{"object": "response", "id": "re', short=3), "connection_lost", "unknown"),
        (says({"object": "response"}), "bad_answer", "unknown"),
        (says({"id": "../models"}), "bad_answer", "unknown"),
        (says({"output": [{"id": "ig_1"}], "more": "id"}), "bad_answer", "unknown"),
    ],
)
async def test_a_post_that_goes_wrong_is_never_sent_again(reply: Reply, code: str, paid: str) -> None:
    async with engine_for(reply) as (engine, upstream):
        found = await failure(engine)
        assert (found.code, found.paid, len(upstream.asked)) == (code, paid, 1)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (says(error(None), status=404), "interrupted"),
        (says(error("invalid_api_key"), status=401), "bad_key"),
        (says(error("insufficient_quota"), status=429), "over_quota"),
    ],
)
async def test_a_job_that_cannot_be_looked_at_may_have_been_charged(reply: Reply, code: str) -> None:
    async with engine_for(QUEUED, reply) as (engine, upstream):
        found = await failure(engine)
        assert (found.code, found.paid, len(upstream.asked)) == (code, "unknown", 2)
        assert "resp_1" in found.detail


async def test_a_deadline_names_the_job_that_goes_on() -> None:
    async def works_for_hours(writer: asyncio.StreamWriter) -> None:
        await WORKING(writer)
        pass_time(HOURS)

    async with engine_for(QUEUED, works_for_hours) as (engine, _):
        found = await failure(engine)
    assert (found.code, found.paid, found.request_id) == ("timeout", "unknown", "req_1")
    assert "resp_1 goes on" in found.detail


async def test_a_service_that_cannot_be_reached_was_not_asked() -> None:
    async with engine_for(QUEUED) as (engine, upstream):
        pass
    found = await failure(engine)
    assert (found.code, found.paid, upstream.asked) == ("not_sent", "unpaid", [])


async def test_a_picture_that_breaks_off_can_be_fetched_again(tmp_path: Path) -> None:
    whole = done(picture(size=(640, 960)))
    async with engine_for(QUEUED, cuts(whole), DONE) as (engine, _):
        found = await failure(engine)
        assert (found.code, found.paid) == ("connection_lost", "unknown")
        async with engine.resume("resp_1") as answer:
            store(tmp_path / "a", b"".join([chunk async for chunk in answer.chunks()]))
        assert engine.read(tmp_path / "a", answer.media_type, tmp_path / "b").pictures
    with pytest.raises(PictureError) as caught:
        engine.read(
            store(tmp_path / "c", json.dumps(whole).encode()[:-40]), "application/json", tmp_path / "d"
        )
    assert (caught.value.code, caught.value.paid) == ("bad_answer", "unknown")


BLOCKED = {"code": "moderation_blocked", "message": "secret words", "type": "image_generation_user_error"}


@pytest.mark.parametrize(
    ("final", "code", "paid"),
    [
        (
            response("completed", output=[call(result=None, error=BLOCKED)], usage=SAID),
            "moderation_blocked",
            "paid",
        ),
        (response("completed", output=[call(result=None, error=BLOCKED)]), "moderation_blocked", "unknown"),
        (response("failed", error={"code": "server_error", "message": "m"}), "service_error", "unknown"),
        (response("failed", error={"code": "invalid_prompt"}, usage=NONE), "moderation_blocked", "unpaid"),
        (response("failed", error={"code": "image_parse_error"}, usage=NONE), "invalid_image", "unpaid"),
        (response("failed", error={"code": "image_too_large"}, usage=NONE), "too_large", "unpaid"),
        (response("failed", error={"code": "rate_limit_exceeded"}), "rate_limited", "unknown"),
        (
            response("incomplete", incomplete_details={"reason": "content_filter"}),
            "moderation_blocked",
            "unknown",
        ),
        (
            response("incomplete", incomplete_details={"reason": "max_output_tokens"}),
            "service_error",
            "unknown",
        ),
        (response("cancelled"), "service_error", "unknown"),
        (response("completed", output=[{"type": "message"}], usage=SAID), "bad_answer", "paid"),
        (response("completed", output=[call(result="####")], usage=SAID), "bad_answer", "paid"),
        (response("completed", output=None, tool_usage={"image_gen": DRAWN}), "bad_answer", "paid"),
    ],
)
async def test_a_job_without_a_picture_says_why_and_what_was_counted(
    final: Json, code: str, paid: str, tmp_path: Path
) -> None:
    async with engine_for(QUEUED, says(final)) as (engine, _):
        with pytest.raises(PictureError) as caught:
            await fetch(engine, tmp_path / "a.body")
    assert (caught.value.code, caught.value.paid) == (code, paid)
    assert "secret" not in caught.value.detail


async def test_a_count_that_was_not_taken_is_unknown_and_not_zero(tmp_path: Path) -> None:
    nothing = {**DRAWN, "output_tokens": 0, "output_tokens_details": None}
    engine = OpenAIBackgroundEngine(AsyncOpenAI(api_key="unused"))
    for tools, expected in (({"image_gen": nothing}, None), ({"image_gen": DRAWN}, 1373)):
        body = store(tmp_path / "a", json.dumps({**done(picture()), "tool_usage": tools}).encode())
        usage = engine.read(body, "application/json", tmp_path / "b").usage
        assert usage and usage.get("output_tokens") == expected and usage["caller"] == SAID


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b'{"status": "queued"', "queued"),
        (b'{"a": [{"status": "no"}], "b": "{", "c": "\\"}", "status" : "done"}', "done"),
        (b'{"text": "status", "status": null, "x": "y"', None),
        (b'{"output": [{"status": "no"', None),
        (b'{"text": "\\"status\\": \\"no\\"', None),
        (b'["status", {"status": "no"}]', None),
    ],
)
def test_only_the_outermost_field_counts(head: bytes, found: str | None) -> None:
    assert text_field(head, "status") == found


async def test_the_answer_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    reply = large(b'{"id": "resp_1", "status": "completed", "output": [{"result": "', b'"}]}')
    async with engine_for(QUEUED, WORKING, reply) as (engine, _):
        await check_never_in_memory(engine, ORDER, tmp_path)
