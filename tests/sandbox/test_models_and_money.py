"""The list of models, their dates, and what a picture costs."""

from datetime import date

import httpx2
import pytest
from openai import AsyncOpenAI

from coach.sandbox import Sandbox
from coach.sandbox.rules import models
from coach.sandbox.usage import measure


async def test_the_models_of_the_day_come_with_their_dates(openai: AsyncOpenAI) -> None:
    dates = {model.id: model.shutdown_date async for model in openai.models.list()}
    assert dates["gpt-image-1.5"] == "2026-12-01"
    assert dates["gpt-image-2.5-sunburst"] is None and "gpt-image-1" not in dates
    assert (await openai.models.retrieve("sandbox-coach")).owned_by == "sandbox"


def test_a_model_is_gone_from_the_day_of_its_shutdown() -> None:
    for day, status in ((date(2026, 11, 30), 200), (date(2026, 12, 1), 404)):
        with Sandbox(today=day) as sandbox:
            headers = {"authorization": "Bearer any"}
            answer = httpx2.get(f"{sandbox.base_url}/models/gpt-image-1.5", headers=headers)
        assert answer.status_code == status
    assert answer.json()["error"]["code"] == "model_not_found"


@pytest.mark.parametrize(
    ("model", "quality", "size", "tokens"),
    [
        # OpenAI's guide for the 1 models; calculator readings of September 2026 for the others
        ("gpt-image-1.5", "medium", (1024, 1536), 1584),
        ("gpt-image-2", "low", (1024, 1024), 196),
        ("gpt-image-2", "high", (1024, 1024), 7024),
        ("gpt-image-2", "high", (1536, 1024), 5488),
        ("gpt-image-2", "high", (2048, 2048), 14_272),
        ("gpt-image-2", "high", (3840, 2160), 13_342),
        ("gpt-image-2", "high", (2560, 1440), 7370),
        ("gpt-image-2", "high", (3840, 1280), 5311),
        ("gpt-image-2", "high", (1024, 640), 3824),
        ("gpt-image-2.5-flare", "medium", (1024, 1024), 439),
        ("gpt-image-2.5-flare", "high", (1024, 1024), 1756),
        ("gpt-image-2.5-flare", "xhigh", (1536, 1024), 2459),
        ("gpt-image-2.5-flare", "max", (1024, 1024), 7024),
    ],
)
def test_output_tokens_are_those_that_were_read(
    model: str, quality: str, size: tuple[int, int], tokens: int
) -> None:
    usage = measure(
        models()[model], prompt="", images=[], size=size, quality=quality, n=1, partials=0, fidelity="low"
    )
    assert usage.output == tokens


@pytest.mark.parametrize(
    ("model", "size", "fidelity", "tokens"),
    [
        ("gpt-image-2", (512, 512), "low", 1024),
        ("gpt-image-2", (1024, 1024), "low", 1024),
        ("gpt-image-2", (2048, 2048), "low", 1521),
        ("gpt-image-2", (4000, 4000), "low", 1521),
        ("gpt-image-1.5", (1024, 1024), "low", 65 + 129),
        ("gpt-image-1.5", (1024, 1024), "high", 65 + 129 + 4160),
        ("gpt-image-1.5", (512, 1024), "high", 65 + 2 * 129 + 6240),
    ],
)
def test_input_tokens_are_those_that_were_measured(
    model: str, size: tuple[int, int], fidelity: str, tokens: int
) -> None:
    usage = measure(
        models()[model],
        prompt="",
        images=[size],
        size=(1024, 1024),
        quality="low",
        n=1,
        partials=0,
        fidelity=fidelity,
    )
    assert usage.image == tokens


def test_a_price_that_is_not_known_is_not_zero(wire: httpx2.Client, sandbox: Sandbox) -> None:
    body = {"model": "gpt-image-1-mini", "prompt": "x", "quality": "low", "size": "1024x1024"}
    assert wire.post("/images/generations", json=body).status_code == 200
    assert sandbox.log[-1].micros is None


def test_the_log_can_be_read_over_http(wire: httpx2.Client, sandbox: Sandbox) -> None:
    wire.post(
        "/images/generations",
        json={"model": "gpt-image-2", "prompt": "x", "quality": "low", "size": "1024x1024"},
    )
    log = httpx2.get(sandbox.base_url.removesuffix("/v1") + "/sandbox/log").json()
    last = log["requests"][-1]
    assert (last["route"], last["status"], last["micros"]) == (
        "POST /v1/images/generations",
        200,
        196 * 30 + 5,
    )
    assert last["params"]["prompt"] == "x"
    assert log["micros"] == sum(entry.micros or 0 for entry in sandbox.log)
