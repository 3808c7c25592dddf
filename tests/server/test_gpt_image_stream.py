"""A picture that becomes clear, as events; it goes on when its reader is gone."""

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from coach.sandbox import Sandbox
from coach.sandbox.rules import BLOCKED_OUTPUT
from coach.server.routes import _events
from coach.store import Version
from coach.studio import Studio
from tests.server._serve import PATIENCE, Served, an_app, serving, settings_for
from tests.server.test_gpt_image import pictures, refusal, words
from tests.studio._drawn import opened

STREAM = "/api/ai/gpt-image/stream/"
ASKED = {"size", "quality", "background", "output_format"}
Seen = list[tuple[str, dict[str, Any]]]


def events(text: str) -> Seen:
    """The events of a stream, each with its data."""
    frames = [frame.split("\n") for frame in text.split("\n\n") if frame.startswith("event: ")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in frames]


async def streamed(client: httpx2.AsyncClient, **asked: Any) -> Seen:
    answer = await client.post(STREAM, **asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    return events(answer.text)


@asynccontextmanager
async def slow(home: Path, *, delay: float) -> AsyncIterator[tuple[Sandbox, Served]]:
    """A server whose picture service takes its time."""
    with Sandbox(quick=True, delay=delay) as sandbox:
        async with serving(an_app(settings_for(sandbox, home), faces=None)) as served:
            yield sandbox, served


async def test_a_model_that_has_no_qualities_says_auto(tmp_path: Path) -> None:
    with Sandbox(quick=True) as sandbox:
        more = {name: value for name, value in sandbox.settings.items() if not name.startswith("openai")}
        settings = settings_for(sandbox, tmp_path, image_model="flux-dev", polling_interval=0.02, **more)
        async with serving(an_app(settings, faces=None)) as served, served.client("ann") as ann:
            [(name, last)] = await streamed(ann, data={"prompt": "A hat"})
    assert (name, last["quality"], last["size"]) == ("image_generation.completed", "auto", "1024x1024")


async def first_kept(served: Served) -> Version:
    """Ann's first picture, as soon as it is kept."""
    place = await served.here.store.identities.workshop("ann")
    async with asyncio.timeout(PATIENCE):
        while True:
            if versions := await served.here.store.versions.list("ann", place.id):
                return versions[0]
            await asyncio.sleep(0.05)


async def test_previews_come_first_and_then_the_picture(tmp_path: Path) -> None:
    async with slow(tmp_path, delay=1) as (sandbox, served), served.client("ann") as ann:
        seen = await streamed(ann, data=words() | {"partial_images": "3"})
        *previews, (name, last) = seen
        assert previews and name == "image_generation.completed"
        for at, (kind, data) in enumerate(previews):
            assert kind == data["type"] == "image_generation.partial_image"
            assert data["partial_image_index"] >= at and data.keys() >= ASKED | {"created_at", "url"}
            assert opened(b64decode(data["b64_json"])).size == (1024, 1024)
        assert last["type"] == name and last.keys() >= ASKED | {"created_at", "usage", "handle"}
        assert (last["size"], last["quality"], last["output_format"]) == ("1024x1024", "low", "png")
        assert b64decode(last["b64_json"]) == (await ann.get(last["url"])).content
        kept = await served.here.store.versions.find("ann", last["version_id"])
        row = await served.here.coach.service("studio", Studio).ledger.get("ann", kept.generation_id)
        assert row.actual_micros == sandbox.totals.micros and row.usage == last["usage"]


async def test_with_pictures_it_edits_and_links_stand_for_the_pictures(
    small: Served, quick_sandbox: Sandbox
) -> None:
    await small.here.store.consents.give("ann", statement="I agree")
    async with small.client("ann") as ann:
        data = words() | {"n": "2", "response_format": "url"}
        seen = await streamed(ann, data=data, files=pictures("image_0", "image_1"))
        assert [name for name, _ in seen] == ["image_edit.completed"] * 2
        assert len(quick_sandbox.log[-1].images) == 2
        for _, told in seen:
            assert "b64_json" not in told and opened((await ann.get(told["url"])).content)


async def test_what_refuses_it_is_the_answer_and_what_goes_wrong_later_an_event(small: Served) -> None:
    async with small.client("ann") as ann:
        assert refusal(await ann.post(STREAM, data=words() | {"size": "9x9"})) == (
            422,
            "input_refused",
            "size",
        )
        [(name, told)] = await streamed(ann, data=words(f"A hat {BLOCKED_OUTPUT}"))
        assert name == "error" and told["paid"] == "unpaid"
        assert (told["status"], told["code"]) == (422, "moderation_blocked")


async def test_it_goes_on_and_is_kept_when_its_reader_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_events, "PING", 0.05)
    async with slow(tmp_path, delay=2) as (sandbox, served), served.client("ann") as ann:
        asked: dict[str, Any] = {"data": words(), "headers": {"Idempotency-Key": "k"}}
        async with ann.stream("POST", STREAM, **asked) as answer:
            async for line in answer.aiter_lines():
                assert line == ": ping"  # nothing came for a while, and the connection is held
                break
        kept = await first_kept(served)
        [(name, last)] = await streamed(ann, **asked)
        assert name == "image_generation.completed" and last["version_id"] == kept.id
        assert sandbox.totals.received == 1
