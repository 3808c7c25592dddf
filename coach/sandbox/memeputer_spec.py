"""What the sandbox's Memeputer reads in a message, and the job specs it writes, in the words of the public
agent of the bot (MrGood89/PackPuter, its agent knowledge of January 2026)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

SIZE = (512, 512)

CHAT_FIELDS = (
    *("message", "base_image_url", "base_image_ref", "base_image", "mode", "template_id", "user_prompt"),
    *("user_context", "asset_prepared", "sticker_format", "sticker_type"),
)
DIRECT_FIELDS = ("prompt", "negative_prompt", "base_image_url", "width", "height", "n", "response_format")
"""What the two endpoints are asked with: by the bot's client, and by the user's guide."""

_NOW = re.compile(r"generate the image now|return only the image url", re.IGNORECASE)
_SAYING = re.compile(r"(?:saying|says|sign|text)\s+[\"']?([A-Z]{2,10})\b")
_WORDS = frozenset({"GM", "GN", "LFG", "HODL", "WAGMI", "NGMI", "SER", "REKT", "ALPHA", "HIGHER"})


def wants_picture(message: str) -> bool:
    """Whether a message orders the picture (the user's guide, "Actually Generate Image When")."""
    return _NOW.search(message) is not None


def prompt_of(body: Mapping[str, Any]) -> str:
    """What to draw: the prompt of the spec in the message, else the message."""
    message: str = body["message"]
    start, end = message.find("{"), message.rfind("}")
    try:
        spec = json.loads(message[start : end + 1]) if 0 <= start < end else None
    except ValueError:
        spec = None
    prompt = spec.get("prompt") if isinstance(spec, dict) else None
    return prompt if isinstance(prompt, str) and prompt.strip() else message


def write_spec(body: Mapping[str, Any]) -> dict[str, Any]:
    """The job spec for a request."""
    wish = body.get("user_prompt") or body.get("message")
    wish = wish if isinstance(wish, str) else ""
    word = body.get("template_id") if body.get("template_id") in _WORDS else None
    if word is None and (found := _SAYING.search(wish)):
        word = found[1]
    return {
        "version": "3.0",
        "type": "image_sticker",
        "engine": "memeputer_i2i",
        "base_image_ref": body.get("base_image_ref") or "uploaded_image",
        "canvas": {"w": SIZE[0], "h": SIZE[1], "bg": "transparent"},
        "prompt": f"The character of the base image as a sticker. {wish[:600]}".strip(),
        "negative_prompt": "background, scenery, watermark, extra characters",
        "text": {"value": word or "", "style": {"placement": "bottom"}},
        "constraints": {
            "transparent_bg_required": True,
            "outline_required": True,
            "shadow_required": False,
            "subject_scale": "70-90%",
        },
    }


def fields(body: Mapping[str, Any]) -> dict[str, Any]:
    """A request for the log: without the picture in it."""
    return {
        name: "data:…" if isinstance(value, str) and value.startswith("data:") else value
        for name, value in body.items()
    }
