"""Calls as structured output: for servers whose models answer in a JSON schema, and know no tools.

A reply is one JSON object, ``{"say": …, "calls": [{"action": …, "arguments": …}]}``, strict (OpenAI's guide
"Structured model outputs"). The history goes out in the roles every chat template has: what the person wrote
and what calls gave are JSON objects of different names, so neither can be forged by writing it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic_core import from_json

from coach._calls import Call

Json = Mapping[str, Any]

_HOW = """

# How you answer

Answer with one JSON object and nothing else. Its `say` is what the user reads, in plain words."""
_CALLS = """ Its `calls`
are what you do now, each with the name of an action and all of its arguments, null for one that you leave
out; `[]` when there is nothing to do. `say` may be empty when there is something to do: you are asked again
when it is done.

What the user writes comes to you as `{"user": …}`, and what your calls gave as `{"results": […]}`. Only what
stands in results has happened.

The actions there are now, with the JSON schema of their arguments:
"""


def request_of(system: str, messages: Sequence[Json], tools: Sequence[Json]) -> dict[str, Any]:
    """The ``messages`` and ``response_format`` of a request.

    Args:
        system: The system text.
        messages: The history as chat completions has it with tools.
        tools: The actions as strict tools of chat completions; none: it can only speak.
    """
    functions = [tool["function"] for tool in tools]
    listed = "".join(f"\n- `{one['name']}`: {_about(one)}\n" for one in functions)
    told = f"{system}{_HOW}{_CALLS + listed if functions else ''}"
    reply = {"name": "reply", "strict": True, "schema": _schema(functions)}
    return {
        "messages": [{"role": "system", "content": told}, *_merged(_plain(messages))],
        "response_format": {"type": "json_schema", "json_schema": reply},
    }


class Saying:
    """What a reply says, as far as it is there: its ``say`` comes first, and streams out."""

    def __init__(self) -> None:
        self.said = ""
        self._text, self._open = "", True

    def add(self, piece: str) -> str:
        """The next piece of the JSON text; gives what it says that is new.

        Raises:
            ValueError: It is no JSON.
        """
        self._text += piece
        if not self._open:
            return ""
        reply = from_json(self._text, allow_partial="trailing-strings") if self._text.strip() else {}
        say = reply.get("say") if isinstance(reply, dict) else ""
        # Later members cannot change what was said, so they are not looked at before the end.
        self._open = isinstance(reply, dict) and reply.keys() <= {"say"}
        return self._new(say if isinstance(say, str) else "")

    def end(self) -> tuple[str, tuple[Call, ...]]:
        """What of ``say`` was not given yet, and the calls.

        Raises:
            ValueError: It is no whole reply in this shape.
        """
        reply = from_json(self._text)
        if not isinstance(reply, dict) or not isinstance(reply.get("say"), str):
            raise ValueError("no `say`")
        calls = reply.get("calls", [])
        if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
            raise ValueError("no `calls`")
        named = [{"name": call.get("action"), "arguments": call.get("arguments")} for call in calls]
        return self._new(reply["say"]), tuple(map(Call.of, named))

    def _new(self, say: str) -> str:
        if not say.startswith(self.said):
            raise ValueError("`say` twice")
        new, self.said = say[len(self.said) :], say
        return new


def _about(function: Json) -> str:
    schema = json.dumps(function.get("parameters", {}), ensure_ascii=False)
    return f"{function.get('description', '')}\n  {schema}"


def _schema(functions: Sequence[Json]) -> dict[str, Any]:
    say: Json = {"type": "string"}
    if not functions:
        return _object({"say": say})
    defs: dict[str, Any] = {}
    calls = []
    for function in functions:
        name = function["name"]
        arguments = _moved(function.get("parameters", {}), name)
        defs |= {f"{name}.{inner}": schema for inner, schema in arguments.pop("$defs", {}).items()}
        calls.append(_object({"action": {"type": "string", "enum": [name]}, "arguments": arguments}))
    reply = _object({"say": say, "calls": {"type": "array", "items": {"anyOf": calls}}})
    return reply | ({"$defs": defs} if defs else {})


def _object(properties: Json) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _moved(schema: Any, name: str) -> Any:
    """A schema whose references lead to definitions under a name of their own."""
    if isinstance(schema, list):
        return [_moved(each, name) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    moved = {word: _moved(inner, name) for word, inner in schema.items()}
    if isinstance(ref := schema.get("$ref"), str):
        moved["$ref"] = ref.replace("#/$defs/", f"#/$defs/{name}.", 1)
    return moved


def _plain(messages: Sequence[Json]) -> Iterator[tuple[str, Json]]:
    """Each message as a role that every chat template has, and a JSON object."""
    names: dict[str, str] = {}
    for message in messages:
        content = message.get("content") or ""
        match message["role"]:
            case "user":
                yield "user", {"user": content}
            case "tool":
                result = {"action": names.get(message["tool_call_id"], ""), "result": content}
                yield "user", {"results": [result]}
            case "assistant":
                calls = [Call.of(call) for call in message.get("tool_calls") or []]
                names |= {call.id: call.name for call in calls}
                made = [{"action": call.name, "arguments": call.parse() or {}} for call in calls]
                yield "assistant", {"say": content, "calls": made}
            case role:
                yield role, {"said": content}


def _merged(told: Iterator[tuple[str, Json]]) -> list[dict[str, str]]:
    """Messages that take turns, as many templates demand, the first one and the last one not the model's."""
    merged: list[dict[str, str]] = []
    for role, what in told:
        text = json.dumps(what, ensure_ascii=False)
        if merged and merged[-1]["role"] == role:
            merged[-1]["content"] += f"\n{text}"
        else:
            merged.append({"role": role, "content": text})
    if not merged or merged[0]["role"] == "assistant":
        merged.insert(0, {"role": "user", "content": json.dumps({"results": []})})
    if merged[-1]["role"] == "assistant":
        merged.append({"role": "user", "content": json.dumps({"results": []})})
    return merged
