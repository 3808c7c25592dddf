"""What the chat endpoint refuses about tools: names, strict schemas, and calls without their answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from coach.sandbox.errors import ApiError
from coach.sandbox.rules import words

Json = Mapping[str, Any]

TOOLS = 128
DEPTH = 10
PROPERTIES = 5000
ENUM_VALUES = 1000

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def check_tools(tools: object) -> None:
    """Judge the ``tools`` of a request.

    Raises:
        ApiError: The first that is wrong; the codes are those of openai/openai-agents-python #474 and
            oh-my-pi #920.
    """
    if not isinstance(tools, list) or not 1 <= len(tools) <= TOOLS:
        raise ApiError(
            f"Invalid 'tools': expected an array of 1 to {TOOLS}.", code="invalid_value", param="tools"
        )
    for i, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
        if not isinstance(function, dict):
            raise _invalid(f"tools[{i}]", f"Invalid value: 'tools[{i}]' must be a function.", "invalid_value")
        name = function.get("name")
        if not isinstance(name, str) or not NAME.fullmatch(name):
            message = f"Invalid 'tools[{i}].function.name': string does not match pattern '^[a-zA-Z0-9_-]+$'."
            raise _invalid(f"tools[{i}].function.name", message, "invalid_value")
        if function.get("strict") and (wrong := schema_problem(function.get("parameters") or {})):
            raise _invalid(
                f"tools[{i}].function.parameters",
                f"Invalid schema for function '{name}': {wrong}",
                "invalid_function_parameters",
            )


def check_choice(choice: object, tools: Sequence[Json]) -> None:
    """Judge a request's ``tool_choice``.

    Raises:
        ApiError: It names a tool that is not there, or none where it must.
    """
    if not isinstance(choice, Mapping):
        return
    named = _allowed(choice) if choice.get("type") == "allowed_tools" else [choice]
    if not named:
        raise _invalid(
            "tool_choice", "Invalid 'tool_choice': 'allowed_tools' names no tool.", "invalid_value"
        )
    there = [tool["function"]["name"] for tool in tools]
    for one in named:
        name = (one.get("function") or {}).get("name")
        if name not in there:
            message = f"Tool choice '{name}' not found in 'tools' parameter."
            raise _invalid("tool_choice", message, "invalid_value")


def offered(body: Json) -> list[Json]:
    """The tools of a request in order that its model may call.

    What ``allowed_tools`` looks like: openai-python 3.52.0,
    ``types/chat/chat_completion_allowed_tool_choice_param.py``.
    """
    tools, choice = body.get("tools") or [], body.get("tool_choice")
    if choice == "none":
        return []
    if not isinstance(choice, Mapping) or choice.get("type") != "allowed_tools":
        return list(tools)
    names = {one["function"]["name"] for one in _allowed(choice)}
    return [tool for tool in tools if tool["function"]["name"] in names]


def _allowed(choice: Json) -> list[Json]:
    given = choice.get("allowed_tools")
    tools = given.get("tools") if isinstance(given, Mapping) else None
    return [tool for tool in tools if isinstance(tool, Mapping)] if isinstance(tools, list) else []


def _invalid(param: str, message: str, code: str) -> ApiError:
    return ApiError(message, code=code, param=param)


def schema_problem(schema: Json) -> str | None:
    """The first thing that keeps a schema from being strict."""
    return next(_problems(schema), None)


def _problems(schema: Json) -> Iterator[str]:
    """What keeps a schema from being strict (OpenAI's guide to structured outputs, supported schemas)."""
    if schema.get("type") != "object" or "anyOf" in schema:
        yield "In context=(), the root must be an object and not 'anyOf'."
        return
    count = {"properties": 0, "values": 0}
    for path, node in _nodes(schema, ()):
        if sum(step in ("properties", "items") for step in path) > DEPTH:
            yield f"In context={path}, the schema is nested deeper than {DEPTH} levels."
        yield from (
            f"In context={path}, '{word}' is not permitted." for word in node if word not in words("strict")
        )
        properties = node.get("properties", {})
        count["properties"] += len(properties)
        count["values"] += len(node.get("enum", ()))
        if node.get("type") == "object" or properties:
            if node.get("additionalProperties") is not False:
                yield f"In context={path}, 'additionalProperties' is required to be supplied and to be false."
            if missing := sorted(set(properties) - set(node.get("required", ()))):
                yield f"In context={path}, 'required' must include every property. Missing '{missing[0]}'."
        elif not node.keys() & {"type", "enum", "const", "anyOf", "$ref"}:
            yield f"In context={path}, schema must have a 'type' key."
    if count["properties"] > PROPERTIES or count["values"] > ENUM_VALUES:
        yield f"In context=(), more than {PROPERTIES} properties or {ENUM_VALUES} enum values."


def _nodes(schema: Json, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Json]]:
    yield path, schema
    for word in ("properties", "$defs", "definitions"):
        for name, inner in schema.get(word, {}).items():
            yield from _nodes(inner, (*path, word, name))
    if isinstance(schema.get("items"), Mapping):
        yield from _nodes(schema["items"], (*path, "items"))
    for i, inner in enumerate(schema.get("anyOf", ())):
        yield from _nodes(inner, (*path, "anyOf", str(i)))


def check_answers(messages: Sequence[Json]) -> None:
    """Judge that every call has exactly its answers, right behind it.

    Raises:
        ApiError: One has not, or an answer belongs to no call.
    """
    owed: list[str] = []
    for i, message in enumerate(messages):
        if message["role"] == "tool":
            if message.get("tool_call_id") not in owed:
                text = (
                    "messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
                )
                raise ApiError(f"Invalid parameter: {text}", code=None, param=f"messages.[{i}].role")
            owed.remove(message["tool_call_id"])
            continue
        _settled(owed, i)
        owed = [call["id"] for call in message.get("tool_calls") or []]
    _settled(owed, len(messages))


def _settled(owed: list[str], i: int) -> None:
    if owed:
        text = (
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(owed)}"
        )
        raise ApiError(text, code=None, param=f"messages.[{i}].role")
