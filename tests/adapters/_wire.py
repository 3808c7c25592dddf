"""A model that says what the test says, behind OpenAI's wire format and the real client.

What it is sent is judged by the sandbox's rules: strict schemas, and an answer to every call.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx2
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

import coach
from coach.sandbox.tools import check_answers, check_tools


class Script:
    """The model.

    Attributes:
        calls: What it calls in its next reply; with none, it says "Well." instead.
        asked: The bodies of the requests, in order.
    """

    def __init__(self) -> None:
        self.calls: Sequence[coach.Call] = ()
        self.asked: list[Any] = []

    def client(self) -> AsyncOpenAI:
        """A client whose model it is."""
        http = DefaultAsyncHttpxClient(transport=httpx2.MockTransport(self._serve))
        return AsyncOpenAI(
            api_key="sk-test", base_url="http://model.test/v1", http_client=http, max_retries=0
        )

    def _serve(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        self.asked.append(body)
        calls, self.calls = self.calls, ()
        return chat(body, calls)


def chat(body: Any, calls: Sequence[coach.Call]) -> httpx2.Response:
    """The reply to a request of chat completions, whole or streamed."""
    check_answers(body["messages"])
    if "tools" in body:
        check_tools(body["tools"])
    head = {"id": "chatcmpl-1", "created": 1, "model": body["model"]}
    made = [
        {"id": each.id, "type": "function", "function": {"name": each.name, "arguments": each.arguments}}
        for each in calls
    ]
    reason = "tool_calls" if made else "stop"
    message = {"role": "assistant", "content": None if made else "Well."} | (
        {"tool_calls": made} if made else {}
    )
    if not body.get("stream"):
        choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": None}
        return httpx2.Response(200, json={**head, "object": "chat.completion", "choices": [choice]})
    pieces = [{"tool_calls": [{"index": index, **each}]} for index, each in enumerate(made)]
    deltas = [{"role": "assistant", "content": message["content"]}, *pieces]
    chunks = [
        {"index": 0, "delta": delta, "finish_reason": reason if delta is deltas[-1] else None}
        for delta in deltas
    ]
    frames = [{**head, "object": "chat.completion.chunk", "choices": [chunk]} for chunk in chunks]
    return sse([json.dumps(frame) for frame in frames] + ["[DONE]"])


def sse(frames: Sequence[str]) -> httpx2.Response:
    """A stream of server-sent events."""
    text = "".join(f"data: {frame}\n\n" for frame in frames)
    return httpx2.Response(200, text=text, headers={"content-type": "text/event-stream"})
