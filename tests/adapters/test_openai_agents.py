"""What is special to the OpenAI Agents SDK: the real one, and the sandbox over HTTP."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from agents import Agent, FunctionTool, OpenAIResponsesModel, RunConfig, Runner
from agents.run_config import ToolErrorFormatterArgs

import coach
from coach.adapters import Hosted
from coach.adapters.openai_agents import instructions, run_config, tools
from coach.sandbox import Sandbox
from coach.testing import call
from tests._talk import start
from tests.adapters._host_openai_agents import open_host


async def test_a_run_goes_through_phases_with_the_sandbox_over_http(
    sandbox: Sandbox, settings: coach.Settings
) -> None:
    async with (
        coach.open("coach.reference", settings, faces=None) as reference,
        settings.openai() as client,
    ):
        moves: list[str] = []

        async def listen(event: coach.Event) -> None:
            if isinstance(event, coach.PhaseChanged):
                moves.append(event.phase)

        hosted = Hosted(await reference.turn(user_id="ann"), listen)
        agent = Agent(
            name="Coach",
            instructions=instructions(hosted),
            tools=tools(hosted),
            model=OpenAIResponsesModel("any", client),
        )
        config = run_config(hosted, RunConfig(tracing_disabled=True))
        result = await Runner.run(agent, "Hello, I am Ann.", run_config=config)
        person = await reference.service("people", coach.People).get("ann")
    assert (moves, hosted.turn.phase) == (["get_to_know_you"], "get_to_know_you")
    assert person.name == "Ann" and result.final_output
    assert [entry.status for entry in sandbox.log] == [200, 200]


async def test_pictures_of_one_reply_are_made_side_by_side(folder: Path) -> None:
    both = asyncio.Barrier(2)

    async def gate(name: str) -> None:
        await both.wait()

    talk = coach.load(folder, log=[], gate=gate)
    async with open_host(talk) as host:
        answers = await host.reply(call("paint", id="p", name="p"), call("paint", id="q", name="q"))
    assert set(answers.values()) == {"There it is."}


async def test_what_the_sdk_cannot_read_ends_its_run_and_does_nothing(
    talk: coach.Coach, log: list[Any]
) -> None:
    async with open_host(talk) as host:
        deep = coach.Call(id="x", name="write", arguments="[" * 100_000)
        with pytest.raises(RecursionError):
            await host.reply(call("write", text="x"), deep)
    assert log == []


async def test_the_hosts_own_configuration_is_kept(talk: coach.Coach) -> None:
    hosted = Hosted(await start(talk))

    def theirs(args: ToolErrorFormatterArgs[Any]) -> str:
        return f"theirs: {args.kind}"

    config = run_config(hosted, RunConfig(workflow_name="ours", tool_error_formatter=theirs))
    assert (config.workflow_name, config.trace_include_sensitive_data) == ("ours", True)
    assert config.tool_error_formatter is not None
    asked: Any = {"tool_type": "function", "tool_name": "write", "call_id": "a", "default_message": ""}
    args = ToolErrorFormatterArgs(kind="approval_rejected", run_context=None, **asked)  # type: ignore[arg-type]
    assert config.tool_error_formatter(args) == "theirs: approval_rejected"
    assert not run_config(hosted).trace_include_sensitive_data


async def test_every_action_is_a_strict_tool_and_those_of_the_phase_are_enabled(talk: coach.Coach) -> None:
    hosted = Hosted(await start(talk, phase="middle"))
    made = {tool.name: tool for tool in tools(hosted) if isinstance(tool, FunctionTool)}
    assert list(made) == sorted(talk.actions)
    agent = Agent[None](name="Coach", tools=[*made.values()])
    enabled = await agent.get_all_tools(None)  # type: ignore[arg-type]
    assert [tool.name for tool in enabled] == ["move", "write"]
    for name, tool in made.items():
        assert tool.strict_json_schema and tool.params_json_schema == talk.actions[name].schema
