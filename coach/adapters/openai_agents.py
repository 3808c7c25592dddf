"""The OpenAI Agents SDK.

::

    hosted = Hosted(turn, listen)
    agent = Agent(name="Coach", instructions=instructions(hosted), tools=[*tools(hosted)])
    result = await Runner.run(agent, "Hi!", run_config=run_config(hosted))

A call that needs the person's yes ends in the :class:`coach.Waiting` that ``listen`` is told, the model goes
on talking, and :meth:`Hosted.decide` takes the answer, of which :func:`told` tells the model. The SDK's own
approvals are left alone: they hold the run up until somebody answers, in a state that you must store, with no
end and no digest of what was shown.

Sources: openai-agents 0.24.0 (agent.py, tool.py, run_config.py, run_internal).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from agents import Agent, FunctionTool, RunConfig, RunContextWrapper, Tool, TResponseInputItem
from agents.agent import AgentBase
from agents.run_config import ToolErrorFormatterArgs
from agents.tool_context import ToolContext

from coach.adapters._hosted import Hosted
from coach.adapters.openai import call_item, output_item

Instructions = Callable[[RunContextWrapper[Any], Agent[Any]], Awaitable[str]]


def instructions(hosted: Hosted) -> Instructions:
    """The agent's instructions: the prompt of the phase each reply is asked in."""

    async def prompt(context: RunContextWrapper[Any], agent: Agent[Any]) -> str:
        await hosted.catch_up()
        return hosted.turn.prompt

    return prompt


def tools(hosted: Hosted) -> list[Tool]:
    """All the coach's actions as tools of an agent; enabled are those of the phase."""
    return [_tool(hosted, name) for name in sorted(hosted.turn.coach.actions)]


def told(hosted: Hosted) -> list[TResponseInputItem]:
    """What the model is to be told of the person's answers and buttons, each once: add it to the input."""
    return hosted.turn.told(lambda one: [call_item(one.call), output_item(one.finished, one.finished.say)])


def run_config(hosted: Hosted, config: RunConfig | None = None) -> RunConfig:
    """What the runner needs to know.

    Args:
        config: Your own; left out: the SDK's, without what people say in its traces.

    Returns:
        The same, in which a call of what is no action of the phase, or no tool at all, is answered with what
        is available, instead of ending the run.
    """
    theirs = config and config.tool_error_formatter

    def answer(args: ToolErrorFormatterArgs[Any]) -> Any:
        if args.kind != "tool_not_found":
            return theirs(args) if theirs else None
        return _say(hosted, args.call_id, args.tool_name, "{}")

    config = config or RunConfig(trace_include_sensitive_data=False)
    return replace(config, tool_not_found_behavior="return_error_to_model", tool_error_formatter=answer)


def _tool(hosted: Hosted, name: str) -> FunctionTool:
    action = hosted.turn.coach.actions[name]

    async def invoke(context: ToolContext[Any], arguments: str) -> str:
        return await _say(hosted, context.tool_call_id, name, arguments)

    async def enabled(context: RunContextWrapper[Any], agent: AgentBase[Any]) -> bool:
        await hosted.catch_up()
        return name in hosted.turn.coach.phase(hosted.turn.phase).actions

    return FunctionTool(
        name=name,
        description=action.description,
        params_json_schema=dict(action.schema),
        on_invoke_tool=invoke,
        is_enabled=enabled,
    )


async def _say(hosted: Hosted, call_id: str, name: str, arguments: str) -> str:
    return (await hosted.call(call_id, name, arguments)).say
