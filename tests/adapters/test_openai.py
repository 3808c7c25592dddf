"""What is special to a loop of one's own over OpenAI's two APIs."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import httpx2
import pytest
from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from PIL import Image

import coach
from coach.adapters._looks import Looks
from coach.adapters.openai import ChatCompletions, Responses
from coach.studio import provenance
from coach.testing import call
from tests._talk import start
from tests.actions._pictures import make_ready
from tests.adapters._wire import chat, responses, sse

GENERATE = call("generate_identity_image", id="g", identity_id="i1")


def client_of(response: httpx2.Response) -> AsyncOpenAI:
    http = DefaultAsyncHttpxClient(transport=httpx2.MockTransport(lambda _: response))
    return AsyncOpenAI(api_key="sk-test", base_url="http://model.test/v1", http_client=http, max_retries=0)


async def answered(agent: Responses | ChatCompletions, *calls: coach.Call, stream: bool = False) -> list[Any]:
    """What a reply with these calls adds to the history."""
    body = {"model": "m", "stream": stream, **agent.request([])}
    made = responses(body, calls) if isinstance(agent, Responses) else chat(body, calls)
    async with client_of(made) as client:
        create: Any = (
            client.responses.create if isinstance(agent, Responses) else client.chat.completions.create
        )
        [_ async for _ in agent.run(await create(**body))]
    return agent.added


async def test_the_list_of_tools_stays_and_the_choice_among_them_follows_the_phase(talk: coach.Coach) -> None:
    for kind in (ChatCompletions, Responses):
        agents = [kind(await start(talk, phase=phase)) for phase in talk.phases]
        requests = [agent.request([]) for agent in agents]
        assert len({json.dumps(request["tools"]) for request in requests}) == 1
        choices = dict(zip(talk.phases, (request["tool_choice"] for request in requests), strict=True))
        assert choices["end"] == "none"
        middle = choices["middle"].get("allowed_tools", choices["middle"])
        assert [tool.get("function", tool)["name"] for tool in middle["tools"]] == ["write", "move"]
        assert middle["mode"] == "auto" and choices["middle"]["type"] == "allowed_tools"


async def test_servers_without_allowed_tools_get_those_of_the_phase(talk: coach.Coach) -> None:
    agent = ChatCompletions(await start(talk, phase="middle"), stable=False)
    assert agent.request([]).keys() == {"messages", "tools"}
    assert agent.tools == agent.turn.tools
    nothing = ChatCompletions(await start(talk, phase="end"), stable=False)
    assert nothing.request([]).keys() == {"messages"}


ODD = (
    coach.Call(id="a", name="no such.action!", arguments="{broken"),
    call("write", id="b", text="x"),
    coach.Call(id="a", name="write", arguments='{"text": "the same id again"}'),
)


@pytest.mark.parametrize("stream", [False, True])
async def test_what_is_odd_in_a_reply_goes_into_the_history_as_a_server_takes_it(
    talk: coach.Coach, stream: bool
) -> None:
    added = await answered(Responses(await start(talk)), *ODD, stream=stream)
    assert [(item["type"], item["call_id"]) for item in added] == [
        ("function_call", "a"),
        ("function_call", "b"),
        ("function_call_output", "a"),
        ("function_call_output", "b"),
    ]
    assert (added[0]["name"], added[0]["arguments"]) == ("no_such_action_", "{}")
    message, *answers = await answered(ChatCompletions(await start(talk)), *ODD, stream=stream)
    functions = [made["function"] for made in message["tool_calls"]]
    assert functions[0] == {"name": "no_such_action_", "arguments": "{}"}
    assert [made["id"] for made in message["tool_calls"]] == ["a", "b"]
    assert [answer["tool_call_id"] for answer in answers] == ["a", "b"]


def frames(*events: dict[str, Any]) -> httpx2.Response:
    return sse({**event, "sequence_number": number} for number, event in enumerate(events))


def call_item(**given: Any) -> dict[str, Any]:
    item = {
        "type": "function_call",
        "id": "fc",
        "call_id": "a",
        "name": "write",
        "arguments": '{"text": "x"}',
    }
    return {"type": "response.output_item.done", "output_index": 0, "item": item | given}


def ended(status: str) -> dict[str, Any]:
    whole = {"id": "r", "object": "response", "created_at": 1, "model": "m", "output": [], "status": status}
    return {"type": f"response.{status}", "response": whole}


@pytest.mark.parametrize(
    "events",
    [
        [call_item()],
        [call_item(), ended("failed")],
        [{"type": "response.output_text.delta", "delta": {"a": 1}}, ended("completed")],
        [{"type": "response.output_item.done", "item": None}, ended("completed")],
        [{"type": "response.completed", "response": None}],
    ],
    ids=["broken off", "failed", "no text", "no item", "no response"],
)
async def test_of_half_a_reply_nothing_runs(
    talk: coach.Coach, log: list[Any], events: list[dict[str, Any]]
) -> None:
    agent = Responses(await start(talk))
    async with client_of(frames(*events)) as client:
        reply = await client.responses.create(model="m", input="x", stream=True)
        with pytest.raises(coach.ModelError):
            [_ async for _ in agent.run(reply)]
    assert (log, agent.added) == ([], [])


async def test_a_reply_without_a_choice_is_none(talk: coach.Coach) -> None:
    agent = ChatCompletions(await start(talk))
    empty = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": []}
    async with client_of(httpx2.Response(200, json=empty)) as client:
        reply = await client.chat.completions.create(model="m", messages=[])
        with pytest.raises(coach.ModelError):
            [_ async for _ in agent.run(reply)]


async def test_a_reply_that_was_cut_short_is_answered_call_by_call(talk: coach.Coach, log: list[Any]) -> None:
    agent = Responses(await start(talk))
    cut = call_item(arguments='{"text": "half', status="incomplete")
    async with client_of(frames(cut, ended("incomplete"))) as client:
        reply = await client.responses.create(model="m", input="x", stream=True)
        [_ async for _ in agent.run(reply)]
    assert agent.added[1]["output"] == "The arguments are not a JSON object." and log == []


@pytest.fixture
async def reference(settings: coach.Settings, photo_bytes: bytes) -> AsyncIterator[coach.Coach]:
    async with coach.open("coach.reference", settings, faces=None) as opened:
        await make_ready(opened.service("store", coach.Store), photo_bytes)
        yield opened


async def looking(reference: coach.Coach, **given: Any) -> Responses:
    turn = await reference.turn(user_id="ann", phase="identity_visualization", conversation_id="c1")
    return Responses(turn, **given)


async def test_a_model_sees_the_picture_when_host_and_person_allow_it(
    reference: coach.Coach,
) -> None:
    consents = reference.service("consents", coach.Consents)
    await consents.give("ann", purpose="pictures_to_model", statement="I agree")
    agent = await looking(reference, pictures=True)
    item = (await answered(agent, GENERATE, stream=True))[-1]
    words, picture = item["output"]
    assert words["type"] == "input_text" and "as v1" in words["text"]
    head, _, data = picture["image_url"].partition(",")
    assert (picture["type"], head) == ("input_image", "data:image/webp;base64")
    with Image.open(BytesIO(b64decode(data))) as image:
        assert image.width == 512
    assert str(provenance.read(b64decode(data)).source_type).endswith("trainedAlgorithmicMedia")
    # The same call in a later turn has its answer, and makes no picture.
    later = await looking(reference, pictures=True)
    assert (await answered(later, GENERATE))[-1]["output"] == words["text"]


async def test_it_sees_the_picture_of_a_button_too(reference: coach.Coach) -> None:
    consents = reference.service("consents", coach.Consents)
    await consents.give("ann", purpose="pictures_to_model", statement="I agree")
    agent = await looking(reference, pictures=True)
    agent.done = True
    [_ async for _ in agent.press(GENERATE.name, {"identity_id": "i1"})]
    asked, answer = agent.added
    assert (asked["name"], asked["call_id"], agent.done) == (GENERATE.name, answer["call_id"], False)
    words, picture = answer["output"]
    assert words["text"].startswith("The user pressed this button. It is done: ")
    assert picture["type"] == "input_image"
    waiting = coach.Waiting(
        call_id="x", action="x", ask="?", arguments={}, digest="0" * 64, expires_at=datetime.now(UTC)
    )
    with pytest.raises(coach.Conflict):
        [_ async for _ in agent.decide(waiting, yes=True)]
    assert agent.added == []


async def test_without_both_it_reads_the_words_alone(reference: coach.Coach) -> None:
    consents = reference.service("consents", coach.Consents)
    await consents.give("ann", purpose="pictures_to_model", statement="I agree")
    for pictures in (False, True):
        agent = await looking(reference, pictures=pictures)
        one = call("generate_identity_image", identity_id="i1")
        output = (await answered(agent, one))[-1]["output"]
        assert isinstance(output, str) and "on the user's screen" in output
        await consents.revoke("ann", "pictures_to_model")  # their yes to the picture service is none to this
        assert await consents.active("ann") is not None


async def test_nobody_elses_picture_is_seen_whatever_an_action_says(reference: coach.Coach) -> None:
    consents = reference.service("consents", coach.Consents)
    turns = {name: await reference.turn(user_id=name) for name in ("ann", "bob")}
    looks = {name: Looks(turn) for name, turn in turns.items()}
    for name in turns:
        await consents.give(name, purpose="pictures_to_model", statement="I agree")
    await answered(await looking(reference), GENERATE)
    [version] = await reference.service("versions", coach.Versions).list("ann", "i1")
    made = coach.Finished(call_id="x", action="a", state="done", say="", data={"version_id": version.id})
    assert (await looks["ann"].at(made) is None, await looks["bob"].at(made) is None) == (False, True)
    for data in ({"version_id": "nope"}, {"version_id": 5}, {}):
        assert await looks["ann"].at(replace(made, data=data)) is None
    assert await looks["ann"].at(replace(made, state="failed")) is None


async def test_pictures_need_the_services_of_an_open_coach(talk: coach.Coach) -> None:
    with pytest.raises(coach.CoachError, match="`consents`"):
        Responses(await start(talk), pictures=True)
