"""Pydantic AI: a coach as a capability of an agent, and any model it knows for :class:`coach.Conversation`.

The capability is for one turn, so it goes to the run and not to the agent::

    hosted = Hosted(turn, listen)
    result = await agent.run("Hi!", capabilities=[CoachCapability(hosted=hosted)], message_history=history)

At each step the model is shown the prompt and the actions of the phase it is in by then; a move happens when
all calls of the reply before have their answers.

A call that needs the person's yes ends in the :class:`coach.Waiting` that ``listen`` is told, the model goes
on talking, and :meth:`Hosted.decide` takes the answer, of which :func:`told` tells the model. Pydantic AI's
own way, ``DeferredToolRequests``, ends the run, and its history takes no new message until the question is
answered: the person could not even ask what they are about to agree to. It has no end and no digest of what
was shown.

Sources: pydantic-ai-slim 2.68.0 (capabilities, toolsets, tool_manager.py, direct.py).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic_ai import (
    AbstractToolset,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    RunContext,
    TextPart,
    TextPartDelta,
    ToolCallPart,
    ToolDefinition,
    ToolReturn,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.direct import model_request_stream
from pydantic_ai.exceptions import ModelAPIError, ModelHTTPError
from pydantic_ai.messages import InstructionPart, ModelRequestPart
from pydantic_ai.models import KnownModelName, ModelRequestContext, ModelRequestParameters, infer_model
from pydantic_ai.models import Model as AnyModel
from pydantic_ai.settings import ModelSettings
from pydantic_ai.toolsets.abstract import ToolsetTool

from coach._calls import Call
from coach._messages import Decided
from coach.adapters._hosted import Hosted
from coach.errors import ModelError
from coach.model import Reply


@dataclass(kw_only=True)
class CoachCapability(AbstractCapability[Any]):
    """The prompts and the actions of one turn of one person, for one run of an agent.

    It is :class:`CoachToolset`, and answers a call of a tool that nobody has: Pydantic AI by itself ends the
    run when a model does that more often than its ``retries``, and models do, after a move.

    Args:
        hosted: The turn, and who is told what happens.
    """

    hosted: Hosted

    def __post_init__(self) -> None:
        self._toolset = CoachToolset(self.hosted)
        self._ours: ToolsetTool[Any] | None = None

    def get_toolset(self) -> CoachToolset:
        """See :class:`AbstractCapability`."""
        return self._toolset

    async def after_model_request(
        self, ctx: RunContext[Any], *, request_context: ModelRequestContext, response: ModelResponse
    ) -> ModelResponse:
        """Take the calls that no tool takes. See :class:`AbstractCapability`."""
        known = ctx.tool_manager.tools if ctx.tool_manager is not None else None
        if known is not None:
            ours = (tool for tool in known.values() if tool.toolset is self._toolset)
            self._ours = next(ours, self._ours)
            for name in {call.tool_name for call in response.tool_calls} - known.keys():
                if self._ours is not None:
                    known[name] = replace(self._ours, tool_def=replace(self._ours.tool_def, name=name))
        return response


class CoachToolset(AbstractToolset[Any]):
    """The prompts and the actions of one turn of one person, for one run of an agent.

    What an action gives the application (``Result.data``) is the ``metadata`` of the tool's return. Arguments
    are judged by the coach: whatever is wrong with them is an answer that the model reads, and no retry.

    Args:
        hosted: The turn, and who is told what happens.
    """

    def __init__(self, hosted: Hosted) -> None:
        self._hosted = hosted

    @property
    def id(self) -> str:
        """See :class:`AbstractToolset`."""
        return "coach"

    async def for_run_step(self, ctx: RunContext[Any]) -> CoachToolset:
        """Go on to the next reply. See :class:`AbstractToolset`."""
        await self._hosted.catch_up()
        return self

    async def get_instructions(self, ctx: RunContext[Any]) -> str:
        """The phase's prompt. See :class:`AbstractToolset`."""
        return self._hosted.turn.prompt

    async def get_tools(self, ctx: RunContext[Any]) -> dict[str, ToolsetTool[Any]]:
        """The phase's actions. See :class:`AbstractToolset`."""
        return {
            one.name: ToolsetTool(toolset=self, tool_def=one, max_retries=1, args_validator=_AsGiven())
            for one in map(_definition, self._hosted.turn.tools)
        }

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Any], tool: ToolsetTool[Any]
    ) -> ToolReturn[str]:
        """Run one call. See :class:`AbstractToolset`."""
        given = tool_args.text if isinstance(tool_args, _Unreadable) else tool_args
        answer = await self._hosted.call(ctx.tool_call_id or "", name, given)
        return ToolReturn(answer.say, metadata=answer.finished.data)


def told(hosted: Hosted) -> list[ModelMessage]:
    """What the model is to be told of the person's answers and buttons, each once: add it to the history."""
    return hosted.turn.told(_told)


def _told(one: Decided) -> list[ModelMessage]:
    call, ended = one.call, one.finished
    asked = ToolCallPart(call.name, _arguments(call), tool_call_id=call.id)
    answer = ToolReturnPart(call.name, ended.say, tool_call_id=call.id, metadata=ended.data)
    return [ModelResponse([asked]), ModelRequest([answer])]


class _Unreadable(dict[str, Any]):
    """Arguments that are no JSON object, as they came."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class _AsGiven:
    """Takes any arguments: the coach judges them, once."""

    def validate_json(self, input: str | bytes | bytearray, **_: Any) -> dict[str, Any]:
        text = input if isinstance(input, str) else input.decode(errors="replace")
        parsed = Call(id="", name="", arguments=text).parse()
        return _Unreadable(text) if parsed is None else parsed

    def validate_python(self, input: Any, **_: Any) -> Any:
        return input


class PydanticAIModel:
    """Any model Pydantic AI knows, streaming. See :class:`coach.Model`.

    Args:
        model: The model, or its name as Pydantic AI has it, ``"anthropic:…"``; it brings key, address and
            time-outs.
        settings: What goes along with each request.

    Raises:
        UserError: Pydantic AI does not know the name, or misses a key.
    """

    def __init__(
        self, model: AnyModel | KnownModelName | str, *, settings: ModelSettings | None = None
    ) -> None:
        self._model, self._settings = infer_model(model), settings

    async def reply(
        self, *, system: str, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> AsyncIterator[str | Reply]:
        """See :class:`coach.Model`."""
        said: list[str] = []
        try:
            asked = model_request_stream(
                self._model,
                history(messages),
                model_settings=self._settings,
                model_request_parameters=ModelRequestParameters(
                    function_tools=[_definition(tool) for tool in tools],
                    instruction_parts=[InstructionPart(system, dynamic=True)],
                ),
            )
            async with asked as stream:
                async for event in stream:
                    match event:
                        case (
                            PartStartEvent(part=TextPart(content=text))
                            | PartDeltaEvent(delta=TextPartDelta(content_delta=text))
                        ) if text:
                            said.append(text)
                            yield text
                response = stream.get()
        except Exception as exc:  # each provider's library has errors of its own
            raise ModelError(_sentence(exc, self._model.model_name)) from exc
        calls = [
            Call(id=part.tool_call_id, name=part.tool_name, arguments=part.args or {})
            for part in response.tool_calls
        ]
        yield Reply(text="".join(said), calls=tuple(calls))


def history(messages: Sequence[Mapping[str, Any]]) -> list[ModelMessage]:
    """Messages of chat completions, as :meth:`coach.Conversation.messages` has them, as Pydantic AI's."""
    made: list[ModelMessage] = []
    names: dict[str, str] = {}
    # Some services take no conversation in which the person says nothing first.
    begun = bool(messages) and messages[0]["role"] == "user"
    parts: list[ModelRequestPart] = [] if begun else [UserPromptPart(".")]
    for message in messages:
        if message["role"] != "assistant":
            parts.append(_part(message, names))
            continue
        calls = [Call.of(raw) for raw in message.get("tool_calls") or ()]
        names |= {call.id: call.name for call in calls}
        said = [TextPart(message["content"])] if message["content"] else []
        asked = [ToolCallPart(call.name, _arguments(call), tool_call_id=call.id) for call in calls]
        # The answers to the calls of one reply belong into one request.
        made += [ModelRequest(parts)] if parts else []
        made.append(ModelResponse([*said, *asked]))
        parts = []
    return [*made, ModelRequest(parts)] if parts else made


def _part(message: Mapping[str, Any], names: Mapping[str, str]) -> ModelRequestPart:
    if message["role"] == "tool":
        asked = message["tool_call_id"]
        return ToolReturnPart(names[asked], message["content"], tool_call_id=asked)
    return UserPromptPart(message["content"])


def _arguments(call: Call) -> str | dict[str, Any]:
    return call.arguments if isinstance(call.arguments, str) else dict(call.arguments)


def _definition(tool: Mapping[str, Any]) -> ToolDefinition:
    """A tool of chat completions as Pydantic AI's, its schema as it is."""
    function = tool["function"]
    return ToolDefinition(
        name=function["name"],
        description=function["description"],
        parameters_json_schema=function["parameters"],
        # Left to Pydantic AI, `strict` is on where it can be: some services take few strict schemas at once.
    )


def _sentence(exc: Exception, model: str) -> str:
    """What went wrong, for the operator, without the foreign text, which may quote keys or prompts."""
    match exc:
        case ModelHTTPError(status_code=401 | 403 as status):
            return f"The model server refused the key for {model!r} (HTTP {status})."
        case ModelHTTPError(status_code=404):
            return f"The model server does not know {model!r} (HTTP 404)."
        case ModelHTTPError(status_code=status):
            return f"The model server answered HTTP {status} for {model!r}."
        case ModelAPIError() | OSError():
            return f"The model {model!r} could not be reached or broke off."
        case _:
            return f"The model {model!r} sent an answer that is none, or was asked in a way it does not take."
