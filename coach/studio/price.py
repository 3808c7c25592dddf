"""What a picture costs: at most, before it is sent; and in fact, by the service's own count.

Money is integer micro-dollars (USD 1e-6), rounded up. What cannot be known is ``None``, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from coach._money import total
from coach.studio.capabilities import WORDS, Caller, Model
from coach.studio.planner import Plan

_MOST_TOKENS = 10**9
"""More in one answer is no count."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One line of a quote; ``tokens`` or ``micros`` is ``None`` when not known."""

    what: str
    tokens: int | None
    micros: int | None


@dataclass(frozen=True, kw_only=True)
class Quote:
    """The most a planned picture can cost.

    Attributes:
        micros: Micro-dollars, for all tries; ``None``: a part is not known.
        parts: What one try consists of.
        tries: How often it may be made, because the first may not be good enough. Each is charged.
    """

    micros: int | None
    parts: tuple[Part, ...]
    tries: int = 1


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


def quote(plan: Plan, model: Model, *, tries: int = 1) -> Quote:
    """The worst case of a plan.

    A token is at least one byte of UTF-8, so the prompt's bytes bound its tokens. Every picture given along
    counts as the most a reference can, and every preview asked for is counted. Where the service is paid by
    the picture, or by the second of a worker, that is all there is.
    """
    pictures: int = plan.params["n"]
    if model.prices.picture is not None:
        return _alone("pictures", _cost(pictures, model.prices.picture), tries)
    if model.seconds is not None:
        return _alone("a worker's time", _cost(model.seconds, model.prices.second), tries)
    prices, given = model.prices, model.input_image_tokens.most
    words = len(plan.prompt.encode()) + (WORDS if model.caller else 0)
    parts = [
        _part("prompt", words, prices.text_in),
        _part("pictures", _times(_output_tokens(plan, model), pictures), prices.image_out),
    ]
    if plan.given:
        parts.append(_part("references", _times(given, plan.given), prices.image_in))
    if previews := plan.params.get("partial_images", 0):
        parts.append(_part("previews", model.partial_tokens * previews * pictures, prices.image_out))
    if model.caller:
        parts += _called(plan, model.caller, words)
    once = total(part.micros for part in parts)
    return Quote(micros=None if once is None else tries * once, parts=tuple(parts), tries=tries)


def actual(model: Model, usage: Mapping[str, Any] | None) -> Actual | None:
    """What the ``usage`` of an answer costs (OpenAI images reference, ``usage``).

    Returns:
        ``None`` when the answer has no usable count, or a price is not known. Where pictures are counted, the
        count is ``pictures``; where a worker's time is, ``execution_ms``, in whole seconds as it is charged
        (RunPod's "Pricing", read 2026-12-01).
    """
    usage = usage or {}
    if model.prices.picture is not None or model.seconds is not None:
        micros = _alone_in(usage, model)
        return None if micros is None else Actual(micros=micros, split=True)
    given = usage.get("input_tokens_details")
    made = usage.get("output_tokens_details")
    split = isinstance(made, Mapping)
    counts = [
        (_count(given, "text_tokens"), model.prices.text_in),
        (_count(given, "image_tokens"), model.prices.image_in),
        (_count(made, "image_tokens") if split else _count(usage, "output_tokens"), model.prices.image_out),
        (_count(made, "text_tokens") if split else 0, model.prices.text_out),
    ]
    if model.caller or "caller" in usage:
        said, caller = usage.get("caller"), model.caller or Caller(name="")
        counts += [
            (_count(said, "input_tokens"), caller.text_in),
            (_count(said, "output_tokens"), caller.text_out),
        ]
    micros = total(0 if tokens == 0 else _cost(tokens, price) for tokens, price in counts)
    return None if micros is None else Actual(micros=micros, split=split)


def _alone(what: str, micros: int | None, tries: int) -> Quote:
    part = Part(what=what, tokens=None, micros=micros)
    return Quote(micros=None if micros is None else tries * micros, parts=(part,), tries=tries)


def _alone_in(usage: Mapping[str, Any], model: Model) -> int | None:
    if model.prices.picture is not None:
        return _cost(_count(usage, "pictures"), model.prices.picture)
    worked = _count(usage, "execution_ms")
    return _cost(None if worked is None else -(-worked // 1000), model.prices.second)


def _output_tokens(plan: Plan, model: Model) -> int | None:
    return model.output_tokens.get(plan.params.get("quality", ""), {}).get(plan.params["size"])


def _called(plan: Plan, caller: Caller, words: int) -> list[Part]:
    """What the text model reads and writes. It reads twice: before the picture, and with it after."""
    seen = _times(caller.picture, 2 * plan.given + 1)
    known = None if seen is None or caller.around is None else 2 * caller.around + 3 * words + seen
    return [
        _part("text model reads", known, caller.text_in),
        _part("text model writes", words, caller.text_out),
    ]


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
    return value if type(value) is int and 0 <= value <= _MOST_TOKENS else None
