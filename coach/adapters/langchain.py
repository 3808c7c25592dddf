"""LangChain and LangGraph: a coach's actions as an agent's middleware, or as tools for a loop of one's own.

Middleware is for one turn, so the agent is made for the turn; making one is cheap::

    hosted = Hosted(turn, listen)
    agent = create_agent(model, middleware=[CoachMiddleware(hosted)])
    state = await agent.ainvoke({"messages": [*history, HumanMessage("Hi!")]})

At each step the model is shown the prompt and the actions of the phase it is in by then; a move happens when
all calls of the reply before have their answers. Tools and middleware are asynchronous only.

A call that needs the person's yes ends in the :class:`coach.Waiting` that ``listen`` is told, the model goes
on talking, and :meth:`Hosted.decide` takes the answer, of which :func:`told` tells the model. LangGraph's own
way, ``interrupt``, needs a checkpointer, and the thread takes no new message until it is resumed: the person
could not even ask what they are about to agree to. It has no end and no digest of what was shown.

Sources: langchain 1.5.2 (agents/factory.py), langchain-core 1.8.3 (tools/base.py), langgraph 1.2.24.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, BaseMessage, SystemMessage, ToolMessage
from langchain_core.messages.tool import tool_call
from langchain_core.tools import BaseTool
from langgraph.prebuilt.tool_node import ToolCallRequest
from langgraph.types import Command

from coach._answers import Answer
from coach._messages import Decided
from coach.adapters._hosted import Hosted


class CoachTool(BaseTool):
    """One action as a tool, its schema as it is.

    Called with a whole tool call it gives a ``ToolMessage``: what the model reads, what the application gets
    (``Result.data``) as its ``artifact``, and ``status="error"`` when it did not happen. Arguments are judged
    by the coach: whatever is wrong with them is such an answer, and nothing is raised.
    """

    hosted: Any
    """The :class:`coach.adapters.Hosted` turn."""

    def _parse_input(self, tool_input: str | dict[str, Any], tool_call_id: str | None) -> dict[str, Any]:
        # Not spread over parameters: an action may call one of its own `config`.
        return {"call_id": tool_call_id, "arguments": tool_input}

    async def _arun(self, call_id: str | None, arguments: Any) -> str | ToolMessage:
        answer = await self.hosted.call(call_id or "", self.name, arguments)
        if call_id is None:
            return str(answer.say)
        return _message(answer, call_id, self.name)

    def _run(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError("An action is asynchronous: use `ainvoke`, `astream` or `abatch`.")


def tools(hosted: Hosted) -> list[BaseTool]:
    """The actions of the phase the turn is in, for ``bind_tools`` in a graph or a loop of one's own.

    When every call of a reply has its answer, await ``hosted.proceed()``; then ``hosted.turn.prompt`` and
    these are those of the next reply.
    """
    return [
        CoachTool(
            name=tool["function"]["name"],
            description=tool["function"].get("description", ""),
            args_schema=tool["function"].get("parameters"),
            hosted=hosted,
        )
        for tool in hosted.turn.tools
    ]


def told(hosted: Hosted) -> list[BaseMessage]:
    """What the model is to be told of the person's answers and buttons, each once: add it to the messages."""
    return hosted.turn.told(_told)


def _told(one: Decided) -> list[BaseMessage]:
    call = one.call
    asked = tool_call(name=call.name, args=call.parse() or {}, id=call.id)
    answer = Answer(say=one.finished.say, finished=one.finished)
    return [AIMessage("", tool_calls=[asked]), _message(answer, call.id, call.name)]


def _message(answer: Answer, call_id: str, name: str) -> ToolMessage:
    return ToolMessage(
        answer.say,
        artifact=answer.finished.data,
        tool_call_id=call_id,
        name=name,
        status="error" if answer.failed else "success",
    )


class CoachMiddleware(AgentMiddleware[Any, Any, Any]):
    """The actions and the prompts of one turn of one person, for an agent made by ``create_agent``.

    The agent may have tools of its own: theirs are called as ever. A call of a tool that it does not have
    is answered by the coach.

    Args:
        hosted: The turn, and who is told what happens.
    """

    def __init__(self, hosted: Hosted) -> None:
        super().__init__()
        self._hosted = hosted

    async def abefore_model(self, state: Any, runtime: Any) -> None:
        """Go on to the next reply. See :class:`AgentMiddleware`."""
        await self._hosted.catch_up()

    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any]:
        """Show the phase's prompt, after the agent's own, and its actions. See :class:`AgentMiddleware`."""
        own = request.system_message
        said = self._hosted.turn.prompt
        prompt = SystemMessage(said if own is None else f"{own.text}\n\n{said}")
        return await handler(
            request.override(system_message=prompt, tools=[*request.tools, *tools(self._hosted)])
        )

    async def awrap_tool_call(
        self,
        request: ToolCallRequest,
        handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]],
    ) -> ToolMessage | Command[Any]:
        """Run a call that no tool of the agent's own takes. See :class:`AgentMiddleware`."""
        if request.tool is None:
            name = request.tool_call["name"]
            request = request.override(tool=CoachTool(name=name, description="", hosted=self._hosted))
        return await handler(request)
