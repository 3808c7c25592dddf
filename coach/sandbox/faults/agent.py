"""Faults of an agent's reply: good HTTP, status 200, and words of its own. And shapes of its good replies.

Sources: what the public client of the sticker bot (MrGood89/PackPuter, read 2026-11-20) looks for in replies,
and what its author reports. Whether a reply without a picture is charged is not known: some are here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from coach.sandbox.faults.mode import Answer, add

SORRY = "⚠️ An error occurred while processing your request. Please try again later."
NOT_AVAILABLE = "Image generation is not available. Please contact Memeputer support."
_SPEC = {
    "version": "3.0",
    "type": "image_sticker",
    "engine": "memeputer_i2i",
    "base_image_ref": "uploaded_image",
    "canvas": {"w": 512, "h": 512, "bg": "transparent"},
    "prompt": "The character of the base image as a sticker.",
    "negative_prompt": "background",
}


async def _read(answer: Answer) -> tuple[bool, str]:
    """Whether it is the chat's reply, and the link in it.

    Raises:
        ApiError: It is no reply with a link.
    """
    try:
        body = json.loads(await answer.body())
        if isinstance(body["data"], list):
            return False, str(body["data"][0]["url"])
        return True, str(json.loads(body["data"]["response"])["image_url"])
    except (ValueError, KeyError, TypeError, IndexError):
        raise answer.out_of_place("a reply of Memeputer's with a link") from None


def _says(name: str, what: str, text: str | Mapping[str, Any], *, charged: bool) -> None:
    """A reply without a picture: in the chat as text, directly as it is."""

    async def spoil(answer: Answer) -> Response:
        is_chat, _ = await _read(answer)
        if not is_chat:
            return PlainTextResponse(text) if isinstance(text, str) else JSONResponse(text)
        said = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
        return JSONResponse({"data": {"response": said}})

    add(name, what, spoil, charged=charged, agent=True)


def _shape(name: str, what: str, shape: Callable[[str], object], *, wrapped: bool = True) -> None:
    """The good reply in another shape: a text of the chat, or ``wrapped`` in nothing."""

    async def spoil(answer: Answer) -> Response:
        is_chat, link = await _read(answer)
        reply = shape(link)
        if is_chat and wrapped:
            text = reply if isinstance(reply, str) else json.dumps(reply)
            return JSONResponse({"data": {"response": text}})
        return PlainTextResponse(reply) if isinstance(reply, str) else JSONResponse(reply)

    add(name, what, spoil, charged=True, agent=True)


_says("agent_apology", "An agent's apology instead of a picture.", SORRY, charged=False)
_says("agent_not_available", "An agent that has no image generation.", NOT_AVAILABLE, charged=False)
_says("agent_error", "The same as an object with an error.", {"error": NOT_AVAILABLE}, charged=False)
_says("agent_spec_again", "An agent that describes the picture again.", _SPEC, charged=True)
_says(
    "agent_needs", "An agent that asks for what it has.", {"needs": ["base_image"], "hint": "x"}, charged=True
)
_says(
    "agent_chat", "An agent that talks of something else.", "Here you go! Enjoy your sticker.", charged=True
)

_shape(
    "agent_fence", "The link in JSON in a fence.", lambda at: f"```json\n{json.dumps({'image_url': at})}\n```"
)
_shape("agent_prose", "The link in prose.", lambda at: f"Your sticker is ready: {at}. Enjoy!")
_shape("agent_bare", "Nothing but the link.", lambda at: at)
_shape("agent_image", "The link named image.", lambda at: {"image": at})
_shape("agent_url", "The link named url.", lambda at: {"url": at})
_shape("agent_plain", "The link in an object, not in a text.", lambda at: {"image_url": at}, wrapped=False)
_shape("agent_flat", "The link named url, alone.", lambda at: {"url": at}, wrapped=False)
_shape("agent_list", "The link as the images API has it.", lambda at: {"data": [{"url": at}]})
_shape("agent_data_url", "The link named url, in data.", lambda at: {"data": {"url": at}}, wrapped=False)
_shape(
    "agent_data_image_url",
    "The same, named image_url.",
    lambda at: {"data": {"image_url": at}},
    wrapped=False,
)
_shape(
    "agent_gone", "A link to a picture that is not there.", lambda at: {"image_url": f"{at[:-4]}-gone.png"}
)
_shape("agent_inside", "A link that leads inside.", lambda at: {"image_url": "https://169.254.169.254/a.png"})
_shape("agent_long", "A reply of a megabyte.", lambda at: f"{' ' * 2**20}{at}")
