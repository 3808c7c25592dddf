"""``/v1/chat/completions``: the scripted coach behind the real wire format."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from coach.sandbox import errors
from coach.sandbox.errors import ApiError
from coach.sandbox.intake import read_json
from coach.sandbox.log import Received
from coach.sandbox.rules import models, words
from coach.sandbox.script import Answer
from coach.sandbox.state import received
from coach.sandbox.structured import answered, check_format
from coach.sandbox.tools import check_answers, check_choice, check_tools

_ROLES = ("system", "developer", "user", "assistant", "tool")
WORDS = re.compile(r"(?:\S+\s*|\s+){1,3}")
_PIECE = 12
"""What is in one chunk: three words of a text, or so many characters of arguments."""


async def completions(request: Request) -> Response:
    """One reply of the scripted coach, whole or as a stream."""
    body = await read_json(request)
    entry = noted(request, body, "messages", "tools")
    _check(body)
    reply = answered(body)
    usage = _usage(body, reply)
    entry.usage = usage
    seed = seed_of(body)
    head = {"id": f"chatcmpl-{seed[:29]}", "created": int(time.time()), "model": body["model"]}
    calls = [_call(id, *call) for id, call in zip(call_ids(seed), reply.calls, strict=False)]
    if body.get("stream"):
        counted = (body.get("stream_options") or {}).get("include_usage", False)
        chunks = _chunks(head, reply.text, calls, usage if counted else None, n=body.get("n") or 1)
        return StreamingResponse(chunks, media_type="text/event-stream")
    return JSONResponse(_completion(head, reply.text, calls, usage, n=body.get("n") or 1))


def noted(request: Request, body: Mapping[str, Any], *words: str) -> Received:
    """The log's entry of a request, without the fields that hold its words."""
    entry = received(request)
    entry.params = {name: value for name, value in body.items() if name not in words}
    entry.model = body["model"] if isinstance(body.get("model"), str) else None
    return entry


def seed_of(body: Mapping[str, Any]) -> str:
    """What the ids of an answer are made of: the same request has the same ones."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


def _check(body: Mapping[str, Any]) -> None:
    for name in body:
        if name not in words("chat"):
            raise ApiError(
                f"Unrecognized request argument supplied: {name}", code="unknown_parameter", param=name
            )
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise errors.missing("model")
    if model in models():
        message = "This is not a chat model and thus not supported in the v1/chat/completions endpoint."
        raise ApiError(message, code=None, param="model", status=404)
    _check_messages(body.get("messages"))
    if body.get("tools") is not None:
        check_tools(body["tools"])
    elif body.get("tool_choice") not in (None, "none", "auto"):
        message = "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified."
        raise ApiError(message, code=None, param="tool_choice")
    if body.get("stream_options") is not None and not body.get("stream"):
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise ApiError(message, code=None, param="stream_options")
    check_choice(body.get("tool_choice"), body.get("tools") or [])
    check_format(body)
    number = body.get("n", 1)
    if number is not None and (not isinstance(number, int) or not 1 <= number <= 128):
        raise errors.out_of_range("n", number if isinstance(number, int) else 0, 1, 128)


def _check_messages(messages: object) -> None:
    if messages is None:
        raise errors.missing("messages")
    if not isinstance(messages, list):
        raise errors.wrong_type("messages", "an array of objects")
    if not messages:
        message = "Invalid 'messages': empty array. Expected an array with minimum length 1."
        raise ApiError(message, code="empty_array", param="messages")
    for i, message in enumerate(messages):
        if not isinstance(message, dict):
            raise errors.wrong_type(f"messages[{i}]", "an object")
        role, content = message.get("role"), message.get("content")
        if role not in _ROLES:
            raise errors.not_one_of(f"messages[{i}].role", role, _ROLES)
        empty = content is None and not (role == "assistant" and message.get("tool_calls"))
        if empty or not isinstance(content, str | list | None):
            raise errors.wrong_type(f"messages[{i}].content", "one of a string or array of objects")
        for j, call in enumerate(message.get("tool_calls") or []):
            if not _is_call(call):
                raise errors.wrong_type(f"messages[{i}].tool_calls[{j}]", "a tool call")
    check_answers(messages)


def _is_call(call: object) -> bool:
    if not isinstance(call, dict) or call.get("type") != "function" or not isinstance(call.get("id"), str):
        return False
    function = call.get("function")
    return isinstance(function, dict) and all(isinstance(function.get(k), str) for k in ("name", "arguments"))


def call_ids(seed: str) -> Iterator[str]:
    """The ids of a reply's calls, without what stands in front of them."""
    return (hashlib.sha256(f"{seed}:{index}".encode()).hexdigest()[:24] for index in count())


def _call(id: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    function = {"name": name, "arguments": written(arguments)}
    return {"id": f"call_{id}", "type": "function", "function": function}


def written(arguments: Mapping[str, Any]) -> str:
    """A call's arguments as a model writes them."""
    return json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))


def _completion(
    head: Mapping[str, Any], text: str, calls: list[dict[str, Any]], usage: dict[str, Any], *, n: int
) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": text or None,
        "refusal": None,
        "annotations": [],
    }
    if calls:
        message["tool_calls"] = calls
    reason = "tool_calls" if calls else "stop"
    choices = [{"index": i, "message": message, "logprobs": None, "finish_reason": reason} for i in range(n)]
    return {
        **head,
        "object": "chat.completion",
        "choices": choices,
        "usage": usage,
        "service_tier": "default",
    }


def _chunks(
    head: Mapping[str, Any], text: str, calls: list[dict[str, Any]], usage: dict[str, Any] | None, *, n: int
) -> Iterator[str]:
    """The reply as server-sent events. With ``usage`` each carries the key, and a last one its value."""
    base = {**head, "object": "chat.completion.chunk", "service_tier": "default"}
    base |= {} if usage is None else {"usage": None}

    def event(delta: dict[str, Any], index: int, reason: str | None = None) -> str:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
        return f"data: {json.dumps({**base, 'choices': [choice]})}\n\n"

    for index in range(n):
        yield event({"role": "assistant", "content": None if calls else "", "refusal": None}, index)
        yield from (event({"content": piece}, index) for piece in WORDS.findall(text))
        yield from (event({"tool_calls": [piece]}, index) for piece in _call_pieces(calls))
        yield event({}, index, "tool_calls" if calls else "stop")
    if usage is not None:
        yield f"data: {json.dumps({**base, 'choices': [], 'usage': usage})}\n\n"
    yield "data: [DONE]\n\n"


def _call_pieces(calls: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Id and name come once, in a call's first piece; the arguments follow."""
    for i, call in enumerate(calls):
        function = call["function"]
        yield {"index": i, **call, "function": {"name": function["name"], "arguments": ""}}
        yield from ({"index": i, "function": {"arguments": p}} for p in pieces(function["arguments"]))


def pieces(text: str) -> list[str]:
    """A call's arguments as they are streamed."""
    return [text[i : i + _PIECE] for i in range(0, len(text), _PIECE)]


def _usage(body: Mapping[str, Any], reply: Answer) -> dict[str, Any]:
    """Tokens estimated at four bytes each: the scripted coach has no tokeniser."""
    shown = {"messages": body["messages"], "tools": body.get("tools")}
    prompt, completion = (
        tokens(json.dumps(shown, ensure_ascii=False)),
        tokens(reply.text + json.dumps(reply.calls)),
    )
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def tokens(text: str) -> int:
    """About how many tokens a text has."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // 4)
