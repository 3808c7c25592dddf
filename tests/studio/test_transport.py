"""Our own network transport: bounded, strict, and led by the environment where it may be."""

import asyncio
import gc
import gzip
import struct
import tracemalloc
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET

import httpx2
import pytest
from openai import AsyncOpenAI

from coach.errors import PictureError
from coach.settings import Settings
from coach.studio import GptImageEngine
from coach.studio.engines import ImagePart, Order
from coach.studio.engines._transport import MOST_ERROR, PictureTransport
from tests.studio._service import Reply, answer, ask, error, listening, no_job, picture, says, service

ORDER = Order(operation="generate", model="m", prompt="a prompt", params={"n": 1})


def client_of(port: int) -> AsyncOpenAI:
    """As the library makes one for pictures."""
    settings = Settings.read(openai_api_key="a-key", openai_base_url=f"http://127.0.0.1:{port}/v1")
    return settings.openai(keep_alive=False)


async def get(port: int, transport: PictureTransport | None = None, url: str = "") -> httpx2.Response:
    async with httpx2.AsyncClient(transport=transport or PictureTransport(trust_env=False)) as client:
        return await client.post(url or f"http://127.0.0.1:{port}/v1/x", content=b"{}")


async def refused_by(port: int, folder: Path, order: Order = ORDER) -> PictureError:
    async with client_of(port) as client:
        with pytest.raises(PictureError) as caught:
            await ask(GptImageEngine(client, seconds=20), order, folder / "a.body")
    return caught.value


async def test_the_body_of_an_error_is_cut_off(tmp_path: Path) -> None:
    async with service(says(b"x" * 3_000_000, status=400)) as upstream:
        assert (await get(upstream.port)).content == b"x" * MOST_ERROR
        assert (await refused_by(upstream.port, tmp_path)).code == "invalid_request"


async def test_a_bomb_in_an_error_does_not_go_off(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    async with service(says(bomb, status=429, more={"content-encoding": "gzip"})) as upstream:
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        refused = await refused_by(upstream.port, tmp_path)
        most = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
    assert (refused.code, refused.paid) == ("rate_limited", "unpaid")
    assert most < 10_000_000


async def test_a_refusal_counts_although_its_body_breaks_off(tmp_path: Path) -> None:
    short = says(error("insufficient_quota"), status=400, more={"content-length": "5000"})
    async with service(short) as upstream:
        assert (await refused_by(upstream.port, tmp_path)).paid == "unpaid"


async def test_a_refusal_is_heard_before_everything_was_sent(tmp_path: Path) -> None:
    async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        await reader.read()  # until the other side closes

    photo = ImagePart(name="photo-1.jpg", data=b"x" * 30_000_000, media_type="image/jpeg")
    order = Order(operation="edit", model="m", prompt="a prompt", params={}, images=(photo,))
    async with listening(refuses) as port:
        assert (await refused_by(port, tmp_path, order)).code == "too_large"


async def test_nobody_is_followed_and_nothing_is_remembered() -> None:
    more = {"location": "/v1/elsewhere", "set-cookie": "a=b; Path=/"}
    async with service(says(b"", status=308, more=more), says(b"{}")) as upstream:
        transport = PictureTransport(trust_env=False)
        assert (await get(upstream.port, transport)).status_code == 308
        assert (await get(upstream.port, transport)).status_code == 200
    assert [asked.path for asked in upstream.asked] == ["/v1/x", "/v1/x"]
    assert not any("cookie" in asked.headers for asked in upstream.asked)


async def test_an_answer_comes_as_it_was_sent() -> None:
    packed = gzip.compress(b"{}")
    async with service(says(packed, more={"content-encoding": "gzip"})) as upstream:
        url = f"http://127.0.0.1:{upstream.port}/"
        async with (
            httpx2.AsyncClient(transport=PictureTransport(trust_env=False)) as client,
            client.stream("POST", url, content=b"{}") as got,
        ):
            assert b"".join([piece async for piece in got.aiter_raw()]) == packed


@pytest.mark.parametrize(
    ("name", "value", "used"),
    [
        ("HTTP_PROXY", "http://127.0.0.1:{}", True),
        ("http_proxy", "127.0.0.1:{}", True),
        ("ALL_PROXY", "http://127.0.0.1:{}", True),
        ("HTTPS_PROXY", "http://127.0.0.1:{}", False),
    ],
)
async def test_the_environment_may_name_a_proxy(
    name: str, value: str, used: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(each, raising=False)
        monkeypatch.delenv(each.lower(), raising=False)
    async with service(says(b"{}")) as proxy:
        monkeypatch.setenv(name, value.format(proxy.port))
        if used:
            await get(0, PictureTransport(), "http://127.0.0.1:1/v1/x")
        for transport in (PictureTransport(trust_env=False), PictureTransport()):
            monkeypatch.setenv("NO_PROXY", "127.0.0.1")
            with pytest.raises(httpx2.ConnectError):
                await get(0, transport, "http://127.0.0.1:1/v1/x")
    assert [asked.path for asked in proxy.asked] == (["http://127.0.0.1:1/v1/x"] if used else [])


async def test_a_proxy_that_is_none_is_no_reason_to_go_without(monkeypatch: pytest.MonkeyPatch) -> None:
    async with service(says(b"{}")) as upstream:
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HTTP_PROXY", "socks5://127.0.0.1:1")
        with pytest.raises(httpx2.TransportError):
            await get(upstream.port, PictureTransport())
    assert upstream.asked == []


def test_one_transport_serves_one_loop_after_another() -> None:
    transport = PictureTransport(trust_env=False)

    async def once(reply: Reply) -> int:
        async with service(reply) as upstream:
            return (await get(upstream.port, transport)).status_code

    assert [asyncio.run(once(says(b"{}"))) for _ in range(2)] == [200, 200]


async def test_leaving_early_closes_the_connection() -> None:
    gone = asyncio.Event()

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100)
        try:
            while True:
                writer.write(b"x" * 1000)
                await writer.drain()
        finally:
            gone.set()

    async with service(endless) as upstream, client_of(upstream.port) as client:
        async with GptImageEngine(client).send(ORDER, begun=no_job) as got:
            assert await anext(got.chunks())
        await asyncio.wait_for(gone.wait(), 10)


async def test_a_picture_comes_through_whole(tmp_path: Path) -> None:
    made = picture(size=(400, 300))
    body = tmp_path / "a.body"
    async with service(says(answer(made))) as upstream, client_of(upstream.port) as client:
        media_type = await ask(engine := GptImageEngine(client), ORDER, body)
    received = engine.read(body, media_type, tmp_path / "a.picture")
    assert [found.path.read_bytes() for found in received.pictures] == [made]


async def test_an_answer_comes_in_pieces_that_many_can_hold_at_once() -> None:
    body = b"x" * 16 * 1024 * 1024
    async with (
        service(says(body)) as upstream,
        client_of(upstream.port) as client,
        GptImageEngine(client).send(ORDER, begun=no_job) as got,
    ):
        pieces = [len(piece) async for piece in got.chunks()]
    assert sum(pieces) == len(body)
    # The first ones may have come before there was somebody to bound them.
    assert max(pieces[2:]) <= 128 * 1024


async def test_a_connection_that_is_reset_is_told_once_and_not_printed_as_well() -> None:
    """A job's answer is often left early: whoever serves it may then reset the connection."""
    unseen: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: unseen.append(context))

    async def resets(writer: asyncio.StreamWriter) -> None:
        await says(b"x" * 1000, more={"content-length": "9000000"})(writer)
        socket = writer.get_extra_info("socket")
        socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        await asyncio.sleep(0.05)  # the head is read, and the body is read on
        writer.transport.abort()

    async with service(resets) as upstream:
        with pytest.raises(httpx2.ReadError):
            await get(upstream.port)
        await asyncio.sleep(0.05)
    gc.collect()
    assert unseen == []
