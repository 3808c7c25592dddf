"""What a picture costs: at most, before it is sent; and in fact, by the service's own count.

Money is integer micro-dollars (USD 1e-6), rounded up. What cannot be known is ``None``, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from coach.studio.capabilities import Model
from coach.studio.planner import Plan


@dataclass(frozen=True, kw_only=True)
class Part:
    """One line of a quote; ``tokens`` or ``micros`` is ``None`` when not known."""

    what: str
    tokens: int | None
    micros: int | None


@dataclass(frozen=True, kw_only=True)
class Quote:
    """The most a planned picture can cost, in micro-dollars; ``None`` when any part is not known."""

    micros: int | None
    parts: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True)
class Actual:
    """What was charged, by the service's count.

    Attributes:
        micros: Micro-dollars.
        split: Whether the count said which output tokens are text. Streamed answers do not; all of them
            are then priced as image output, the dearer of the two.
    """

    micros: int
    split: bool


def quote(plan: Plan, model: Model) -> Quote:
    """The worst case of a plan.

    A token is at least one byte of UTF-8, so the prompt's bytes bound its tokens. Every picture given along
    counts as the most a reference can, and every preview asked for is counted.
    """
    pictures: int = plan.params["n"]
    prices, given = model.prices, model.input_image_tokens.most
    parts = [
        _part("prompt", len(plan.prompt.encode()), prices.text_in),
        _part("pictures", _times(_output_tokens(plan, model), pictures), prices.image_out),
    ]
    if plan.given:
        parts.append(_part("references", _times(given, plan.given), prices.image_in))
    if previews := plan.params.get("partial_images", 0):
        parts.append(_part("previews", model.partial_tokens * previews * pictures, prices.image_out))
    known = [part.micros for part in parts if part.micros is not None]
    return Quote(micros=sum(known) if len(known) == len(parts) else None, parts=tuple(parts))


def actual(model: Model, usage: Mapping[str, Any] | None) -> Actual | None:
    """What the ``usage`` of an answer costs (OpenAI images reference, ``usage``).

    Returns:
        ``None`` when the answer has no usable count, or a price is not known.
    """
    usage = usage or {}
    given = usage.get("input_tokens_details")
    made = usage.get("output_tokens_details")
    split = isinstance(made, Mapping)
    counts = (
        (_count(given, "text_tokens"), model.prices.text_in),
        (_count(given, "image_tokens"), model.prices.image_in),
        (_count(made, "image_tokens") if split else _count(usage, "output_tokens"), model.prices.image_out),
        (_count(made, "text_tokens") if split else 0, model.prices.text_out),
    )
    micros = [0 if tokens == 0 else _cost(tokens, price) for tokens, price in counts]
    known = [cost for cost in micros if cost is not None]
    return Actual(micros=sum(known), split=split) if len(known) == len(micros) else None


def _output_tokens(plan: Plan, model: Model) -> int | None:
    return model.output_tokens.get(plan.params["quality"], {}).get(plan.params["size"])


def _part(what: str, tokens: int | None, price: Decimal | None) -> Part:
    return Part(what=what, tokens=tokens, micros=_cost(tokens, price))


def _cost(tokens: int | None, price: Decimal | None) -> int | None:
    if tokens is None or price is None:
        return None
    return int((tokens * price).to_integral_value(ROUND_CEILING))


def _times(tokens: int | None, count: int) -> int | None:
    return None if tokens is None else tokens * count


def _count(details: Any, name: str) -> int | None:
    """A count as the service gave it; ``None`` unless it is a whole number that makes sense."""
    value = details.get(name) if isinstance(details, Mapping) else None
    return value if type(value) is int and value >= 0 else None
