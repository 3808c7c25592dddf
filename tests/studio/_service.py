"""A picture service on this machine: answers with what a test prepared, byte for byte, and remembers."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openai import AsyncOpenAI
from PIL import Image

from coach.settings import Settings
from coach.studio import GptImageEngine
from coach.studio.engines import Order

Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

HOURS = 36_000.0
"""Seconds after which every deadline has passed."""

USAGE = {
    "input_tokens": 1100,
    "input_tokens_details": {"text_tokens": 76, "image_tokens": 1024},
    "output_tokens": 1373,
    "output_tokens_details": {"image_tokens": 1373, "text_tokens": 0},
    "total_tokens": 2473,
}


async def ignore(job_id: str) -> None:
    """Nobody writes a job's id down."""


def picture(colour: str = "navy", *, form: str = "PNG", size: tuple[int, int] = (64, 96)) -> bytes:
    """A small picture of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, form)
    return file.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def noted(data: bytes) -> bytes:
    """A picture with these bytes somewhere in it."""
    made = picture()
    return made[:33] + chunk(b"noTe", data) + made[33:]


def answer(*pictures: bytes, usage: Mapping[str, Any] | None = USAGE) -> dict[str, Any]:
    """The body of a good answer."""
    data = [{"b64_json": base64.b64encode(each).decode()} for each in pictures]
    return {"created": 1, "data": data, "output_format": "png", "size": "1024x1536", "usage": usage}


def error(
    code: str | None, *, param: str | None = None, message: str = "secret words", **more: Any
) -> dict[str, Any]:
    """The body of a refusal."""
    return {
        "error": {"message": message, "type": "invalid_request_error", "param": param, "code": code, **more}
    }


def event(name: str, **fields: Any) -> bytes:
    """One frame of a stream."""
    return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()


def frames(*previews: bytes, final: bytes | None, kind: str = "image_edit") -> bytes:
    """A whole stream: previews, then the picture."""
    usage = {key: value for key, value in USAGE.items() if key != "output_tokens_details"}
    sent = [
        event(f"{kind}.partial_image", b64_json=base64.b64encode(each).decode(), partial_image_index=index)
        for index, each in enumerate(previews)
    ]
    if final is not None:
        sent.append(event(f"{kind}.completed", b64_json=base64.b64encode(final).decode(), usage=usage))
    return b"".join(sent)


def says(
    body: Any, *, status: int = 200, media_type: str = "application/json", more: Mapping[str, str] = {}
) -> Reply:
    """Answer with a body: bytes as they are, anything else as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"content-type": media_type, "content-length": str(len(data)), "x-request-id": "req_1", **more}
    lines = [f"HTTP/1.1 {status} Status", *(f"{name}: {value}" for name, value in headers.items())]

    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
        await writer.drain()

    return reply


def streams(body: bytes) -> Reply:
    """Answer with a stream of events."""
    return says(body, media_type="text/event-stream; charset=utf-8")


def one_by_one(body: bytes, ready: Callable[[int], Awaitable[None]]) -> Reply:
    """Answer with a stream of which event number ``n``, from 0, is sent after ``ready(n)``."""
    *sent, _ = body.split(b"\n\n")

    async def reply(writer: asyncio.StreamWriter) -> None:
        await says(b"", media_type="text/event-stream", more={"content-length": str(len(body))})(writer)
        for number, each in enumerate(sent):
            await ready(number)
            writer.write(each + b"\n\n")
            await writer.drain()

    return reply


def cuts(body: Any, *, media_type: str = "application/json", short: int = 40) -> Reply:
    """Promise ``short`` bytes more than come, and close the connection."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return says(data[:-short], media_type=media_type, more={"content-length": str(len(data))})


async def breaks(writer: asyncio.StreamWriter) -> None:
    """Close the connection without a word."""
    writer.close()


@dataclass
class Asked:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def parts(self) -> list[tuple[str, dict[str, str], bytes]]:
        """A multipart body: the name of each field, its headers, its content."""
        boundary = self.headers["content-type"].partition("boundary=")[2].encode()
        found = []
        for part in self.body.split(b"--" + boundary)[1:-1]:
            head, _, content = part[2:-2].partition(b"\r\n\r\n")
            lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
            headers = {name.lower(): value for name, value in lines.items()}
            name = re.search(r'name="([^"]*)"', headers["content-disposition"])
            assert name is not None
            found.append((name[1], headers, content))
        return found

    @property
    def fields(self) -> dict[str, str]:
        """The fields of a multipart body that are no files."""
        return {
            name: content.decode() for name, headers, content in self.parts if "content-type" not in headers
        }


@dataclass
class Service:
    """What was asked, and what will be answered; the last reply is given again and again."""

    replies: list[Reply]
    asked: list[Asked] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    def client(self) -> AsyncOpenAI:
        """The client of production for it, with the SDK's own retries and redirects left on."""
        address = f"http://127.0.0.1:{self.port}/v1"
        return Settings.read(openai_api_key="a-key", openai_base_url=address).openai(keep_alive=False)

    async def waits(self, writer: asyncio.StreamWriter) -> None:
        """Answer nothing until :attr:`go_on`."""
        await self.go_on.wait()
        writer.close()

    async def is_too_late(self, writer: asyncio.StreamWriter) -> None:
        """Answer nothing until every deadline has passed."""
        pass_time(HOURS)
        await self.waits(writer)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.asked.append(Asked(path=lines[0].split()[1], headers=headers, body=body))
        self.arrived.set()
        await (self.replies.pop(0) if len(self.replies) > 1 else self.replies[0])(writer)


def pass_time(seconds: float) -> None:
    """Let the running loop's clock jump: a deadline passes without anybody waiting for it."""
    loop = asyncio.get_running_loop()
    clock = loop.time
    vars(loop)["time"] = lambda: clock() + seconds


async def no_job(job_id: str) -> None:
    """The images API has none."""
    raise AssertionError(job_id)


async def ask(engine: GptImageEngine, wanted: Order, body: Path) -> str:
    """Send an order, keep the answer's body in a file, return its type."""
    async with engine.send(wanted, begun=no_job) as got:
        store(body, b"".join([chunk async for chunk in got.chunks()]))
        return got.media_type


def store(path: Path, data: bytes) -> Path:
    """A file with these bytes."""
    path.write_bytes(data)
    return path


@asynccontextmanager
async def engine_for(*replies: Reply, seconds: float = 20) -> AsyncIterator[tuple[GptImageEngine, Service]]:
    """An engine and the service it asks."""
    async with service(*replies) as upstream, upstream.client() as client:
        yield GptImageEngine(client, seconds=seconds), upstream


@asynccontextmanager
async def listening(talk: Talk) -> AsyncIterator[int]:
    """A server on this machine that talks like this with everybody; its port."""
    talks: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
        # Who asked has gone; nothing of it outlives the loop.
        await asyncio.wait_for(asyncio.gather(*talks), 5)


@asynccontextmanager
async def service(*replies: Reply) -> AsyncIterator[Service]:
    """Run a service in this loop."""
    running = Service(list(replies))
    async with listening(running.serve) as running.port:
        try:
            yield running
        finally:
            running.go_on.set()
