"""``/v1/responses`` without a picture: the scripted coach, a request translated into one of chat completions.

Sources: openai-python 3.52.0 (types/responses: response_create_params.py, response_input_item_param.py,
tool_choice_allowed_param.py, response_stream_event.py); calls without answers, and answers without calls:
router-for-me/CLIProxyAPI #2368, continuedev/continue #10092.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from coach.sandbox.chat import WORDS, call_ids, noted, pieces, seed_of, tokens, written
from coach.sandbox.responses_said import read_said
from coach.sandbox.script import answer

Json = Mapping[str, Any]


async def talk(request: Request, body: Json) -> Response:
    """One reply of the scripted coach, whole or as a stream."""
    entry = noted(request, body, "input", "instructions", "tools")
    asked = read_said(body)
    reply = answer(asked)
    seed = seed_of(body)
    output = [_message(seed, reply.text)] if reply.text else []
    for id, (name, arguments) in zip(call_ids(seed), reply.calls, strict=False):
        output.append(_call(id, name, arguments))
    read, written = tokens(json.dumps(asked)), tokens(json.dumps(output))
    entry.usage = {
        "input_tokens": read,
        "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": read + written,
    }
    whole = _response(seed, body, output, entry.usage)
    if body.get("stream"):
        return StreamingResponse(_events(whole), media_type="text/event-stream")
    return JSONResponse(whole)


def _message(seed: str, text: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {
        "id": f"msg_{seed[:40]}",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }


def _call(id: str, name: str, arguments: Json) -> dict[str, Any]:
    return {
        "id": f"fc_{id}",
        "type": "function_call",
        "call_id": f"call_{id}",
        "name": name,
        "arguments": written(arguments),
        "status": "completed",
    }


def _response(seed: str, body: Json, output: list[dict[str, Any]], usage: Json) -> dict[str, Any]:
    said = {name: body.get(name) for name in ("instructions", "max_output_tokens", "previous_response_id")}
    return {
        "id": f"resp_{seed[:40]}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "model": body["model"],
        "output": output,
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "store": body.get("store", True),
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools", []),
        "metadata": body.get("metadata") or {},
        "usage": usage,
        **said,
    }


def _events(whole: dict[str, Any]) -> Iterator[str]:
    """The response as server-sent events, numbered."""
    for number, event in enumerate(_unnumbered(whole)):
        text = json.dumps({**event, "sequence_number": number})
        yield f"event: {event['type']}\ndata: {text}\n\n"


def _unnumbered(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(whole["output"]):
        at = {"output_index": index}
        empty: Json = {"content": []} if item["type"] == "message" else {"arguments": ""}
        yield {"type": "response.output_item.added", **at, "item": {**item, **empty, "status": "in_progress"}}
        yield from _inside(item, {**at, "item_id": item["id"]})
        yield {"type": "response.output_item.done", **at, "item": item}
    yield {"type": "response.completed", "response": whole}


def _inside(item: Json, at: Json) -> Iterator[dict[str, Any]]:
    if item["type"] == "function_call":
        for piece in pieces(item["arguments"]):
            yield {"type": "response.function_call_arguments.delta", **at, "delta": piece}
        done = {"name": item["name"], "arguments": item["arguments"]}
        yield {"type": "response.function_call_arguments.done", **at, **done}
        return
    part, at = item["content"][0], {**at, "content_index": 0}
    yield {"type": "response.content_part.added", **at, "part": {**part, "text": ""}}
    for piece in WORDS.findall(part["text"]):
        yield {"type": "response.output_text.delta", **at, "delta": piece, "logprobs": []}
    yield {"type": "response.output_text.done", **at, "text": part["text"], "logprobs": []}
    yield {"type": "response.content_part.done", **at, "part": part}
