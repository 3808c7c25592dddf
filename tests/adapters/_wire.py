"""A model that says what the test says, behind OpenAI's wire formats and the real client.

What it is sent is judged by the sandbox's rules: strict schemas, and an answer to every call.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import httpx2
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

import coach
from coach.sandbox.responses_said import read_said
from coach.sandbox.tools import check_answers, check_tools
from tests.adapters._contract import Shown

WORDS = "Well."


class Script:
    """The model.

    Attributes:
        calls: What it calls in its next reply; with none, it says :data:`WORDS` instead.
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
        return (responses if request.url.path == "/v1/responses" else chat)(body, calls)


def shown_in_chat(body: Any) -> Shown:
    """What a request of chat completions shows the model."""
    answers = [message for message in body["messages"] if message["role"] == "tool"]
    functions = [tool["function"] for tool in allowed(body)]
    return Shown(
        prompt=body["messages"][0]["content"],
        tools={each["name"]: each["parameters"] for each in functions if each["strict"]},
        answers={each["tool_call_id"]: each["content"] for each in answers},
        text=json.dumps(body),
    )


def shown_in_responses(body: Any) -> Shown:
    """What a request of the Responses API shows the model."""
    answers = [item for item in body["input"] if item.get("type") == "function_call_output"]
    return Shown(
        prompt=body["instructions"],
        tools={tool["name"]: tool["parameters"] for tool in allowed(body) if tool["strict"]},
        answers={item["call_id"]: item["output"] for item in answers},
        text=json.dumps(body),
    )


def allowed(body: Any) -> list[Any]:
    """The tools of a request that its model may call."""
    tools, choice = body.get("tools", []), body.get("tool_choice", "auto")
    if isinstance(choice, str):
        return [] if choice == "none" else tools
    names = [_name(tool) for tool in choice.get("allowed_tools", choice)["tools"]]
    assert names and choice["type"] == "allowed_tools"
    return [next(tool for tool in tools if _name(tool) == name) for name in names]


def _name(tool: Any) -> str:
    assert tool["type"] == "function"
    return str(tool.get("function", tool)["name"])


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
    content = None if made else WORDS
    if not body.get("stream"):
        message = {"role": "assistant", "content": content} | ({"tool_calls": made} if made else {})
        choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": None}
        return httpx2.Response(200, json={**head, "object": "chat.completion", "choices": [choice]})
    pieces = [{"tool_calls": [{"index": index, **each}]} for index, each in enumerate(made)]
    deltas = [{"role": "assistant", "content": content}, *pieces, {}]
    chunks = [
        {"index": 0, "delta": delta, "finish_reason": None if delta else reason, "logprobs": None}
        for delta in deltas
    ]
    return sse({**head, "object": "chat.completion.chunk", "choices": [chunk]} for chunk in chunks)


def responses(body: Any, calls: Sequence[coach.Call]) -> httpx2.Response:
    """The reply to a request of the Responses API, whole or streamed."""
    read_said(body)
    content = [{"type": "output_text", "text": WORDS, "annotations": []}]
    words = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}
    output: list[dict[str, Any]] = [
        {
            "type": "function_call",
            "id": f"fc_{index}",
            "call_id": each.id,
            "name": each.name,
            "arguments": each.arguments,
            "status": "completed",
        }
        for index, each in enumerate(calls)
    ] or [words]
    whole = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": body["model"],
        "status": "completed",
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }
    if not body.get("stream"):
        return httpx2.Response(200, json=whole)
    events: list[dict[str, Any]] = [{"type": "response.created", "response": {**whole, "output": []}}]
    for index, item in enumerate(output):
        if item is words:
            place = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "logprobs": []}
            events.append({"type": "response.output_text.delta", "delta": WORDS, **place})
        events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    events.append({"type": "response.completed", "response": whole})
    return sse({**event, "sequence_number": number} for number, event in enumerate(events))


def sse(frames: Iterable[Any]) -> httpx2.Response:
    """A stream of server-sent events."""
    text = "".join(f"data: {json.dumps(frame)}\n\n" for frame in frames) + "data: [DONE]\n\n"
    return httpx2.Response(200, text=text, headers={"content-type": "text/event-stream"})
