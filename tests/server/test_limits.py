"""How much, how slowly and how often: what is too much is refused, and others are served meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import APIRouter, Request, UploadFile

from coach.sandbox import Sandbox
from coach.server import bodies, protocol
from coach.server.bodies import MAX_BODY, MAX_UPLOAD, takes
from tests.server._serve import PATIENCE, Served, an_app, begin, serving, settings_for

SESSIONS = "/api/v1/sessions/"


def uploads() -> APIRouter:
    """Routes that read what is sent in the ways there are, and say how much it was."""
    router = APIRouter()

    @router.post("/form/")
    async def form(file: UploadFile) -> int:
        return len(await file.read())

    @router.post("/raw/", openapi_extra=takes(3 * MAX_BODY))
    async def raw(request: Request) -> int:
        return len(await request.body())

    return router


async def pieces(size: int) -> AsyncIterator[bytes]:
    """A body whose length is not said before."""
    for _ in range(0, size, 65536):
        yield b"x" * 65536


async def test_a_body_is_read_up_to_its_routes_limit(small: Served) -> None:
    small.app.include_router(uploads())
    async with small.client("ann") as client:

        async def form(size: int) -> httpx2.Response:
            return await client.post("/form/", files={"file": ("a.png", b"x" * size)})

        fits = [await form(MAX_UPLOAD - 1000), await client.post("/raw/", content=pieces(3 * MAX_BODY))]
        assert [answer.json() for answer in fits] == [MAX_UPLOAD - 1000, 3 * MAX_BODY]
        too_large = [
            await form(MAX_UPLOAD),
            await client.post("/raw/", content=b"x" * (3 * MAX_BODY + 1)),
            await client.post("/raw/", content=pieces(4 * MAX_BODY)),
            await client.post(SESSIONS, content=b"x" * (MAX_BODY + 1)),
            await client.post(SESSIONS, content=pieces(2 * MAX_BODY)),
        ]
    assert {(answer.status_code, answer.json()["code"]) for answer in too_large} == {(413, "too_large")}


async def test_from_a_stranger_nothing_large_is_taken_even_before_the_route_asks(small: Served) -> None:
    small.app.include_router(uploads())
    async with httpx2.AsyncClient(base_url=small.url, timeout=PATIENCE) as stranger:
        raw = await stranger.post("/raw/", content=pieces(2 * MAX_BODY))
        form = await stranger.post("/form/", files={"file": ("a.png", b"x" * MAX_BODY * 2)})
    assert {(each.status_code, each.json()["code"]) for each in (raw, form)} == {(401, "not_signed_in")}


HEAD = b"POST /api/v1/sessions/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
SLOW = {
    "nothing at all": b"",
    "headers that do not end": HEAD,
    "a body that does not come": HEAD + b"Content-Length: 100\r\n\r\n",
    "a body that does not end": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    "a body that nobody reads": b"GET /api/v1/health/ HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\nx",
}


@pytest.mark.parametrize("dripping", [False, True])
async def test_who_sends_too_slowly_is_let_go_while_others_are_served(
    small: Served, monkeypatch: pytest.MonkeyPatch, dripping: bool
) -> None:
    for module, name in ((protocol, "HEADERS"), (bodies, "BETWEEN"), (bodies, "IN_ALL")):
        monkeypatch.setattr(module, name, 0.5)
    gone = [asyncio.create_task(let_go(small, sent, dripping=dripping)) for sent in SLOW.values()]
    async with small.client("ann") as client:
        while not all(task.done() for task in gone):
            assert (await client.get("/api/v1/health/")).status_code == 200
            await asyncio.sleep(0.05)
    answers = dict(zip(SLOW, await asyncio.gather(*gone), strict=True))
    for told in ("a body that does not come", "a body that does not end"):
        assert b" 408 " in answers[told] and b"too_slow" in answers[told]
        assert b"\r\nconnection: close\r\n" in answers[told]


async def let_go(served: Served, sent: bytes, *, dripping: bool) -> bytes:
    """Send something, and then nothing or a byte now and then; gives what was answered before the end."""
    host, _, port = served.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)

    async def drip() -> None:
        while True:
            await asyncio.sleep(0.1)
            # In a chunked body a piece of one byte, elsewhere just bytes.
            writer.write(b"1\r\nx\r\n" if b"chunked" in sent else b"x")

    dripper = asyncio.create_task(drip()) if dripping else None
    answer = b""
    try:
        async with asyncio.timeout(PATIENCE):
            while piece := await reader.read(65536):
                answer += piece
    except ConnectionResetError:
        pass
    finally:
        if dripper is not None:
            dripper.cancel()
            await asyncio.wait([dripper])
        writer.close()
    return answer


async def test_one_who_takes_nothing_of_an_answer_is_let_go(
    small: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    router = APIRouter()

    @router.get("/much/")
    async def much() -> str:
        return "x" * 20_000_000

    small.app.include_router(router)
    monkeypatch.setattr(protocol, "TAKING", 0.5)
    host, _, port = small.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    writer.write(b"GET /much/ HTTP/1.1\r\nHost: a\r\n\r\n")
    async with asyncio.timeout(PATIENCE):
        await reader.readexactly(100)
        # Read nothing until the connection is cut; then what had come already, and less than all.
        while not writer.transport.is_closing():
            writer.write(b"\r\n")
            await asyncio.sleep(0.1)
    writer.close()


async def test_too_many_requests_and_turns_are_told_when_to_come_back(
    quick_sandbox: Sandbox, tmp_path: Path
) -> None:
    server = {"requests_per_minute": 8, "turns_per_minute": 2, "guests": True, "guests_per_hour": 2}
    app = an_app(settings_for(quick_sandbox, tmp_path), server=server, faces=None)
    async with serving(app) as served, served.client("ann") as ann, served.client("ben") as ben:
        talk = await begin(ann)
        path = f"/api/v1/conversations/{talk}/turns/"
        turns = [await ann.post(path, json={"type": "greet"}) for _ in range(3)]
        assert [answer.status_code for answer in turns] == [200, 200, 429]
        asked = [await ann.get("/api/v1/conversations/") for _ in range(5)]
        assert [answer.status_code for answer in asked] == [200, 200, 200, 200, 429]
        for refused in (turns[-1], asked[-1]):
            assert refused.json()["code"] == "too_many"
            assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert (await ben.get("/api/v1/conversations/")).status_code == 200

        async with httpx2.AsyncClient(base_url=served.url, timeout=PATIENCE) as stranger:
            came = []
            for _ in range(3):
                stranger.cookies.clear()
                came.append((await stranger.post(SESSIONS, json={})).status_code)
            tried = [(await stranger.post(SESSIONS, json={"key": "x"})).status_code for _ in range(21)]
        assert came == [200, 200, 429] and tried == [401] * 20 + [429]
