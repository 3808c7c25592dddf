"""What Memeputer is asked: in the agent's chat as the bot's client asks, or as the user's guide says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from coach.studio.engines import Order
from coach.studio.engines._memeputer_reply import LINK, TRAILING

NOW = (
    "IMPORTANT: Generate the image NOW and return ONLY the image URL. DO NOT return another job spec. You "
    "have the job spec already. Use it to generate the image using Memeputer's image generation service, "
    "then return ONLY the HTTPS URL to the generated PNG image."
)
"""The order, in the words of the user's guide."""

ASK = "Generate a Telegram sticker image. Custom instructions: {}"
"""The first request, in the words of the user's guide."""


def ask_body(order: Order) -> dict[str, Any]:
    """The first step: what the picture is to show, by the names of the bot's client, for a job spec."""
    fields = {"mode": "custom", "user_prompt": order.prompt}
    fields |= {"sticker_format": "image", "sticker_type": "image_sticker"}
    return {"message": ASK.format(order.prompt), **fields, **_base(order)}


def chat_body(order: Order, spec: object = None) -> dict[str, Any]:
    """The order for the picture, as the bot's client gives it, with the spec in it: the agent need not
    remember.

    Args:
        spec: The agent's own; ``None``: the one that the order brings.
    """
    spec = spec or order.params.get("spec")
    what = f"What to show: {order.prompt}" if spec is None else f"Job spec:\n{json.dumps(spec)}"
    return {"message": f"{NOW}\n\n{what}", **_base(order)}


def direct_body(order: Order) -> dict[str, Any]:
    """The request of the user's guide."""
    spec = order.params.get("spec")
    width, height = map(int, order.params["size"].split("x"))
    [base] = _base(order).values()
    return {
        "prompt": order.prompt,
        "negative_prompt": spec.get("negative_prompt", "") if isinstance(spec, Mapping) else "",
        "base_image_url": base,
        "width": width,
        "height": height,
        "n": 1,
        "response_format": "url",
    }


def _base(order: Order) -> dict[str, str]:
    """The base picture: by its address, which its maker gave; else itself, and no link to it is made."""
    if url := order.params.get("base_image_url"):
        return {"base_image_url": url}
    return {"base_image": order.images[0].data_url}


def links_in(sent: object) -> frozenset[str]:
    """Every link in what is sent, wherever it stands: repeated in a reply it is no picture."""
    if isinstance(sent, Mapping):
        return frozenset().union(*map(links_in, sent.values()))
    if isinstance(sent, (list, tuple)):
        return frozenset().union(*map(links_in, sent))
    if not isinstance(sent, str) or sent.startswith("data:"):
        return frozenset()
    found = LINK.findall(sent)
    # One that is a whole value may have signs in it that end a link in prose.
    whole = {sent.strip()} if LINK.match(sent.strip()) else set()
    return frozenset({*whole, *found, *(each.rstrip(TRAILING) for each in found)})
