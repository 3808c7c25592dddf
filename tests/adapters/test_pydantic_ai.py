"""What is special to Pydantic AI: beside an agent's own tools, and its models in a conversation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from openai import AsyncOpenAI
from pydantic_ai import (
    Agent,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.providers.openai import OpenAIProvider

import coach
from coach.adapters import Hosted
from coach.adapters.pydantic_ai import CoachCapability, CoachToolset, PydanticAIModel, history, told
from coach.sandbox import Sandbox
from tests._talk import start


def says(*replies: list[Any], seen: list[Any] | None = None) -> FunctionModel:
    left = list(replies)

    def say(messages: list[Any], info: AgentInfo) -> ModelResponse:
        if seen is not None:
            seen.append((messages[-1].parts, info))
        return ModelResponse(left.pop(0) if left else [TextPart("Well.")])

    return FunctionModel(say)


async def test_it_stands_beside_the_tools_and_words_of_the_agent(talk: coach.Coach) -> None:
    seen: list[Any] = []
    asked = [ToolCallPart("double", {"number": 4}), ToolCallPart("write", {"text": "x"})]
    agent = Agent(says(asked, seen=seen), instructions="Be brief.", retries=0)

    @agent.tool_plain
    def double(number: int) -> int:
        return 2 * number

    hosted = Hosted(await start(talk))
    await agent.run("Hi!", capabilities=[CoachCapability(hosted=hosted)])
    (_, first), (answers, _) = seen
    assert [tool.name for tool in first.function_tools][:2] == ["double", "write"]
    assert first.instructions.startswith("Be brief.") and "This is start." in first.instructions
    assert [(part.content, part.metadata) for part in answers] == [
        (8, None),
        ("Wrote 1 characters.", {"text": "x"}),
    ]


async def test_the_coach_speaks_on_after_a_button(talk: coach.Coach) -> None:
    seen: list[Any] = []
    hosted = Hosted(await start(talk))
    [event async for event in hosted.turn.press("write", {"text": "x"})]
    capabilities = [CoachCapability(hosted=hosted)]
    result = await Agent(says(seen=seen)).run(message_history=told(hosted), capabilities=capabilities)
    [answer] = seen[0][0]
    assert (answer.metadata, result.output) == ({"text": "x"}, "Well.")
    assert answer.content == "The user pressed this button. It is done: Wrote 1 characters."


async def test_a_call_that_nobody_takes_is_answered_in_a_phase_without_actions_too(talk: coach.Coach) -> None:
    seen: list[Any] = []
    replies = [[ToolCallPart("move", {"phase": "end"})], *[[ToolCallPart("write", {"text": "x"})]] * 3]
    agent = Agent(says(*replies, seen=seen), retries=0)
    done = await agent.run("Hi!", capabilities=[CoachCapability(hosted=Hosted(await start(talk)))])
    assert done.output == "Well."
    assert [parts[0].content for parts, _ in seen[2:]] == [
        "There is no such action here. Available now: none."
    ] * 3


async def test_pydantic_ais_own_test_model_gets_through_every_action(talk: coach.Coach) -> None:
    events: list[coach.Event] = []

    async def listen(event: coach.Event) -> None:
        events.append(event)

    hosted = Hosted(await start(talk), listen)
    await Agent(TestModel(), retries=0).run("Hi!", toolsets=[CoachToolset(hosted)])
    states = {event.action: event.state for event in events if isinstance(event, coach.Finished)}
    assert states == {
        "write": "done",
        "move": "done",
        "fail": "failed",
        "paint": "done",
        "approve": "waiting",
    }


async def test_a_conversation_talks_with_a_model_of_pydantic_ai_over_http(
    sandbox: Sandbox, settings: coach.Settings
) -> None:
    async with (
        coach.open("coach.reference", settings, faces=None) as reference,
        settings.openai() as client,
    ):
        model = PydanticAIModel(OpenAIChatModel("any", provider=OpenAIProvider(openai_client=client)))
        talk = await coach.Conversation.start(reference, model, user_id="ann")
        greeted = [event async for event in talk.greet()]
        events = [event async for event in talk.say("Hello, I am Ann.")]
        person = await reference.service("people", coach.People).get("ann")
    assert [entry.status for entry in sandbox.log] == [200] * 3
    assert person.name == "Ann" and talk.phase == "get_to_know_you"
    for heard in (greeted, events):
        assert len([event for event in heard if isinstance(event, coach.Say)]) > 1, "it streams"


def test_a_history_keeps_its_order_and_the_answers_of_one_reply_together() -> None:
    calls = [
        {"id": name, "type": "function", "function": {"name": "write", "arguments": "{}"}} for name in "ab"
    ]
    made = history(
        [
            {"role": "assistant", "content": "Welcome."},
            {"role": "user", "content": "Hi!"},
            {"role": "assistant", "content": None, "tool_calls": calls},
            {"role": "tool", "tool_call_id": "a", "content": "one"},
            {"role": "tool", "tool_call_id": "b", "content": "two"},
            {"role": "user", "content": "And?"},
        ]
    )
    assert [type(message) for message in made] == [ModelRequest, ModelResponse] * 2 + [ModelRequest]
    assert [_plain(part) for message in made for part in message.parts] == [
        ".",
        "Welcome.",
        "Hi!",
        ("write", "{}", "a"),
        ("write", "{}", "b"),
        ("write", "one", "a"),
        ("write", "two", "b"),
        "And?",
    ]
    assert [_plain(part) for part in history([])[0].parts] == ["."]


def _plain(part: Any) -> Any:
    match part:
        case ToolCallPart():
            return part.tool_name, part.args, part.tool_call_id
        case ToolReturnPart():
            return part.tool_name, part.content, part.tool_call_id
        case TextPart() | UserPromptPart():
            return part.content


async def _refuses(messages: list[Any], info: AgentInfo) -> AsyncIterator[str]:
    yield "One"
    raise ModelHTTPError(429, "m", body={"message": "sk-secret"})


async def _breaks(messages: list[Any], info: AgentInfo) -> AsyncIterator[str]:
    yield "One"
    raise KeyError("sk-secret")


@pytest.mark.parametrize(
    ("function", "sentence"), [(_refuses, "answered HTTP 429"), (_breaks, "sent an answer that is none")]
)
async def test_what_goes_wrong_is_a_sentence_without_the_services_text(function: Any, sentence: str) -> None:
    model = PydanticAIModel(FunctionModel(stream_function=function, model_name="m"))
    with pytest.raises(coach.ModelError, match=sentence) as info:
        assert [piece async for piece in model.reply(system="s", messages=[], tools=[])] == []
    assert "sk-secret" not in str(info.value) and "'m'" in str(info.value)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (httpx2.Response(401, json={"error": {"message": "sk-secret"}}), "refused the key"),
        (httpx2.Response(404, json={"error": {"message": "sk-secret"}}), "does not know 'm'"),
        (httpx2.ConnectError("sk-secret"), "could not be reached"),
    ],
)
async def test_what_a_server_refuses_is_told_too(answer: Any, sentence: str) -> None:
    def serve(request: httpx2.Request) -> httpx2.Response:
        if isinstance(answer, httpx2.Response):
            return answer
        raise answer

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(serve))
    async with AsyncOpenAI(
        api_key="sk-secret", base_url="http://model.test", http_client=http, max_retries=0
    ) as client:
        model = PydanticAIModel(OpenAIChatModel("m", provider=OpenAIProvider(openai_client=client)))
        with pytest.raises(coach.ModelError, match=sentence) as info:
            assert [piece async for piece in model.reply(system="s", messages=[], tools=[])] == []
    assert "sk-secret" not in str(info.value)
