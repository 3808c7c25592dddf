"""Reading what is posted to ``/v1/responses`` to talk: the same request in the words of chat completions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coach.sandbox import errors
from coach.sandbox.errors import ApiError
from coach.sandbox.rules import models, words
from coach.sandbox.tools import check_choice, check_tools

Json = Mapping[str, Any]

_ROLES = ("user", "assistant", "system", "developer")
_PARTS = ("input_text", "output_text", "refusal", "input_image")


def read_said(body: Json) -> dict[str, Any]:
    """Take a request apart.

    Returns:
        A request of chat completions that is in order.

    Raises:
        ApiError: The first thing that is wrong.
    """
    for name in body:
        if name not in words("responses"):
            raise errors.unknown(name)
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise errors.missing("model")
    if model in models():
        raise errors.invalid("model", f"The model '{model}' is not supported here: name a text model.")
    for name in ("previous_response_id", "conversation"):
        if body.get(name) is not None:
            raise errors.invalid(name, "This sandbox keeps no conversation: send the whole input.")
    asked: dict[str, Any] = {"model": model, "messages": _messages(body)}
    if body.get("tools"):
        asked |= _tools(body["tools"], body.get("tool_choice", "auto"))
    if body.get("parallel_tool_calls") is not None:
        asked["parallel_tool_calls"] = body["parallel_tool_calls"]
    return asked


def _messages(body: Json) -> list[dict[str, Any]]:
    given = body.get("input")
    if given is None:
        raise errors.missing("input")
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    if not isinstance(given, list):
        raise errors.wrong_type("input", "one of a string or array of input items")
    messages: list[dict[str, Any]] = []
    if body.get("instructions"):
        messages.append({"role": "system", "content": str(body["instructions"])})
    for number, item in enumerate(given):
        _add(messages, f"input[{number}]", item if isinstance(item, dict) else {"type": None})
    _check_pairs(messages)
    return messages


def _add(messages: list[dict[str, Any]], where: str, item: Json) -> None:
    match item.get("type", "message"):
        case "message":
            role = item.get("role")
            if role not in _ROLES:
                raise errors.not_one_of(f"{where}.role", role, _ROLES)
            messages.append({"role": role, "content": _words(f"{where}.content", item.get("content"))})
        case "function_call":
            function = {"name": str(item.get("name")), "arguments": str(item.get("arguments"))}
            if not (messages and messages[-1].get("tool_calls")):
                messages.append({"role": "assistant", "content": None, "tool_calls": []})
            call = {"id": str(item.get("call_id")), "type": "function", "function": function}
            messages[-1]["tool_calls"].append(call)
        case "function_call_output":
            said = _words(f"{where}.output", item.get("output"))
            messages.append({"role": "tool", "tool_call_id": str(item.get("call_id")), "content": said})
        case "reasoning":
            pass
        case _:
            raise errors.invalid(where, f"'{where}' is of a type that this sandbox does not take.")


def _check_pairs(messages: Sequence[Json]) -> None:
    asked = [call["id"] for message in messages for call in message.get("tool_calls", ())]
    answered = [message["tool_call_id"] for message in messages if message["role"] == "tool"]
    for id in answered:
        if id not in asked:
            message = f"No tool call found for function call output with call_id {id}."
            raise ApiError(message, code=None, param="input")
    for id in asked:
        if id not in answered:
            message = f"No tool output found for function call {id}."
            raise ApiError(message, code=None, param="input")


def _words(where: str, content: object) -> str:
    """The words of a message or an answer; of a picture beside them, nothing."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise errors.wrong_type(where, "one of a string or array of content parts")
    said: list[str] = []
    for number, part in enumerate(content):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in _PARTS:
            raise errors.not_one_of(f"{where}[{number}].type", kind, _PARTS)
        if kind == "input_image" and not str(part.get("image_url", "")).startswith(("data:image/", "https:")):
            raise errors.invalid(f"{where}[{number}].image_url", "Expected a URL or a data URL of an image.")
        said.append(str(part.get("text", "")))
    return "\n".join(filter(None, said))


def _tools(tools: object, choice: object) -> dict[str, Any]:
    if not isinstance(tools, list) or not all(_is_function(tool) for tool in tools):
        raise errors.invalid("tools", "This sandbox talks with function tools alone.")
    asked = {"tools": [_nested(tool) for tool in tools], "tool_choice": _choice(choice)}
    try:
        check_tools(asked["tools"])
        check_choice(asked["tool_choice"], asked["tools"])
    except ApiError as refused:
        error = refused.body["error"]
        error["param"] = str(error["param"]).replace(".function", "")
        raise
    return asked


def _is_function(tool: object) -> bool:
    return isinstance(tool, dict) and tool.get("type") == "function"


def _nested(tool: Json) -> dict[str, Any]:
    return {"type": "function", "function": {name: tool[name] for name in tool if name != "type"}}


def _choice(choice: Any) -> Any:
    if not isinstance(choice, Mapping):
        return choice
    if choice.get("type") != "allowed_tools":
        return _nested(choice)
    tools = [_nested(tool) for tool in choice.get("tools") or [] if isinstance(tool, Mapping)]
    return {"type": "allowed_tools", "allowed_tools": {"mode": choice.get("mode"), "tools": tools}}
