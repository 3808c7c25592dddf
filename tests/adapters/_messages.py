"""A model behind Anthropic's wire format that says what the test says: a small server of its own, over HTTP.

What it is sent and what it sends is judged by the SDK's own types, and nothing beside them passes. As at the
service, every call is answered in the very next message.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from anthropic import AsyncAnthropic
from anthropic.types import RawMessageStreamEvent
from anthropic.types.message_create_params import MessageCreateParamsStreaming
from pydantic import TypeAdapter, ValidationError

import coach

_ASKED: TypeAdapter[Any] = TypeAdapter(MessageCreateParamsStreaming)
_SENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


class Script:
    """The model.

    Attributes:
        calls: What it calls in its next reply, after a few words; with none, it says "Well." alone.
        asked: The bodies of the requests, in order.
        address: Where it is.
    """

    def __init__(self, address: str) -> None:
        self.calls: Sequence[coach.Call] = ()
        self.asked: list[Any] = []
        self.address = address

    def client(self) -> AsyncAnthropic:
        """A client whose model it is."""
        return AsyncAnthropic(api_key="sk-test", base_url=self.address, max_retries=0)

    def answer(self, body: Any) -> str:
        """The stream of events that answers a request.

        Raises:
            ValueError: The service would refuse it.
        """
        # Its lists are looked through only when they are written down.
        _ASKED.dump_json(_ASKED.validate_python(body, extra="forbid"))
        _check_answers(body["messages"])
        self.asked.append(body)
        calls, self.calls = self.calls, ()
        return "".join(
            f"event: {event['type']}\ndata: {_SENT.validate_python(event) and json.dumps(event)}\n\n"
            for event in _events(body, calls)
        )


def _check_answers(messages: Sequence[Mapping[str, Any]]) -> None:
    open_calls: set[str] = set()
    for message in messages:
        blocks = [] if isinstance(message["content"], str) else message["content"]
        if answered := [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]:
            if sorted(answered) != sorted(open_calls):
                raise ValueError("each `tool_use` block has one `tool_result` block in the next message")
        elif open_calls:
            raise ValueError("`tool_use` blocks without `tool_result` blocks")
        open_calls = {block["id"] for block in blocks if block["type"] == "tool_use"}


def _events(body: Mapping[str, Any], calls: Sequence[coach.Call]) -> Iterator[dict[str, Any]]:
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "content": []}
    usage = {"input_tokens": 1, "output_tokens": 1}
    yield {"type": "message_start", "message": {**head, "usage": usage, "stop_reason": None}}
    texts = [
        ({"type": "text", "text": ""}, {"type": "text_delta", "text": "One moment." if calls else "Well."})
    ]
    uses = [
        (
            {"type": "tool_use", "id": call.id, "name": call.name, "input": {}},
            {"type": "input_json_delta", "partial_json": call.arguments},
        )
        for call in calls
    ]
    for index, (block, delta) in enumerate([*texts, *uses]):
        yield {"type": "content_block_start", "index": index, "content_block": block}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    reason = "tool_use" if calls else "end_turn"
    yield {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 1}}
    yield {"type": "message_stop"}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    script: Script


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        try:
            status, kind, text = 200, "text/event-stream", self.server.script.answer(body)
        except (ValueError, ValidationError) as exc:
            error = {"type": "invalid_request_error", "message": str(exc)}
            status, kind, text = 400, "application/json", json.dumps({"type": "error", "error": error})
        self.send_response(status if self.path == "/v1/messages" else 404)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@contextmanager
def running_script() -> Iterator[Script]:
    """A model while it listens."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.script = Script(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.script
        finally:
            server.shutdown()
            thread.join()
