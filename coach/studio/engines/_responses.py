"""How the Responses API is asked for one picture, and what its final answer means (openai-python 3.51.0,
``types/responses/response.py``, ``tool_param.py``, ``response_output_item.py``, ``response_error.py``)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from coach.errors import Paid, PictureError
from coach.studio.capabilities import WORDS
from coach.studio.engines import Order
from coach.studio.engines._openai_errors import word
from coach.studio.faults import fault

INSTRUCTIONS = (
    "Draw one picture: call the image generation tool once, with the words of the message as they are, "
    "neither shortened nor embellished. Say nothing."
)
"""What the text model is told, so that the picture is the one that was asked for."""

_STREAMING = ("n", "stream", "partial_images")

_BLOCKED = frozenset(
    {
        "moderation_blocked",
        "content_policy_violation",
        "image_content_policy_violation",
        "invalid_prompt",
        "bio_policy",
        "misalignment_policy_violation",
        "content_filter",
    }
)
_CODES = {
    **dict.fromkeys(_BLOCKED, "moderation_blocked"),
    **dict.fromkeys(("image_too_large", "image_file_too_large"), "too_large"),
    **dict.fromkeys(
        (
            "invalid_image",
            "invalid_image_format",
            "invalid_base64_image",
            "image_too_small",
            "image_parse_error",
            "invalid_image_mode",
            "unsupported_image_media_type",
            "empty_image_file",
        ),
        "invalid_image",
    ),
    "rate_limit_exceeded": "rate_limited",
}

_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"|[{}\[\]]')
_TEXT = re.compile(rb'\s*:\s*"([^"\\]*)"')


def request_body(order: Order, caller: str) -> dict[str, Any]:
    """The JSON that asks for one picture in the background.

    Args:
        caller: The text model that calls the picture model as its tool.

    Raises:
        PictureError: ``invalid_request``, unpaid: several pictures or previews, which only other ways have.
    """
    params = dict(order.params)
    if params.get("n", 1) != 1 or params.get("stream"):
        detail = (
            "In the background there is one picture at a time and no preview; see Capabilities.called_by."
        )
        raise fault("invalid_request", paid="unpaid", detail=detail)
    alias = {name: params.pop(name) for name in ("safety_identifier",) if name in params}
    tool: dict[str, Any] = {"type": "image_generation", "action": "edit" if order.images else "generate"}
    tool |= {name: value for name, value in params.items() if name not in _STREAMING}
    if order.mask:
        tool["input_image_mask"] = {"image_url": order.mask.data_url}
    pictures = [
        {"type": "input_image", "detail": "auto", "image_url": image.data_url} for image in order.images
    ]
    return {
        "model": caller,
        "background": True,
        "store": True,  # what is not stored cannot be asked for again
        "instructions": INSTRUCTIONS,
        "input": [{"role": "user", "content": [{"type": "input_text", "text": order.prompt}, *pictures]}],
        "tools": [tool],
        "tool_choice": {"type": "image_generation"},
        # Each of these bounds what one request can cost: one picture, and only so many words around it.
        "max_tool_calls": 1,
        "parallel_tool_calls": False,
        "max_output_tokens": WORDS + len(order.prompt.encode()),
        **alias,
    }


def text_field(head: bytes, name: str) -> str | None:
    """A text of the outermost object, looked up in the beginning of the JSON; ``None``: not in there."""
    depth = 0
    for token in _TOKEN.finditer(head):
        if token[1] is None:
            depth += 1 if token[0] in b"{[" else -1
        elif depth == 1 and token[1] == name.encode() and (value := _TEXT.match(head, token.end())):
            return value[1].decode("ascii", "replace")
    return None


def usage_of(answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The picture model's count as the images API gives it, and the text model's beside it as ``caller``.

    A count without output is one that was not taken ("calls with incomplete usage may be skipped"), not zero.
    """
    drawn, said = _drawn(answer), answer.get("usage")
    counted = dict(drawn) if drawn and drawn.get("output_tokens") else {}
    return counted | ({"caller": said} if isinstance(said, dict) else {}) or None


def why_none(answer: Mapping[str, Any]) -> PictureError:
    """The error for a final answer that holds no picture. A refused picture comes as one that ended well."""
    error = next(_errors(answer), {})
    said, status = word(error, "code"), word(answer, "status")
    code = _CODES.get(said, "bad_answer" if status == "completed" and not error else "service_error")
    detail = f"The job {word(answer, 'id')} is {status} without a picture (code {said})."
    return fault(code, paid=_paid(answer), detail=detail)


def _errors(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What it says went wrong, the picture's own errors first."""
    output = answer.get("output")
    items = output if isinstance(output, list) else []
    found = [item.get("error") for item in items if isinstance(item, dict)] + [answer.get("error")]
    yield from (error for error in found if isinstance(error, dict))
    cut = answer.get("incomplete_details")
    if isinstance(cut, dict):
        yield {"code": cut.get("reason")}


def _paid(answer: Mapping[str, Any]) -> Paid:
    """Whether the service counted anything: no count is no proof."""
    said, drawn = answer.get("usage"), _drawn(answer) or {}
    counts = [said.get("total_tokens")] if isinstance(said, dict) else [None]
    counts.append(drawn.get("total_tokens", 0))
    if any(isinstance(count, int) and count > 0 for count in counts):
        return "paid"
    return "unpaid" if all(count == 0 for count in counts) else "unknown"


def _drawn(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    tools = answer.get("tool_usage")
    drawn = tools.get("image_gen") if isinstance(tools, dict) else None
    return drawn if isinstance(drawn, dict) else None
