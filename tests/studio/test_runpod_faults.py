"""What can go wrong with a job of RunPod's: going out, while it is looked at, and at its end."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from coach.errors import PictureError
from coach.studio import RunPodEngine
from coach.studio.engines import ImagePart
from tests.studio._large import check_never_in_memory, large
from tests.studio._rented import engine_at, engine_for, failure, fetch, keep, order, rented
from tests.studio._service import (
    HOURS,
    Reply,
    Service,
    breaks,
    cuts,
    pass_time,
    picture,
    says,
    service,
    store,
)

Json = dict[str, Any]
ID = "sync-60902e6c-u1"


def state(status: str, **more: Any) -> Json:
    """A job as it stands."""
    return {"delayTime": 12, "id": ID, "status": status, **more}


def done(*pictures: bytes, **more: Any) -> Json:
    """A job with its pictures, which come before its state."""
    images = [
        {"filename": "a.png", "type": "base64", "data": base64.b64encode(each).decode()} for each in pictures
    ]
    return dict(sorted(state("COMPLETED", executionTime=2400, output={"images": images}, **more).items()))


TAKEN, DONE = says(state("IN_QUEUE")), says(done(picture()))
QUEUED, WORKING, RUNNING = (says(state(each)) for each in ("IN_QUEUE", "IN_PROGRESS", "RUNNING"))


@asynccontextmanager
async def asked(*replies: Reply, **changed: Any) -> AsyncIterator[tuple[RunPodEngine, Service]]:
    """An engine that looks again at once, and the service it asks."""
    async with service(*replies) as upstream:
        yield engine_at(f"http://127.0.0.1:{upstream.port}/v2", poll=0.001, **changed), upstream


async def test_looks_that_fail_are_taken_again_and_the_post_never_is(tmp_path: Path) -> None:
    failing = (
        says({"error": "x"}, status=500),
        says({"error": "x"}, status=429, more={"retry-after-ms": "1"}),
        says(b"<html>busy</html>", status=502, media_type="text/html"),
        says(b"<html>busy</html>", media_type="text/html"),
        says(b""),
        says(b"[[1]]"),
        says({"id": ID}),
        says(state("SOMETHING_NEW")),
        says(state("IN_PROGRESS", output="progress: COMPLETED")),
        breaks,
        cuts(state("COMPLETED"), short=20),
    )
    async with asked(TAKEN, QUEUED, *failing, WORKING, RUNNING, DONE) as (engine, upstream):
        [found] = (await fetch(engine, tmp_path)).pictures
        assert await asyncio.to_thread(found.path.read_bytes) == picture()
    paths = [each.path for each in upstream.asked]
    assert paths[:1] == ["/v2/flux/run"] and len(paths) == 16
    assert set(paths[1:]) == {f"/v2/flux/status/{ID}"}
    assert {each.headers["authorization"] for each in upstream.asked} == {"Bearer a-key"}


@pytest.mark.parametrize(
    ("reply", "code", "paid"),
    [
        (says({"error": "x"}, status=400), "invalid_request", "unpaid"),
        (says({"error": "x"}, status=401), "bad_key", "unpaid"),
        (says({"error": "x"}, status=402), "over_quota", "unpaid"),
        (says({"error": "x"}, status=403), "no_access", "unpaid"),
        (says({"error": "x"}, status=404), "model_not_found", "unpaid"),
        (says({"error": "x"}, status=413), "too_large", "unpaid"),
        (says({"error": "x"}, status=429, more={"retry-after": "3"}), "rate_limited", "unpaid"),
        (says({"error": "x"}, status=500), "service_error", "unknown"),
        (says(b"", status=308, more={"location": "/elsewhere"}), "service_error", "unknown"),
        (breaks, "connection_lost", "unknown"),
        (cuts(state("IN_QUEUE"), short=3), "connection_lost", "unknown"),
        (says({"status": "IN_QUEUE"}), "bad_answer", "unknown"),
        (says({"id": "../flux/run"}), "bad_answer", "unknown"),
        (says({"id": None}), "bad_answer", "unknown"),
        (says(b"<html>busy</html>", media_type="text/html"), "bad_answer", "unknown"),
    ],
)
async def test_a_post_that_goes_wrong_is_never_sent_again(
    reply: Reply, code: str, paid: str, tmp_path: Path
) -> None:
    async with asked(reply) as (engine, upstream):
        error = await failure(engine, tmp_path)
        assert (error.code, error.paid, len(upstream.asked)) == (code, paid, 1)
    assert error.retry_after == (3.0 if code == "rate_limited" else None)


@pytest.mark.parametrize(
    ("reply", "code", "says_so"),
    [
        (says({"error": "x"}, status=404), "interrupted", "no longer there"),
        (says({"error": "x"}, status=401), "bad_key", "HTTP 401"),
        (says({"error": "x"}, status=403), "no_access", "HTTP 403"),
    ],
)
async def test_a_job_that_cannot_be_looked_at_may_have_been_charged(
    reply: Reply, code: str, says_so: str, tmp_path: Path
) -> None:
    async with asked(TAKEN, reply) as (engine, upstream):
        error = await failure(engine, tmp_path)
        assert (error.code, error.paid, len(upstream.asked)) == (code, "unknown", 2)
    assert f"flux/{ID}" in error.detail and says_so in error.detail


async def test_a_deadline_names_the_job_that_goes_on(tmp_path: Path) -> None:
    async def works_for_hours(writer: asyncio.StreamWriter) -> None:
        await WORKING(writer)
        pass_time(HOURS)

    async with asked(TAKEN, works_for_hours) as (engine, _):
        error = await failure(engine, tmp_path)
    assert (error.code, error.paid, error.request_id) == ("timeout", "unknown", "req_1")
    assert f"flux/{ID} goes on" in error.detail


async def test_a_service_that_cannot_be_reached_was_not_asked(tmp_path: Path) -> None:
    async with asked(TAKEN) as (engine, upstream):
        pass
    error = await failure(engine, tmp_path)
    assert (error.code, error.paid, upstream.asked) == ("not_sent", "unpaid", [])
    assert "RUNPOD_BASE_URL" in error.detail


async def test_a_service_that_falls_silent_is_not_waited_for_for_ever() -> None:
    async with asked(TAKEN) as (engine, upstream):
        upstream.replies = [upstream.is_too_late]
        for question in (engine.forget(f"flux/{ID}"), engine.health("flux-dev")):
            with pytest.raises(PictureError) as caught:
                await question
            assert caught.value.code == "connection_lost"


async def test_what_is_too_large_for_a_request_is_not_sent(tmp_path: Path) -> None:
    photo = ImagePart(name="photo-1.png", data=bytes(8_000_000), media_type="image/png")
    async with asked(TAKEN) as (engine, upstream):
        error = await failure(engine, tmp_path, order("a hill", photo))
        assert (error.code, error.paid, upstream.asked) == ("too_large", "unpaid", [])


async def test_an_id_in_the_ledger_that_is_none_leads_nowhere() -> None:
    async with asked(TAKEN) as (engine, upstream):
        for job_id in ("", "resp_1", "flux/../health", "https://example.org/a/b"):
            with pytest.raises(PictureError) as caught:
                async with engine.resume(job_id):
                    pass
            assert (caught.value.code, caught.value.paid) == ("interrupted", "unknown")
        assert upstream.asked == []


async def test_a_picture_that_breaks_off_can_be_fetched_again(tmp_path: Path) -> None:
    whole = done(picture(size=(640, 960)), padding="x" * 70_000)
    async with asked(TAKEN, cuts(whole), says(whole)) as (engine, _):
        error = await failure(engine, tmp_path)
        assert (error.code, error.paid) == ("connection_lost", "unknown")
        async with engine.resume(f"flux/{ID}") as answer:
            assert (await keep(engine, answer, tmp_path)).pictures
    cut = store(tmp_path / "cut", json.dumps(whole).encode()[:-40])
    with pytest.raises(PictureError) as caught:
        engine.read(cut, "application/json", tmp_path / "d")
    assert (caught.value.code, caught.value.paid) == ("bad_answer", "unknown")


ENDS = {
    "job_no_comfy": ("service_error", "paid", "ComfyUI server"),
    "job_node_raised": ("service_error", "paid", "node 13 (SamplerCustomAdvanced)"),
    "job_no_history": ("service_error", "paid", "Job processing failed"),
    "job_no_socket": ("service_error", "paid", "WebSocket communication error"),
    "job_no_http": ("service_error", "paid", "HTTP communication error with ComfyUI"),
    "job_raised": ("service_error", "paid", "RuntimeError"),
    "job_odd": ("service_error", "paid", "a reason that is not known"),
    "job_odd_object": ("service_error", "paid", "a reason that is not known"),
    "job_no_pictures": ("bad_answer", "paid", "saved no picture"),
    "job_bad_picture": ("bad_answer", "paid", "not as documented"),
    "job_timed_out": ("timeout", "paid", "SYNC_TIMEOUT"),
    "job_cancelled": ("cancelled", "unknown", "somebody cancelled it"),
    "job_vanishes": ("interrupted", "unknown", "no longer there"),
    "job_link_inside": ("not_fetched", "unknown", "forbidden_address"),
}


@pytest.mark.parametrize("mode", ENDS)
async def test_every_end_of_a_job_is_typed_and_says_what_was_paid(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coach.studio.engines._linked._PAUSES", ())
    code, paid, why = ENDS[mode]
    with rented(mode) as sandbox:
        error = await failure(engine_for(sandbox), tmp_path)
    assert (error.code, error.paid) == (code, paid)
    assert why in error.detail and "words of a prompt" not in error.detail
    assert str(error).endswith({"paid": "It was charged.", "unknown": "It may have been charged."}[paid])
    if paid == "paid":
        assert error.usage and error.usage["execution_ms"] >= 1


async def test_the_answer_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    before = b'{"output": {"message": "data:image/webp;base64,'
    reply = large(before, b'", "status": "success"}, "executionTime": 2400, "status": "COMPLETED"}')
    async with asked(TAKEN, WORKING, reply) as (engine, _):
        await check_never_in_memory(engine, order(), tmp_path)
