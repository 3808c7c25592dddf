"""What an error of the service means for the money, told over a real connection."""

import asyncio
from pathlib import Path

import httpx2
import pytest
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, OpenAIError

from coach.errors import PictureError
from coach.studio import GptImageEngine
from coach.studio.engines import Order
from tests.studio._service import (
    Reply,
    answer,
    ask,
    breaks,
    cuts,
    engine_for,
    error,
    no_job,
    pass_time,
    picture,
    says,
)

ORDER = Order(operation="generate", model="gpt-image-2.5-sunburst", prompt="secret prompt", params={"n": 1})

MODERATION = error(
    "moderation_blocked", moderation_details={"moderation_stage": "output", "categories": ["violence", "a b"]}
)
REFUSALS = [
    (400, error("invalid_value", param="size"), "invalid_request"),
    (400, "no JSON at all", "invalid_request"),
    (400, MODERATION, "moderation_blocked"),
    (400, error("content_policy_violation"), "moderation_blocked"),
    (400, error("unsupported_file_mimetype", param="image[0]"), "invalid_image"),
    (400, error("invalid_image_file"), "invalid_image"),
    (401, error("invalid_api_key"), "bad_key"),
    (403, error(None), "no_access"),
    (404, error("model_not_found"), "model_not_found"),
    (404, error(None), "invalid_request"),
    (413, error(None), "too_large"),
    (422, error(None), "invalid_request"),
    (429, error("rate_limit_exceeded"), "rate_limited"),
    (429, error("insufficient_quota"), "over_quota"),
    (429, error("billing_hard_limit_reached"), "over_quota"),
]
DOUBTS = [
    (says(error("server_error"), status=500), "service_error"),
    (says(b"<html>bad gateway</html>", status=502), "service_error"),
    (says(b"<html>time-out</html>", status=524), "service_error"),
    (says(error(None), status=409), "service_error"),
    (says(error(None), status=400, more={"x-should-retry": "true"}), "invalid_request"),
    (says(b"", status=308, more={"location": "/v1/elsewhere"}), "service_error"),
    (breaks, "connection_lost"),
    (cuts(answer(picture())), "connection_lost"),
    (cuts(answer(picture()), media_type="text/event-stream"), "connection_lost"),
]


async def refused_by(engine: GptImageEngine, folder: Path) -> PictureError:
    with pytest.raises(PictureError) as caught:
        await ask(engine, ORDER, folder / "a.body")
    return caught.value


@pytest.mark.parametrize(("status", "body", "code"), REFUSALS)
async def test_a_refusal_is_unpaid_and_sent_once(
    status: int, body: object, code: str, tmp_path: Path
) -> None:
    async with engine_for(says(body, status=status)) as (engine, upstream):
        refused = await refused_by(engine, tmp_path)
    assert (refused.code, refused.paid, refused.request_id) == (code, "unpaid", "req_1")
    assert "Nothing was charged." in refused.say
    assert "secret" not in refused.say + refused.detail
    assert len(upstream.asked) == 1


async def test_a_refusal_tells_the_operator_where_and_why(tmp_path: Path) -> None:
    async with engine_for(says(MODERATION, status=400)) as (engine, _):
        refused = await refused_by(engine, tmp_path)
    assert "code moderation_blocked" in refused.detail
    assert "Stage output, categories violence." in refused.detail


@pytest.mark.parametrize(("reply", "code"), DOUBTS)
async def test_what_may_have_been_charged_is_never_sent_again(
    reply: Reply, code: str, tmp_path: Path
) -> None:
    async with engine_for(reply) as (engine, upstream):
        refused = await refused_by(engine, tmp_path)
    assert refused.code == code
    assert refused.paid == ("unpaid" if code == "invalid_request" else "unknown")
    assert len(upstream.asked) == 1


async def test_the_time_is_counted_in_total_not_for_each_byte() -> None:
    async def trickle(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\nx-request-id: req_slow\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0)

    async with engine_for(trickle, seconds=60) as (engine, upstream):
        with pytest.raises(PictureError) as caught:
            async with engine.send(ORDER, begun=no_job) as answer:
                async for _ in answer.chunks():
                    pass_time(10)
    refused = caught.value
    assert (refused.code, refused.paid, refused.request_id) == ("timeout", "unknown", "req_slow")
    assert len(upstream.asked) == 1


async def test_a_service_that_says_nothing_may_have_charged(tmp_path: Path) -> None:
    async with engine_for(breaks) as (engine, upstream):
        upstream.replies = [upstream.is_too_late]
        refused = await refused_by(engine, tmp_path)
    assert (refused.code, refused.paid) == ("timeout", "unknown")


WAITS = [
    ({"retry-after": "7"}, 7.0),
    ({"retry-after": "7", "retry-after-ms": "250"}, 0.25),
    ({"retry-after": "7", "retry-after-ms": "soon"}, 7.0),
    ({"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"}, 0.0),
    ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, 86_400.0),
    ({"retry-after": "999999999"}, 86_400.0),
    ({"retry-after": "-1"}, None),
    ({"retry-after": "nan"}, None),
    ({"retry-after": "1e9"}, None),
    ({"retry-after": "Fri, 31 Dec 1999 23:59:59"}, None),
    ({}, None),
]


@pytest.mark.parametrize(("more", "seconds"), WAITS)
@pytest.mark.parametrize("status", [429, 503])
async def test_how_long_to_wait_is_taken_from_the_answer(
    status: int, more: dict[str, str], seconds: float | None, tmp_path: Path
) -> None:
    async with engine_for(says(error(None), status=status, more=more)) as (engine, _):
        assert (await refused_by(engine, tmp_path)).retry_after == seconds


async def test_a_request_id_that_is_none_is_left_out(tmp_path: Path) -> None:
    async with engine_for(says(error(None), status=400, more={"x-request-id": "<b>" * 1000})) as (engine, _):
        assert (await refused_by(engine, tmp_path)).request_id is None


async def test_a_connection_that_takes_too_long_was_never_used(tmp_path: Path) -> None:
    class Nowhere(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            return await asyncio.Future()

    http = DefaultAsyncHttpxClient(transport=Nowhere())
    async with AsyncOpenAI(api_key="a-key", http_client=http) as client:
        refused = await refused_by(GptImageEngine(client, seconds=0.05), tmp_path)
    assert (refused.code, refused.paid) == ("not_sent", "unpaid")


async def test_a_key_that_cannot_be_had_means_nothing_was_sent(tmp_path: Path) -> None:
    async def no_key() -> str:
        raise OpenAIError("secret words")

    async with AsyncOpenAI(api_key=no_key) as client:
        refused = await refused_by(GptImageEngine(client), tmp_path)
    assert (refused.code, refused.paid) == ("not_sent", "unpaid")
    assert "secret" not in refused.detail


@pytest.mark.parametrize("kind", [ZeroDivisionError, TimeoutError])
async def test_an_error_of_whoever_reads_goes_on_as_it_is(kind: type[Exception]) -> None:
    async with engine_for(says(answer(picture()))) as (engine, _):
        with pytest.raises(kind):
            async with engine.send(ORDER, begun=no_job):
                raise kind
