"""What Memeputer is asked: in the agent's chat as the bot's client asks, or as the user's guide says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from coach.studio.engines import Order

NOW = (
    "IMPORTANT: Generate the image NOW and return ONLY the image URL. DO NOT return another job spec. You "
    "have the job spec already. Use it to generate the image using Memeputer's image generation service, "
    "then return ONLY the HTTPS URL to the generated PNG image."
)
"""The order, in the words of the user's guide."""

FIELDS = (
    *("base_image_url", "base_image_ref", "mode", "template_id", "user_prompt", "user_context"),
    *("asset_prepared", "sticker_format", "sticker_type"),
)
"""What of a request's ``extra`` goes along beside the ``spec``, by the names of the bot's client."""


def chat_body(order: Order) -> dict[str, Any]:
    """The second step, as the bot's client asks, with the spec in it: the agent need not remember."""
    spec = order.params.get("spec")
    what = f"What to show: {order.prompt}" if spec is None else f"Job spec:\n{json.dumps(spec)}"
    body = {"message": f"{NOW}\n\n{what}"} | {
        name: order.params[name] for name in FIELDS if order.params.get(name) is not None
    }
    return body if "base_image_url" in body else body | {"base_image": _base(order)}


def direct_body(order: Order) -> dict[str, Any]:
    """The request of the user's guide."""
    spec = order.params.get("spec")
    width, height = map(int, order.params["size"].split("x"))
    return {
        "prompt": order.prompt,
        "negative_prompt": spec.get("negative_prompt", "") if isinstance(spec, Mapping) else "",
        "base_image_url": order.params.get("base_image_url") or _base(order),
        "width": width,
        "height": height,
        "n": 1,
        "response_format": "url",
    }


def _base(order: Order) -> str:
    """The base picture itself: it goes to nobody else, and no link to it is made."""
    return order.images[0].data_url


def links_in(order: Order) -> tuple[str, ...]:
    """The links that are sent along."""
    given = order.params.get("base_image_url")
    return (given,) if isinstance(given, str) else ()
