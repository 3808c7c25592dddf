"""When a post never left, and when nobody can know: over real connections, with every transport."""

import asyncio
import socket
from typing import Any

import httpx2
import pytest
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from coach.errors import PictureError
from coach.studio.engines import ImagePart
from coach.studio.engines._post import Post
from tests.studio._clients import CLIENTS, client_for
from tests.studio._service import Talk, listening, service, streams

FILES = [("image", ImagePart(name="photo-1.jpg", data=b"x" * 3_000_000, media_type="image/jpeg"))]


async def refusal(client: AsyncOpenAI, files: Any = ()) -> PictureError:
    with pytest.raises(PictureError) as caught:
        await Post(client).send("/images/edits", {"prompt": "secret words", "n": 1, "stream": True}, files)
    assert "secret" not in caught.value.detail and "127.0.0.1" not in caught.value.detail
    return caught.value


async def reads_some(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the head and the beginning of the body, then go away."""
    await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(10)


async def reads_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take everything and say nothing."""
    await reader.readuntil(b"secret words")


async def says_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"secret words")
    writer.write(b"!\r\n\r\n")
    await writer.drain()


async def refuses_tunnels(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A proxy that wants a password."""
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"CONNECT picture.test:443 ")
    writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
    await writer.drain()


async def takes_no_handshake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(10)


@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.parametrize("files", [(), FILES], ids=["json", "form"])
async def test_without_a_connection_it_never_left(kind: str, files: Any) -> None:
    async with client_for(kind, "http://127.0.0.1:1/v1") as client:
        error = await refusal(client, files)
    assert (error.code, error.paid) == ("not_sent", "unpaid")


@pytest.mark.parametrize("kind", CLIENTS)
async def test_without_an_address_it_never_left(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    async with client_for(kind, "http://picture.test/v1") as client:
        error = await refusal(client, FILES)
    assert (error.code, error.paid) == ("not_sent", "unpaid")


@pytest.mark.parametrize("kind", CLIENTS)
async def test_without_encryption_it_never_left(kind: str) -> None:
    async with (
        listening(takes_no_handshake) as port,
        client_for(kind, f"https://127.0.0.1:{port}/v") as client,
    ):
        error = await refusal(client, FILES)
    assert (error.code, error.paid) == ("not_sent", "unpaid")


@pytest.mark.parametrize("kind", CLIENTS)
async def test_when_the_proxy_refuses_it_never_left(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with listening(refuses_tunnels) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        async with client_for(kind, "https://picture.test/v1") as client:
            error = await refusal(client, FILES)
    assert (error.code, error.paid) == ("not_sent", "unpaid")


@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.parametrize("files", [(), FILES], ids=["json", "form"])
@pytest.mark.parametrize("talk", [reads_some, reads_all, says_nonsense])
async def test_once_some_of_it_was_read_nobody_knows(kind: str, files: Any, talk: Talk) -> None:
    async with listening(talk) as port, client_for(kind, f"http://127.0.0.1:{port}/v1") as client:
        error = await refusal(client, files)
    assert (error.code, error.paid) == ("connection_lost", "unknown")


class Insisting(httpx2.AsyncHTTPTransport):
    """A transport that tries again whatever happens."""

    tries = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        for _ in range(2):
            self.tries += 1
            try:
                return await super().handle_async_request(request)
            except httpx2.TransportError:
                continue
        raise httpx2.ConnectError("nothing was sent, honestly")


@pytest.mark.parametrize("files", [(), FILES], ids=["json", "form"])
async def test_a_transport_that_tries_again_is_given_nothing_more(files: Any) -> None:
    heard: list[str] = []

    async def listens(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"secret words")
        heard.append("the prompt")

    async with listening(listens) as port:
        http = DefaultAsyncHttpxClient(transport=(transport := Insisting()))
        url = f"http://127.0.0.1:{port}/v1"
        async with AsyncOpenAI(api_key="a-key", base_url=url, http_client=http) as client:
            error = await refusal(client, files)
    assert error.paid == "unknown"
    assert transport.tries == 2 and heard == ["the prompt"]


@pytest.mark.parametrize("kind", CLIENTS)
async def test_a_form_is_one_body_of_known_length(kind: str) -> None:
    body = {"prompt": "✦", "n": 1, "stream": True}
    async with service(streams(b"data: {}\n\n")) as upstream:
        url = f"http://127.0.0.1:{upstream.port}/v1"
        async with client_for(kind, url) as client:
            await (await Post(client).send("/images/edits", body, FILES)).close()
    [asked] = upstream.asked
    assert asked.fields == {"prompt": "✦", "n": "1", "stream": "true"}
    assert "transfer-encoding" not in asked.headers
    assert [len(content) for *_, content in asked.parts][-1] == 3_000_000
