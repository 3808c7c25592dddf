"""One picture in the background, as the real SDK asks for it and reads it."""

import asyncio
import base64
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from openai import AsyncOpenAI, NotFoundError
from openai.types.responses import Response
from openai.types.responses.response_output_item import ImageGenerationCall
from PIL import Image
from starlette.applications import Starlette

from coach.sandbox import BLOCKED_OUTPUT, Sandbox
from coach.sandbox.app import create_app
from tests.sandbox.conftest import TODAY

Json = dict[str, Any]
TOOL: Json = {
    "type": "image_generation",
    "model": "gpt-image-2.5-sunburst",
    "size": "1024x1024",
    "quality": "low",
}
GOOD: Json = {
    "model": "gpt-5.6-luna",
    "background": True,
    "input": "a hill",
    "tools": [TOOL],
    "tool_choice": {"type": "image_generation"},
}


def url(data: bytes, kind: str = "image/png") -> str:
    """A data URL."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def seen_through(size: tuple[int, int]) -> bytes:
    """A PNG that could be a mask."""
    file = io.BytesIO()
    Image.new("RGBA", size).save(file, "PNG")
    return file.getvalue()


async def finished(client: AsyncOpenAI, **change: Any) -> Response:
    """What becomes of a job."""
    answer: Response = await client.responses.create(**{**GOOD, **change})
    assert (answer.status, answer.output, answer.usage) == ("queued", [], None)
    while answer.status in ("queued", "in_progress"):
        await asyncio.sleep(0.02)
        answer = await client.responses.retrieve(answer.id)
    return answer


def drawn(answer: Response) -> ImageGenerationCall:
    """The one picture."""
    [item] = answer.output
    assert isinstance(item, ImageGenerationCall)
    return item


async def test_a_job_ends_in_a_picture_and_is_charged_once(openai: AsyncOpenAI, sandbox: Sandbox) -> None:
    answer = await finished(openai)
    item = drawn(answer)
    picture = Image.open(io.BytesIO(base64.b64decode(item.result or "", validate=True)))
    assert (picture.size, item.status, item.action) == ((1024, 1024), "completed", "generate")
    assert answer.background and answer.tool_usage and answer.usage
    assert answer.tool_usage.image_gen.output_tokens == 196
    looks = [entry for entry in sandbox.log if entry.route == f"GET /v1/responses/{answer.id}"]
    posted = [entry for entry in sandbox.log if entry.route == "POST /v1/responses"][-1]
    assert posted.micros == 196 * 30 + 2 * 5 + 757 + 243, (
        "the picture, its words, what the text model read and wrote"
    )
    assert looks and not any(look.micros for look in looks)


async def test_photos_and_a_mask_are_edited_as_on_the_images_route(
    openai: AsyncOpenAI, sandbox: Sandbox, photo_bytes: bytes
) -> None:
    tool = {**TOOL, "action": "edit", "input_image_mask": {"image_url": url(seen_through((512, 600)))}}
    content = [
        {"type": "input_text", "text": "by the sea"},
        {"type": "input_image", "detail": "auto", "image_url": url(photo_bytes, "image/jpeg")},
    ]
    answer = await finished(openai, tools=[tool], input=[{"role": "user", "content": content}])
    direct = await openai.images.edit(
        model=TOOL["model"],
        prompt="by the sea",
        image=("me.jpg", photo_bytes, "image/jpeg"),
        mask=("mask.png", seen_through((512, 600)), "image/png"),
        size="1024x1024",
        quality="low",
    )
    assert direct.data and drawn(answer).result == direct.data[0].b64_json
    assert drawn(answer).action == "edit" and direct.usage and answer.tool_usage
    assert answer.tool_usage.image_gen.input_tokens == direct.usage.input_tokens


async def test_a_refused_picture_is_a_job_that_ends_well_without_one(
    openai: AsyncOpenAI, sandbox: Sandbox
) -> None:
    answer = await finished(openai, input=BLOCKED_OUTPUT)
    item = drawn(answer)
    assert (answer.status, item.status, item.result) == ("completed", "failed", None)
    assert item.error and item.error.code == "moderation_blocked" and item.error.moderation_details
    assert item.error.moderation_details.moderation_stage == "output"
    assert answer.tool_usage and answer.tool_usage.image_gen.total_tokens == 0


@pytest.mark.parametrize(
    ("change", "status", "code", "param"),
    [
        ({"background": False}, 400, "invalid_value", "background"),
        ({"store": False}, 400, "invalid_value", "store"),
        ({"model": None}, 400, "missing_required_parameter", "model"),
        ({"model": "gpt-image-2"}, 400, "invalid_value", "model"),
        ({"input": None}, 400, "missing_required_parameter", "input"),
        ({"input": ""}, 400, "empty_string", "input"),
        ({"input": [{"role": "user", "content": "a hill"}]}, 400, "invalid_value", "input"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_file"}]}]},
            400,
            "invalid_value",
            "input[0].content[0]",
        ),
        ({"stream": True}, 400, "unknown_parameter", "stream"),
        ({"max_output_tokens": 3}, 400, "integer_below_min_value", "max_output_tokens"),
        ({"max_tool_calls": "one"}, 400, "invalid_type", "max_tool_calls"),
        ({"tool_choice": "auto"}, 400, "invalid_value", "tool_choice"),
        ({"tools": []}, 400, "invalid_value", "tools"),
        ({"tools": [{"type": "web_search"}]}, 400, "invalid_value", "tools[0].type"),
        ({"tools": [{**TOOL, "n": 2}]}, 400, "unknown_parameter", "tools[0].n"),
        ({"tools": [{**TOOL, "quality": "hd"}]}, 400, "invalid_value", "tools[0].quality"),
        (
            {"tools": [{**TOOL, "input_fidelity": None}]},
            400,
            "invalid_input_fidelity_model",
            "tools[0].input_fidelity",
        ),
        ({"tools": [{**TOOL, "model": "gpt-image-1"}]}, 404, "model_not_found", None),
        ({"tools": [{**TOOL, "action": "edit"}]}, 400, "invalid_value", "tools[0].action"),
        ({"tools": [{**TOOL, "action": "draw"}]}, 400, "invalid_value", "tools[0].action"),
    ],
    ids=str,
)
def test_a_wrong_parameter_is_named(
    wire: httpx2.Client, sandbox: Sandbox, change: Json, status: int, code: str, param: str | None
) -> None:
    body = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    answer = wire.post("/responses", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (status, code, param)
    assert sandbox.log[-1].micros == 0


@asynccontextmanager
async def inside(app: Starlette) -> AsyncIterator[AsyncOpenAI]:
    """The SDK's client for an app in this process."""
    http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app))
    async with AsyncOpenAI(
        base_url="http://sandbox/v1", api_key="k", max_retries=0, http_client=http
    ) as client:
        yield client


async def test_what_is_done_is_kept_for_ten_minutes_and_then_gone() -> None:
    app = create_app(today=TODAY, quick=True)
    assert app.state.backgrounds.kept == 600
    async with inside(app) as client:
        answer = await finished(client)
        app.state.backgrounds.kept = 0.0
        with pytest.raises(NotFoundError, match="not found"):
            await client.responses.retrieve(answer.id)
