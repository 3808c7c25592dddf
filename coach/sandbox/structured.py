"""``response_format``: what the chat endpoint refuses of it, and the scripted coach's reply in a schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from coach.sandbox import errors
from coach.sandbox.arguments import fit
from coach.sandbox.errors import ApiError
from coach.sandbox.script import Answer, answer
from coach.sandbox.tools import NAME, schema_problem

Json = Mapping[str, Any]

_PARAM = "response_format"
_TYPES = ("json_object", "json_schema", "text")


def check_format(body: Json) -> None:
    """Judge the ``response_format`` of a request (OpenAI's guide "Structured model outputs").

    Raises:
        ApiError: It is none, its schema is not strict, or JSON is asked for without a word of it.
    """
    wanted = body.get(_PARAM)
    if wanted is None:
        return
    if not isinstance(wanted, Mapping):
        raise errors.wrong_type(_PARAM, "an object")
    if wanted.get("type") not in _TYPES:
        raise errors.not_one_of(f"{_PARAM}.type", wanted.get("type"), _TYPES)
    if wanted["type"] == "json_object" and "json" not in json.dumps(body["messages"]).lower():
        message = (
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type "
            "'json_object'."
        )
        raise ApiError(message, code=None, param="messages")
    if wanted["type"] != "json_schema":
        return
    given = wanted.get("json_schema")
    if not isinstance(given, Mapping):
        raise errors.missing(f"{_PARAM}.json_schema")
    name = given.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        message = f"Invalid '{_PARAM}.json_schema.name': string does not match pattern '^[a-zA-Z0-9_-]+$'."
        raise ApiError(message, code="invalid_value", param=f"{_PARAM}.json_schema.name")
    if given.get("strict") and (wrong := schema_problem(given.get("schema") or {})):
        message = f"Invalid schema for response_format '{name}': {wrong}"
        raise ApiError(message, code=None, param=_PARAM)


def answered(body: Json) -> Answer:
    """The scripted coach's answer to a request that is in order: in its schema, if it has one."""
    given = (body.get(_PARAM) or {}).get("json_schema")
    if not given:
        return answer(body)
    schema = given.get("schema") or {}
    fields = schema.get("properties", {})
    if "say" not in fields:  # somebody else's: anything that fits
        return Answer(text=json.dumps(fit(schema, {}, said="")))
    reply = answer({**body, "tools": _tools(schema), "messages": [*_messages(body["messages"])]})
    calls = [{"action": name, "arguments": arguments} for name, arguments in reply.calls]
    told = {"say": reply.text} | ({"calls": calls} if "calls" in fields else {})
    return Answer(text=json.dumps(told, ensure_ascii=False))


def _tools(schema: Json) -> list[dict[str, Any]]:
    """The actions of a reply's schema as tools."""
    calls = schema["properties"].get("calls", {}).get("items", {}).get("anyOf", [])
    found = [call["properties"] for call in calls]
    return [
        {
            "type": "function",
            "function": {
                "name": one["action"]["enum"][0],
                "parameters": {**one["arguments"], "$defs": schema.get("$defs", {})},
            },
        }
        for one in found
    ]


def _messages(messages: Sequence[Json]) -> Iterator[dict[str, Any]]:
    """A history that is told as JSON objects, as one with tools: what a model understands of it."""
    owed: list[str] = []
    for at, message in enumerate(messages):
        if message["role"] not in ("user", "assistant") or not isinstance(message.get("content"), str):
            yield dict(message)
            continue
        for told in filter(None, map(_object, message["content"].split("\n"))):
            if "say" in told:
                owed = [f"call-{at}-{number}" for number, _ in enumerate(told.get("calls", []))]
                yield _said(told, owed)
            elif "user" in told:
                yield {"role": "user", "content": told["user"]}
            # A result of no call is nothing to it.
            for result in told.get("results", [])[: len(owed)]:
                yield {"role": "tool", "tool_call_id": owed.pop(0), "content": result["result"]}


def _said(told: Json, ids: Sequence[str]) -> dict[str, Any]:
    calls = [
        {
            "id": id,
            "type": "function",
            "function": {"name": call["action"], "arguments": json.dumps(call["arguments"])},
        }
        for id, call in zip(ids, told.get("calls", []), strict=True)
    ]
    return {"role": "assistant", "content": told["say"]} | ({"tool_calls": calls} if calls else {})


def _object(line: str) -> Json | None:
    try:
        told = json.loads(line)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None
