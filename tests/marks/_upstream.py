"""A picture service that counts: ``python -m tests.marks._upstream --port 8080``.

It charges for a request once all of it is there. The prompt names the trial: ``trial-17``. The answer is sent
in pieces with pauses between them, so that a kill can fall into the middle of it. ``--seconds 2``: so long it
works on each picture.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import io
import json
import re
import time
from collections import Counter
from functools import cache

from PIL import Image

PIECES = 6
PAUSE = 0.01


@cache
def picture() -> bytes:
    """The one picture it makes: a gradient, large enough to come in pieces."""
    file = io.BytesIO()
    Image.radial_gradient("L").resize((512, 768)).convert("RGB").save(file, "PNG")
    return file.getvalue()


USAGE = {
    "input_tokens": 1100,
    "input_tokens_details": {"text_tokens": 76, "image_tokens": 1024},
    "output_tokens": 1373,
    "output_tokens_details": {"image_tokens": 1373, "text_tokens": 0},
    "total_tokens": 2473,
}


@cache
def answer() -> bytes:
    """The body of its answer."""
    data = [{"b64_json": base64.b64encode(picture()).decode()}]
    return json.dumps({"created": 1, "data": data, "usage": USAGE}).encode()


@cache
def job(job_id: str, *, done: bool) -> bytes:
    """A job of the Responses API: as it is taken, and when it is done."""
    taken = {"id": job_id, "object": "response", "status": "completed" if done else "queued", "output": []}
    if not done:
        return json.dumps(taken).encode()
    drawn = {"type": "image_generation_call", "status": "completed", "id": "ig_1"}
    output = [drawn | {"result": base64.b64encode(picture()).decode()}]
    said = {"input_tokens": 900, "output_tokens": 60, "total_tokens": 960}
    return json.dumps(taken | {"output": output, "usage": said, "tool_usage": {"image_gen": USAGE}}).encode()


@cache
def said() -> bytes:
    """What the coach says, as a stream."""
    choice = {"index": 0, "delta": {"role": "assistant", "content": "Look."}, "finish_reason": None}
    chunk = {"id": "chat_1", "object": "chat.completion.chunk", "created": 1, "model": "a-model"}
    last = choice | {"delta": {}, "finish_reason": "stop"}
    frames = [json.dumps(chunk | {"choices": [each]}) for each in (choice, last)]
    return "".join(f"data: {each}\n\n" for each in [*frames, "[DONE]"]).encode()


def link(url: str) -> bytes:
    """An agent's reply."""
    return json.dumps({"data": {"response": f"Your picture is ready: {url}"}}).encode()


@cache
def rented(job_id: str, *, done: bool) -> bytes:
    """A job of RunPod's: while it is worked on, and when it is done."""
    if not done:
        return json.dumps({"delayTime": 3, "id": job_id, "status": "IN_PROGRESS"}).encode()
    images = [{"filename": "a.png", "type": "base64", "data": base64.b64encode(picture()).decode()}]
    told = {"executionTime": 2400, "id": job_id, "output": {"images": images}, "status": "COMPLETED"}
    return json.dumps({"delayTime": 3, **told}).encode()


class Upstream:
    """Answers, and counts the posts of each trial. A job is not done when it is looked at first."""

    def __init__(self, seconds: float = PAUSE) -> None:
        self.seconds = seconds
        self.arrived: list[tuple[str, float]] = []
        self.looks: Counter[str] = Counter()
        self.posts: Counter[str] = Counter()
        self.reading = 0
        self.quiet = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request; the connection ends with it."""
        try:
            asked = await self._read(reader)
            if isinstance(asked, bytes):
                await asyncio.sleep(PAUSE if asked is said() else self.seconds)
                await self._answer(writer, asked)
                return
            await self.quiet.wait()  # a killed client's post may still be on its way through this machine
            self._write(writer, self._told(asked))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # a killed client
        finally:
            writer.close()

    def _told(self, asked: str) -> bytes:
        """The posts of a trial, or of all; or each trial and the second in which it arrived."""
        if asked == "arrivals":
            return json.dumps(self.arrived).encode()
        return b"%d" % (self.posts[asked] if asked else self.posts.total())

    async def _read(self, reader: asyncio.StreamReader) -> str | bytes:
        """What a post, which is counted, or a look at a job or a picture is answered.

        Of another request, the trial whose posts are asked for (none: all of them).
        """
        self.reading += 1
        self.quiet.clear()
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, path = head.split()[:2]
            if method == "GET" and path.startswith(("/v1/responses/", "/v2/")):
                name = path.rpartition("/")[2]
                self.looks[name] += 1
                return (rented if path[:3] == "/v2" else job)(name, done=self.looks[name] > 1)
            if method == "GET" and path.startswith("/pictures/"):
                return picture()
            if method == "GET":
                return path.strip("/")
            length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
            assert length is not None
            sent = await reader.readexactly(int(length[1]))
            if path.endswith("/chat/completions"):
                return said()
            trial = re.search(rb"trial-\d+", sent)
            assert trial is not None
            name = trial[0].decode()
            self.posts[name] += 1
            self.arrived.append((name, time.time()))
            if "agents" in path:
                host = re.search(r"host: (\S+)", head, re.IGNORECASE)
                assert host is not None
                return link(f"http://{host[1]}/pictures/{name}-{self.posts[name]}.png")
            if path.startswith("/v2/"):
                return rented(f"{name}-{self.posts[name]}", done=False)
            return job(f"resp_{name}_{self.posts[name]}", done=False) if "responses" in path else answer()
        finally:
            self.reading -= 1
            if not self.reading:
                self.quiet.set()

    def _write(self, writer: asyncio.StreamWriter, body: bytes) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_1\r\n")
        writer.write(b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body))
        writer.write(body)

    async def _answer(self, writer: asyncio.StreamWriter, body: bytes) -> None:
        size = len(body) // PIECES + 1
        form = b"text/event-stream" if body is said() else b"application/json"
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\nx-request-id: req_1\r\n" % form)
        writer.write(b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body))
        for start in range(0, len(body), size):
            writer.write(body[start : start + size])
            await writer.drain()
            await asyncio.sleep(PAUSE)


async def main() -> None:
    """Serve until the end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--seconds", type=float, default=PAUSE)
    parser.add_argument("--port", type=int)
    given = parser.parse_args()
    server = await asyncio.start_server(Upstream(given.seconds).serve, given.host, given.port, backlog=2048)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
