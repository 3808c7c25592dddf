"""What is written down of requests, in logs and telemetry: that they were, and nothing of what is in them."""

import asyncio
import base64
import io
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretStr

from coach.sandbox import BLOCKED_INPUT, Sandbox
from tests._telemetry import points, telemetry
from tests.cli.test_stop import TO_A_PICTURE
from tests.server._serve import (
    PATIENCE,
    Seen,
    Served,
    an_app,
    begin,
    events_of,
    say,
    serving,
    settings_for,
    until,
)

SAID = [line for line in TO_A_PICTURE if not line.startswith("/") and line != "y"]
PERSON, WORDS, KEY = "canary-of-a-person", "canary-in-what-they-say", "sk-canary-of-the-service"
TURNS = "/api/v1/conversations/{conversation_id}/turns/"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Others(logging.StreamHandler[io.StringIO]):
    """What is said by all tasks but the one that made it: the server's, not the test's own client's."""

    def __init__(self, written: io.StringIO) -> None:
        super().__init__(written)
        self._me = asyncio.current_task()

    def emit(self, record: logging.LogRecord) -> None:
        """Write it down."""
        try:
            mine = asyncio.current_task() is self._me
        except RuntimeError:  # in another thread
            mine = False
        if not mine:
            super().emit(record)


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Everything that any logger says while the server works, down to DEBUG."""
    written, root = io.StringIO(), logging.getLogger()
    handler, level = Others(written), root.level
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture(name="telemetry")
def _telemetry() -> tuple[InMemorySpanExporter, InMemoryMetricReader]:
    return telemetry()


async def journey(served: Served, client: httpx2.AsyncClient, photo: bytes) -> list[Seen]:
    """From hello to a picture, with a canary in what they say."""
    await served.here.store.consents.give(PERSON, statement="I agree")
    await served.here.store.photos.add(PERSON, photo)
    talk = await begin(client)
    seen = []
    for line in SAID:
        seen += await say(client, talk, line.replace("difficult things", f"difficult things, {WORDS},"))
    return seen


async def failures(client: httpx2.AsyncClient, secrets: list[str]) -> None:
    """Requests that fail, each with secrets in another place."""
    for secret in secrets:
        await client.post("/api/v1/sessions/", json={"key": secret})
        await client.post("/api/v1/sessions/", json={secret: 1})
        await client.post("/api/v1/sessions/", content="{" + secret)
        await client.get(f"/api/v1/files/{quote(secret, safe='')}?{quote(secret)}=1")
        await client.get(f"/{quote(secret, safe='')}/", headers={"X-Any": secret[:50]})
        await client.get("/api/v1/conversations/", headers={"Authorization": f"Bearer {secret[:500]}"})
        await client.get("/api/v1/conversations/", headers={"Cookie": f"sessionid={secret[:500]}"})


async def test_nothing_that_is_written_down_holds_a_key_a_link_a_photo_or_what_people_say(
    quick_sandbox: Sandbox,
    tmp_path: Path,
    photo_bytes: bytes,
    telemetry: tuple[InMemorySpanExporter, InMemoryMetricReader],
) -> None:
    settings = settings_for(quick_sandbox, tmp_path)
    settings = settings.model_copy(update={"openai_api_key": SecretStr(KEY)})
    app = an_app(settings, server={"guests": True}, faces=None)
    with logged() as log:
        async with serving(app) as served, served.client(PERSON) as client:
            seen = await journey(served, client, photo_bytes)
            [url] = [data["picture"]["url"] for _, name, data in seen if name == "image"]
            assert (await client.get(url)).status_code == 200
            key = client.headers["authorization"].removeprefix("Bearer ")
            session = str((await client.post("/api/v1/sessions/", json={"key": key})).cookies["sessionid"])
            photo = base64.b64encode(photo_bytes).decode()[100:300]
            secrets = [key, session, url.rpartition("/")[2], WORDS, photo]
            async with httpx2.AsyncClient(base_url=served.url, timeout=PATIENCE) as stranger:
                await failures(stranger, secrets)
    spans, measured = telemetry
    written = [log.getvalue(), *(span.to_json() for span in spans.get_finished_spans())]
    data = measured.get_metrics_data()
    written.append("" if data is None else data.to_json())
    assert f"coach.server.requests INFO POST {TURNS} 200" in written[0] and "http.route" in written[-1]
    assert [secret for secret in (*secrets, *SAID, KEY, PERSON) for text in written if secret in text] == []


async def test_a_request_is_one_span_and_what_is_open_is_counted(
    small: Served, telemetry: tuple[InMemorySpanExporter, InMemoryMetricReader]
) -> None:
    spans, measured = telemetry
    async with small.client("ann") as client:
        talk = await begin(client)
        spans.clear()
        await say(client, talk, "Hello")
        async with client.stream("GET", f"/api/v1/conversations/{talk}/events/") as answer:
            assert [name async for _, name, _ in some(answer, 2)] == ["said", "say"]
            assert value(measured, "coach.streams.open") == 1
        await client.get("/nowhere/", headers={"traceparent": PARENT})
        await client.request("BREW", "/api/v1/health/")
    events = TURNS.replace("turns", "events")
    # A stream ends when the server sees that its reader is gone, a turn after its last event.
    await until(lambda: value(measured, "coach.streams.open") == value(measured, "coach.turns.running") == 0)
    ended = {span.name: span for span in spans.get_finished_spans()}
    assert ended.keys() == {f"POST {TURNS}", f"GET {events}", "GET", "_OTHER /api/v1/health/"}
    turn, nowhere = ended[f"POST {TURNS}"], ended["GET"]
    assert turn.attributes is not None and nowhere.parent is not None
    told = {"http.request.method", "http.route", "http.response.status_code", "url.scheme", "coach.caller"}
    assert turn.attributes.keys() == told and turn.kind == trace.SpanKind.SERVER
    assert trace.format_trace_id(nowhere.parent.trace_id) in PARENT


async def test_pictures_are_counted_by_their_outcome_with_what_they_cost(
    small: Served, quick_sandbox: Sandbox, telemetry: tuple[InMemorySpanExporter, InMemoryMetricReader]
) -> None:
    before, model = quick_sandbox.totals.micros, "gpt-image-2"
    with (
        counted(telemetry[1], "coach.pictures", model) as made,
        counted(telemetry[1], "coach.pictures.cost", model) as cost,
    ):
        async with small.client("ann") as client:
            for prompt in ("A hat", BLOCKED_INPUT):
                form = {"prompt": prompt, "model": model, "quality": "low", "n": "2"}
                await client.post("/api/ai/gpt-image/advanced/", data=form)
    assert made == {"done": 2, "refused": 2}
    assert cost == {"done": quick_sandbox.totals.micros - before}


@contextmanager
def counted(measured: InMemoryMetricReader, name: str, model: str) -> Iterator[dict[str, int]]:
    """What is added to a counter of pictures in a block, by outcome."""

    def now() -> Counter[str]:
        found = Counter[str]()
        for point in points(measured, name):
            told = dict(point.attributes or {})
            if told["coach.picture.model"] == model:
                assert told["coach.picture.engine"] == "gpt-image"
                found[str(told["coach.picture.outcome"])] += point.value
        return found

    before, added = now(), dict[str, int]()
    yield added
    added.update(now() - before)


async def some(answer: httpx2.Response, count: int) -> Any:
    """The first events of a stream."""
    async for each in events_of(answer):
        yield each
        if (count := count - 1) == 0:
            return


def value(measured: InMemoryMetricReader, name: str) -> float:
    """What a counter stands at."""
    [point] = points(measured, name)
    return float(point.value)
