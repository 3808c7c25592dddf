"""Reading what is posted to ``/v1/responses``: the message, its pictures, and the image tool's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coach.sandbox import errors
from coach.sandbox.errors import ApiError
from coach.sandbox.intake import Sent, Upload, referenced
from coach.sandbox.rules import Operation, models

DEFAULT_MODEL = "gpt-image-2.6-sunburst"
"""The picture model that is used when the tool names none (openai-python 3.51.0, tool_param.py)."""

_LEAST_TOKENS = 16
_FORCED = {"type": "image_generation"}
_TAKEN = frozenset(
    {
        "background",
        "input",
        "instructions",
        "max_output_tokens",
        "max_tool_calls",
        "metadata",
        "model",
        "parallel_tool_calls",
        "safety_identifier",
        "store",
        "tool_choice",
        "tools",
    }
)
_TOOL = frozenset(
    {
        "action",
        "background",
        "complexity",
        "input_fidelity",
        "input_image_mask",
        "model",
        "moderation",
        "output_compression",
        "output_format",
        "partial_images",
        "quality",
        "size",
        "type",
    }
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request that is well formed.

    Attributes:
        body: What was sent, without the pictures.
        sent: The same in the words of the images routes.
    """

    body: Mapping[str, Any]
    operation: Operation
    sent: Sent


def wants_picture(body: Mapping[str, Any]) -> bool:
    """Whether a request is about a picture, in order or not."""
    tools = body.get("tools")
    kinds = [tool.get("type") for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return bool(body.get("background")) or "image_generation" in kinds


def read_asked(body: Mapping[str, Any]) -> Asked:
    """Take a request apart. What the picture model takes is not judged here.

    Raises:
        ApiError: The first thing that is wrong.
    """
    _known(body, _TAKEN, "")
    _outside(body)
    tool = _tool(body.get("tools"))
    prompt, images = _message(body.get("input"))
    mask = tool.get("input_image_mask")
    action = tool.get("action", "auto")
    if action not in ("auto", "generate", "edit"):
        raise errors.not_one_of("tools[0].action", action, ("auto", "generate", "edit"))
    if not images and (action == "edit" or mask is not None):
        raise errors.invalid("tools[0].action", "There is no picture in the input to edit.")
    params = {
        name: value for name, value in tool.items() if name not in ("type", "action", "input_image_mask")
    }
    overlays = {} if mask is None else {"mask": referenced("tools[0].input_image_mask", mask)}
    plain = {name: value for name, value in tool.items() if name != "input_image_mask"}
    return Asked(
        body={**body, "tools": [plain], "input": prompt},
        operation="edits" if images and action != "generate" else "generations",
        sent=Sent(
            params={"model": DEFAULT_MODEL, **params, "prompt": prompt}, images=images, overlays=overlays
        ),
    )


def of_tool(refused: ApiError) -> ApiError:
    """The same refusal, naming the parameter where it is in this request."""
    error = refused.body["error"]
    if error["param"]:
        error["param"] = "input" if error["param"] == "prompt" else f"tools[0].{error['param']}"
    return refused


def _outside(body: Mapping[str, Any]) -> None:
    """What is around the tool."""
    if body.get("background") is not True:
        message = "This sandbox only makes pictures in the background: 'background' must be true."
        raise errors.invalid("background", message)
    if body.get("store", True) is not True:
        raise errors.invalid("store", "Background mode requires 'store' to be true.")
    caller = body.get("model")
    if caller is None:
        raise errors.missing("model")
    if not isinstance(caller, str) or caller in models():
        raise errors.invalid(
            "model", f"The model '{str(caller)[:80]}' is not supported here: name a text model."
        )
    if body.get("tool_choice") != _FORCED:
        message = "This sandbox only makes pictures: 'tool_choice' must be {'type': 'image_generation'}."
        raise errors.invalid("tool_choice", message)
    for name, least in (("max_output_tokens", _LEAST_TOKENS), ("max_tool_calls", 1)):
        value = body.get(name, least)
        if type(value) is not int:
            raise errors.wrong_type(name, "an integer")
        if value < least:
            raise errors.out_of_range(name, value, least, value)


def _tool(tools: object) -> dict[str, Any]:
    if not isinstance(tools, list) or len(tools) != 1 or not isinstance(tools[0], dict):
        raise errors.invalid("tools", "This sandbox takes exactly one tool: image_generation.")
    tool: dict[str, Any] = tools[0]
    if tool.get("type") != "image_generation":
        raise errors.not_one_of("tools[0].type", tool.get("type"), ("image_generation",))
    _known(tool, _TOOL, "tools[0].")
    return tool


def _message(given: object) -> tuple[str, list[Upload]]:
    """The words and the pictures of the one message there must be."""
    if given is None:
        raise errors.missing("input")
    if isinstance(given, str):
        return given, []
    message = given[0] if isinstance(given, list) and len(given) == 1 else None
    content = message.get("content") if isinstance(message, dict) and message.get("role") == "user" else None
    if not isinstance(content, list):
        raise errors.invalid(
            "input", "This sandbox takes a text, or one message of a user with a list in it."
        )
    words: list[str] = []
    images: list[Upload] = []
    for number, part in enumerate(content):
        where, kind = f"input[0].content[{number}]", part.get("type") if isinstance(part, dict) else None
        if kind == "input_text" and isinstance(part.get("text"), str):
            words.append(part["text"])
        elif kind == "input_image":
            picture = {name: value for name, value in part.items() if name not in ("type", "detail")}
            images.append(referenced(where, picture))
        else:
            raise errors.invalid(where, f"'{where}' must be an input_text or an input_image.")
    return "\n".join(words), images


def _known(given: Mapping[str, Any], taken: frozenset[str], where: str) -> None:
    for name in given:
        if name not in taken:
            raise errors.unknown(f"{where}{name}")
