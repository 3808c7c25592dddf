"""Chat completions over the real wire format: what the SDK reads, and what is refused."""

import json
from typing import Any

import httpx2
import pytest
from openai import AsyncOpenAI

from coach.sandbox import Sandbox
from tests.sandbox._requests import Json, tool

PROMPT = (
    "When they have told you, call `set_user_name`, then `transition_phase`.\n"
    "<phase>introduction</phase>\n<next_phases>get_to_know_you</next_phases>\n"
    "<user_name>not known yet</user_name>"
)


TOOLS = [tool("set_user_name", name={"type": "string"}), tool("transition_phase", phase={"type": "string"})]
TOLD: Json = {
    "messages": [{"role": "system", "content": PROMPT}, {"role": "user", "content": "I'm Ada."}],
    "tools": TOOLS,
}
EXPECTED = [("set_user_name", {"name": "Ada"}), ("transition_phase", {"phase": "get_to_know_you"})]


async def test_words_come_whole_or_in_pieces(openai: AsyncOpenAI) -> None:
    request: Any = {"model": "gpt-5.5", "messages": [{"role": "system", "content": PROMPT}], "tools": TOOLS}
    whole: Any = await openai.chat.completions.create(**request)
    said = whole.choices[0].message.content
    assert said.endswith("What would you like me to call you?")
    assert whole.choices[0].finish_reason == "stop" and whole.model == "gpt-5.5"
    stream: Any = await openai.chat.completions.create(**request, stream=True)
    chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == said
    assert chunks[0].choices[0].delta.role == "assistant" and chunks[-1].choices[0].finish_reason == "stop"
    assert len(chunks) > 5 and len({chunk.id for chunk in chunks}) == 1


async def test_parallel_calls_come_whole_or_in_pieces(openai: AsyncOpenAI) -> None:
    whole: Any = await openai.chat.completions.create(model="m", **TOLD)
    calls = whole.choices[0].message.tool_calls
    assert [(c.function.name, json.loads(c.function.arguments)) for c in calls] == EXPECTED
    assert whole.choices[0].finish_reason == "tool_calls" and whole.choices[0].message.content is None
    assert len({call.id for call in calls}) == 2
    async with openai.chat.completions.stream(model="m", **TOLD) as stream:
        final = (await stream.get_final_completion()).choices[0].message.tool_calls
    assert final is not None
    assert [(c.function.name, json.loads(c.function.arguments)) for c in final] == EXPECTED


async def test_id_and_name_come_once_and_arguments_in_pieces(openai: AsyncOpenAI) -> None:
    stream: Any = await openai.chat.completions.create(model="m", stream=True, **TOLD)
    pieces = [piece async for chunk in stream for piece in chunk.choices[0].delta.tool_calls or []]
    first = [piece for piece in pieces if piece.id]
    assert [(p.index, p.function.name, p.function.arguments) for p in first] == [
        (0, "set_user_name", ""),
        (1, "transition_phase", ""),
    ]
    assert all(piece.function.name is None for piece in pieces if not piece.id)


async def test_usage_comes_last_in_a_stream_when_asked_for(openai: AsyncOpenAI) -> None:
    options: Any = {"stream_options": {"include_usage": True}}
    stream: Any = await openai.chat.completions.create(model="m", stream=True, **TOLD, **options)
    chunks = [chunk async for chunk in stream]
    assert [chunk.usage for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    usage = chunks[-1].usage
    assert (
        chunks[-1].choices == [] and usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 0
    )


async def test_one_call_at_a_time_when_asked_for(openai: AsyncOpenAI) -> None:
    answer: Any = await openai.chat.completions.create(model="m", parallel_tool_calls=False, **TOLD)
    assert [c.function.name for c in answer.choices[0].message.tool_calls] == ["set_user_name"]


def allowed(*names: str) -> Json:
    tools = [{"type": "function", "function": {"name": name}} for name in names]
    return {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": tools}}


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("none", []),
        ("required", ["set_user_name", "transition_phase"]),
        ({"type": "function", "function": {"name": "transition_phase"}}, ["transition_phase"]),
        (allowed("set_user_name"), ["set_user_name"]),
    ],
)
async def test_tool_choice_is_followed(openai: AsyncOpenAI, choice: Any, called: list[str]) -> None:
    answer: Any = await openai.chat.completions.create(model="m", tool_choice=choice, **TOLD)
    message = answer.choices[0].message
    assert [c.function.name for c in message.tool_calls or []] == called
    assert bool(message.content) is not bool(called)


async def test_a_required_call_is_made_up_when_there_is_nothing_to_do(openai: AsyncOpenAI) -> None:
    messages: Any = [{"role": "user", "content": "well, hm"}]
    tools: Any = [tool("weigh", grams={"type": "integer", "minimum": 5})]
    answer: Any = await openai.chat.completions.create(
        model="m", messages=messages, tools=tools, tool_choice="required", n=2
    )
    for choice in answer.choices:
        assert json.loads(choice.message.tool_calls[0].function.arguments) == {"grams": 5}


async def test_the_log_keeps_no_message(openai: AsyncOpenAI, sandbox: Sandbox) -> None:
    await openai.chat.completions.create(model="m", temperature=0.5, **TOLD)
    entry = sandbox.log[-1]
    assert (entry.model, entry.micros, entry.params) == ("m", None, {"model": "m", "temperature": 0.5})
    assert entry.usage is not None and entry.usage["prompt_tokens"] > 0


USER = {"role": "user", "content": "x"}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
ASKED = {"role": "assistant", "content": None, "tool_calls": [CALL]}
ANSWER = {"role": "tool", "tool_call_id": "c1", "content": "y"}


@pytest.mark.parametrize(
    ("change", "status", "code", "param"),
    [
        ({"model": None}, 400, "missing_required_parameter", "model"),
        ({"model": "gpt-image-2"}, 404, None, "model"),
        ({"messages": None}, 400, "missing_required_parameter", "messages"),
        ({"messages": []}, 400, "empty_array", "messages"),
        ({"messages": "hello"}, 400, "invalid_type", "messages"),
        ({"messages": [7]}, 400, "invalid_type", "messages[0]"),
        ({"messages": [{"role": "coach", "content": "x"}]}, 400, "invalid_value", "messages[0].role"),
        ({"messages": [{"role": "user"}]}, 400, "invalid_type", "messages[0].content"),
        (
            {"messages": [USER, {"role": "assistant", "tool_calls": [7]}]},
            400,
            "invalid_type",
            "messages[1].tool_calls[0]",
        ),
        ({"messages": [USER, ANSWER]}, 400, None, "messages.[1].role"),
        ({"messages": [USER, ASKED]}, 400, None, "messages.[2].role"),
        ({"messages": [USER, ASKED, USER]}, 400, None, "messages.[2].role"),
        ({"messages": [USER, ASKED, ANSWER, ANSWER]}, 400, None, "messages.[3].role"),
        ({"temprature": 1}, 400, "unknown_parameter", "temprature"),
        ({"stream_options": {"include_usage": True}}, 400, None, "stream_options"),
        ({"tool_choice": "required"}, 400, None, "tool_choice"),
        ({"n": 0}, 400, "integer_below_min_value", "n"),
        ({"tools": []}, 400, "invalid_value", "tools"),
        ({"tools": [{"type": "custom"}]}, 400, "invalid_value", "tools[0]"),
        ({"tools": [tool("a.b")]}, 400, "invalid_value", "tools[0].function.name"),
        ({"tools": [tool("x" * 65)]}, 400, "invalid_value", "tools[0].function.name"),
        (
            {"tools": [tool("f")], "tool_choice": {"type": "function", "function": {"name": "g"}}},
            400,
            "invalid_value",
            "tool_choice",
        ),
        ({"tools": [tool("f")], "tool_choice": allowed("g")}, 400, "invalid_value", "tool_choice"),
        ({"tools": [tool("f")], "tool_choice": allowed()}, 400, "invalid_value", "tool_choice"),
    ],
    ids=str,
)
def test_a_wrong_request_is_named(
    wire: httpx2.Client, change: Json, status: int, code: str | None, param: str
) -> None:
    body: Json = {"model": "m", "messages": [USER]} | change
    answer = wire.post("/chat/completions", json={k: v for k, v in body.items() if v is not None})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (status, code, param), error["message"]


@pytest.mark.parametrize(
    ("schema", "word"),
    [
        ({"anyOf": []}, "root"),
        ({"type": "object", "properties": {}}, "additionalProperties"),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "additionalProperties": False,
                "required": [],
            },
            "'a'",
        ),
        (tool("f", a={"oneOf": [{"type": "string"}]})["function"]["parameters"], "'oneOf' is not permitted"),
        (
            tool("f", a={"type": "string", "default": "x"})["function"]["parameters"],
            "'default' is not permitted",
        ),
        (
            tool("f", a={"type": "string", "maxLength": 3})["function"]["parameters"],
            "'maxLength' is not permitted",
        ),
        (
            tool("f", a={"type": "array", "items": {"type": "object"}})["function"]["parameters"],
            "additionalProperties",
        ),
        (tool("f", a={"description": "anything"})["function"]["parameters"], "'type'"),
        (tool("f", a={"enum": list(range(1001))})["function"]["parameters"], "1000 enum values"),
    ],
)
def test_a_schema_that_is_not_strict_is_refused_when_it_claims_to_be(
    wire: httpx2.Client, schema: Json, word: str
) -> None:
    function: Json = {"name": "f", "parameters": schema}
    body: Json = {"model": "m", "messages": [USER], "tools": [{"type": "function", "function": function}]}
    assert wire.post("/chat/completions", json=body).status_code == 200, "it is, without the claim"
    function["strict"] = True
    error = wire.post("/chat/completions", json=body).json()["error"]
    assert error["code"] == "invalid_function_parameters" and word in error["message"]
    assert error["param"] == "tools[0].function.parameters"
