"""Talk over the Responses API, as the real SDK asks for it and reads it."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from openai import AsyncOpenAI

Json = dict[str, Any]


def tool(name: str, /, **properties: Any) -> Json:
    parameters = {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }
    return {"type": "function", "name": name, "description": "x", "strict": True, "parameters": parameters}


NAME = tool("set_user_name", name={"type": "string"})
MOVE = tool("transition_phase", phase={"type": "string"})
TOLD: Json = {
    "model": "m",
    "instructions": "Call `set_user_name`, then `transition_phase`. <phase>introduction</phase>"
    "<next_phases>get_to_know_you</next_phases>",
    "input": "Hello, I am Ann.",
    "tools": [NAME, MOVE],
}
CALL: Json = {"type": "function_call", "call_id": "c", "name": "set_user_name", "arguments": '{"name":"Ann"}'}
OUTPUT: Json = {"type": "function_call_output", "call_id": "c", "output": "Noted."}


def allowed(*names: str) -> Json:
    return {
        "type": "allowed_tools",
        "mode": "auto",
        "tools": [{"type": "function", "name": name} for name in names],
    }


async def test_calls_and_words_come_whole_or_in_pieces(openai: AsyncOpenAI) -> None:
    whole: Any = await openai.responses.create(**TOLD)
    calls = [(item.name, json.loads(item.arguments)) for item in whole.output if item.type == "function_call"]
    assert calls[0] == ("set_user_name", {"name": "Ann"})
    assert whole.usage and whole.usage.total_tokens > 0
    stream: Any = await openai.responses.create(**TOLD, stream=True)
    events: list[Any] = [event async for event in stream]
    assert [event.sequence_number for event in events] == [*range(len(events))]
    assert (events[0].type, events[-1].type) == ("response.created", "response.completed")
    assert [item.name for item in events[-1].response.output] == [item.name for item in whole.output]
    pieces = [e.delta for e in events if e.type == "response.function_call_arguments.delta"]
    assert "".join(pieces).startswith('{"name":"Ann"}') and len(pieces) > 2
    hm: Any = [{"role": "user", "content": "hm"}]
    said: Any = await openai.responses.create(model="m", input=hm)
    stream = await openai.responses.create(model="m", input=hm, stream=True)
    words = [event.delta async for event in stream if event.type == "response.output_text.delta"]
    assert "".join(words) == said.output_text and len(words) > 1


async def test_a_call_that_was_answered_is_not_made_again_and_what_is_not_allowed_never(
    openai: AsyncOpenAI,
) -> None:
    told: Json = {**TOLD, "input": [{"role": "user", "content": TOLD["input"]}, CALL, OUTPUT]}
    again = await openai.responses.create(**told)
    assert "set_user_name" not in [item.name for item in again.output if item.type == "function_call"]
    only = await openai.responses.create(**TOLD | {"tool_choice": allowed("set_user_name")})
    assert [item.name for item in only.output if item.type == "function_call"] == ["set_user_name"]
    nothing: Any = await openai.responses.create(**TOLD | {"tool_choice": "none"})
    assert [item.type for item in nothing.output] == ["message"]


async def test_an_answer_may_hold_a_picture(openai: AsyncOpenAI) -> None:
    parts = [
        {"type": "input_text", "text": "Noted."},
        {"type": "input_image", "image_url": "data:image/webp;base64,AAAA"},
    ]
    told: Json = {**TOLD, "input": [CALL, {**OUTPUT, "output": parts}]}
    assert (await openai.responses.create(**told)).status == "completed"


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"model": None}, "missing_required_parameter", "model"),
        ({"model": "gpt-image-2"}, "invalid_value", "model"),
        ({"input": None}, "missing_required_parameter", "input"),
        ({"input": 5}, "invalid_type", "input"),
        ({"input": [5]}, "invalid_value", "input[0]"),
        ({"input": [{"role": "judge", "content": "x"}]}, "invalid_value", "input[0].role"),
        ({"input": [{"role": "user", "content": 5}]}, "invalid_type", "input[0].content"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_file"}]}]},
            "invalid_value",
            "input[0].content[0].type",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "/etc/x"}]}]},
            "invalid_value",
            "input[0].content[0].image_url",
        ),
        ({"input": [CALL]}, None, "input"),
        ({"input": [OUTPUT]}, None, "input"),
        ({"messages": []}, "unknown_parameter", "messages"),
        ({"previous_response_id": "resp_1"}, "invalid_value", "previous_response_id"),
        ({"tools": [{"type": "web_search"}]}, "invalid_value", "tools"),
        ({"tools": [{**NAME, "name": "a.b"}]}, "invalid_value", "tools[0].name"),
        ({"tools": [{**NAME, "parameters": {}}]}, "invalid_function_parameters", "tools[0].parameters"),
        ({"tool_choice": allowed("nope")}, "invalid_value", "tool_choice"),
        ({"tool_choice": allowed()}, "invalid_value", "tool_choice"),
    ],
    ids=str,
)
def test_a_wrong_request_is_named(wire: httpx2.Client, change: Json, code: str | None, param: str) -> None:
    body = {name: value for name, value in {**TOLD, **change}.items() if value is not None}
    answer = wire.post("/responses", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, code, param), error["message"]
