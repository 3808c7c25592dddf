"""The model over the wire: streamed chat completions, and what goes wrong there."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

import coach
from coach.sandbox import Sandbox

Handler = Callable[[httpx2.Request], httpx2.Response]


def client_of(handler: Handler) -> AsyncOpenAI:
    http = DefaultAsyncHttpxClient(transport=httpx2.MockTransport(handler))
    return AsyncOpenAI(api_key="sk-secret", base_url="http://model.test/v1", http_client=http, max_retries=0)


def stream_of(*deltas: dict[str, Any], ended: bool = True) -> Handler:
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    last = [{"index": 0, "delta": {}, "finish_reason": "stop"}] if ended else []
    frames = [
        {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": each}
        for each in [[], *([choice] for choice in choices + last)]
    ]
    body = "".join(f"data: {json.dumps(frame)}\n\n" for frame in frames) + "data: [DONE]\n\n"
    return lambda _: httpx2.Response(200, text=body, headers={"content-type": "text/event-stream"})


async def ask(client: AsyncOpenAI, **given: Any) -> tuple[list[str], coach.Reply]:
    model = coach.OpenAIModel(client, model="m", calls=given.get("calls", "tools"))
    pieces: list[Any] = []
    replies: AsyncIterator[Any] = model.reply(system="s", messages=[], tools=given.get("tools", []))
    async with client:
        pieces = [piece async for piece in replies]
    return pieces[:-1], pieces[-1]


def piece(index: int, **function: str) -> dict[str, Any]:
    return {"index": index, "function": function}


async def test_of_calls_that_broke_off_none_is_made() -> None:
    whole = {"index": 0, "id": "a", "function": {"name": "one", "arguments": "{}"}}
    broken = {"index": 1, "id": "b", "function": {"name": "two", "arguments": ""}}
    with pytest.raises(coach.ModelError):
        await ask(client_of(stream_of({"tool_calls": [whole]}, {"tool_calls": [broken]}, ended=False)))


async def test_words_and_parallel_calls_are_put_together_from_their_pieces() -> None:
    first = {"index": 0, "id": "a", "function": {"name": "one", "arguments": ""}}
    second = {"index": 1, "id": "b", "function": {"name": "two", "arguments": '{"x"'}}
    said, reply = await ask(
        client_of(
            stream_of(
                {"role": "assistant", "content": "Hel"},
                {"content": "lo"},
                {"tool_calls": [first, second]},
                {"tool_calls": [piece(0, arguments='{"y": 1}'), piece(1, arguments=": 2}")]},
                {"tool_calls": [{"index": 1, "function": None}]},
            )
        )
    )
    assert said == ["Hel", "lo"]
    assert reply.text == "Hello"
    assert [(call.id, call.name, call.parse()) for call in reply.calls] == [
        ("a", "one", {"y": 1}),
        ("b", "two", {"x": 2}),
    ]


async def test_what_is_sent_is_the_system_text_first_and_no_empty_list_of_tools() -> None:
    sent: list[dict[str, Any]] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        sent.append(json.loads(request.content))
        return stream_of({"content": "x"})(request)

    await ask(client_of(handler))
    await ask(client_of(handler), tools=[{"type": "function", "function": {"name": "f"}}])
    assert sent[0]["messages"] == [{"role": "system", "content": "s"}]
    assert (sent[0]["stream"], "tools" in sent[0], "tools" in sent[1]) == (True, False, True)


@pytest.mark.parametrize(
    ("status", "part"),
    [(401, "OPENAI_API_KEY"), (404, "COACH_CHAT_MODEL"), (400, "HTTP 400"), (500, "HTTP 500")],
)
async def test_a_refusal_is_a_sentence_without_the_servers_text(status: int, part: str) -> None:
    body = {"error": {"message": "sk-secret", "type": "t", "param": None, "code": "sk-secret"}}
    with pytest.raises(coach.ModelError, match=part) as info:
        await ask(client_of(lambda _: httpx2.Response(status, json=body)))
    assert "sk-secret" not in str(info.value)


def breaks(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("refused", request=request)


@pytest.mark.parametrize(
    "handler",
    [
        breaks,
        lambda _: httpx2.Response(200, text='data: {"error": {"message": "x"}}\n\n'),
        lambda _: httpx2.Response(200, text="data: {cut\n\n"),
        lambda _: httpx2.Response(200, text='data: []\n\ndata: "x"\n\n'),
        lambda _: httpx2.Response(200, text='data: {"choices": null}\n\n'),
        lambda _: httpx2.Response(200, text="data: " + "[" * 100_000 + "\n\n"),
        stream_of({"content": 5}),
        stream_of({"content": {"a": 1}}),
        stream_of({"tool_calls": [{"index": 0, "id": "a", "function": {"name": 5}}]}),
        stream_of({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": {"x": 1}}}]}),
        stream_of({"tool_calls": [{"index": None, "function": {"name": "f"}}]}),
        stream_of({"tool_calls": 7}),
    ],
)
async def test_a_server_that_breaks_off_or_talks_nonsense_is_a_sentence(handler: Handler) -> None:
    with pytest.raises(coach.ModelError):
        await ask(client_of(handler))


async def test_the_sandbox_answers_over_real_http() -> None:
    with Sandbox() as sandbox:
        settings = coach.Settings.read(openai_api_key=sandbox.api_key, openai_base_url=sandbox.base_url)
        _, reply = await ask(settings.openai())
    assert reply.text
