"""What is special to LangChain: tools by themselves, an agent's own tools and words, and a graph's thread."""

from __future__ import annotations

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.messages.tool import tool_call
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langsmith.utils import tracing_is_enabled

import coach
from coach.adapters import Hosted
from coach.adapters.langchain import CoachMiddleware, told, tools
from coach.testing import call
from tests._talk import start
from tests.adapters._host_langchain import Scripted


async def test_a_tool_by_itself_gives_a_tool_message(talk: coach.Coach) -> None:
    hosted = Hosted(await start(talk))
    by_name = {each.name: each for each in tools(hosted)}
    assert by_name["write"].args_schema == talk.actions["write"].schema
    done = await by_name["write"].ainvoke(tool_call(name="write", args={"text": "x"}, id="a"))
    assert (done.content, done.artifact, done.status) == ("Wrote 1 characters.", {"text": "x"}, "success")
    refused = await by_name["write"].ainvoke(tool_call(name="write", args={"user_id": "bob"}, id="b"))
    assert (refused.tool_call_id, refused.artifact, refused.status) == ("b", None, "error")
    assert await by_name["write"].ainvoke({"text": "bare"}) == "Wrote 4 characters."
    with pytest.raises(NotImplementedError, match="ainvoke"):
        by_name["write"].invoke({"text": "x"})
    await by_name["move"].ainvoke({"phase": "end"})
    await hosted.proceed()
    assert tools(hosted) == []


async def test_a_button_is_told_with_what_the_application_gets(talk: coach.Coach) -> None:
    hosted = Hosted(await start(talk))
    for text in ("x", 3):
        [event async for event in hosted.turn.press("write", {"text": text})]
    _, done, _, refused = told(hosted)
    assert isinstance(done, ToolMessage) and isinstance(refused, ToolMessage)
    assert (done.artifact, done.status, refused.status) == ({"text": "x"}, "success", "error")


@tool
def double(number: int) -> int:
    """Double a number."""
    return 2 * number


async def test_it_stands_beside_the_tools_and_words_of_the_agent(talk: coach.Coach) -> None:
    model = Scripted(
        calls=[call("double", id="a", number=4), call("write", id="b", text="x")], asked=[], offered=[]
    )
    hosted = Hosted(await start(talk))
    agent = create_agent(
        model, tools=[double], system_prompt="Be brief.", middleware=[CoachMiddleware(hosted)]
    )
    state = await agent.ainvoke({"messages": [HumanMessage("Hi!")]})
    answers = [message for message in state["messages"] if isinstance(message, ToolMessage)]
    assert [(each.content, each.artifact) for each in answers] == [
        ("8", None),
        ("Wrote 1 characters.", {"text": "x"}),
    ]
    first = model.asked[0]
    assert first["messages"][0]["content"].startswith("Be brief.\n\nYou are a coach.")
    assert [each["function"]["name"] for each in first["tools"]][:2] == ["double", "write"]


async def test_a_threads_state_survives_its_checkpoint(talk: coach.Coach) -> None:
    model = Scripted(calls=[call("write", id="a", text="x")], asked=[], offered=[])
    saver = InMemorySaver()
    thread: Any = {"configurable": {"thread_id": "t"}}
    for text in ("Hi!", "Go on."):  # a turn for each message, and an agent for each turn
        hosted = Hosted(await start(talk))
        agent = create_agent(model, middleware=[CoachMiddleware(hosted)], checkpointer=saver)
        state = await agent.ainvoke({"messages": [HumanMessage(text)]}, thread)
    assert [message.type for message in state["messages"]] == ["human", "ai", "tool", "ai", "human", "ai"]
    assert state["messages"][2].artifact == {"text": "x"}


def test_nothing_is_traced_to_a_service_unless_somebody_asks_for_it() -> None:
    assert not tracing_is_enabled()
