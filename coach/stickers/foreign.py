"""Reading a job spec that somebody else wrote: ours, or PackPuter's of the same version.

PackPuter's own has the same keys and other ones below `text` and `constraints`. Source: the agent knowledge
published with MrGood89/PackPuter (`04-output-format.md`, January 2026). What is not understood is refused by
name: a spec is what somebody pays for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from coach.errors import InputRefused
from coach.stickers.spec import JobSpec
from coach.text import one_line

LONGEST = 64 * 1024
"""Characters of a spec as JSON; honest ones have some two thousand."""

_PLACES = {"top": "top", "bottom": "bottom", "center": "sign"}
"""Words in the middle would hide the character: it holds them."""

_STYLE = {"color": "fill"}
_FORBIDDEN = {
    "no_photoreal_humans": "photorealistic humans",
    "no_logos_no_brands": "logos, brands, watermarks",
    "no_small_text": "small text",
}
"""Constraints that only a model can keep, and how it is told."""


def read_spec(given: object) -> JobSpec:
    """A spec from JSON, as text or as what was read from it.

    Raises:
        InputRefused: It is none, or holds something that is not understood; ``field`` names what, as a path
            such as ``text.style.font_size``.
    """
    spec = _loaded(given) if isinstance(given, str) else given
    if not isinstance(spec, Mapping):
        raise InputRefused("A job spec is a JSON object.", field="spec")
    try:
        return JobSpec.model_validate(_translated(spec))
    except ValidationError as error:
        raise _refused(error) from None
    except RecursionError:
        raise InputRefused("The job spec is nested too deeply.", field="spec") from None


def read_agents_spec(text: str) -> dict[str, Any]:
    """A spec that an agent wrote, as JSON in our words.

    Raises:
        InputRefused: As :func:`read_spec`.
    """
    return read_spec(text).model_dump(mode="json")


def _loaded(text: str) -> object:
    if len(text) > LONGEST:
        raise InputRefused(f"The job spec is longer than {LONGEST:,} characters.", field="spec")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InputRefused("The job spec is no JSON.", field="spec") from None


def _refused(error: ValidationError) -> InputRefused:
    """The first thing that was not understood, without what stood there."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    field = one_line(".".join(map(str, first["loc"])) or "spec")[:80]
    return InputRefused(f"In the job spec, `{field}` is not understood: {first['msg']}.", field=field)


def _translated(spec: Mapping[Any, Any]) -> dict[Any, Any]:
    """PackPuter's words put into ours; whatever else it holds stays, to be judged."""
    out = dict(spec)
    if isinstance(out.get("text"), Mapping):
        out["text"] = _text(out["text"])
    if isinstance(out.get("constraints"), Mapping):
        out["constraints"], words = _constraints(out["constraints"])
        if words and isinstance(out.get("negative_prompt", ""), str):
            told = out.get("negative_prompt", "")
            out["negative_prompt"] = ", ".join(filter(None, (told, *(w for w in words if w not in told))))
    return out


def _text(given: Mapping[Any, Any]) -> dict[Any, Any] | None:
    """Words: where they are stands in the style there, and none are an empty value."""
    text = dict(given)
    if text.get("value") == "":
        return None
    if isinstance(text.get("style"), Mapping):
        style = {_STYLE.get(name, name): value for name, value in text["style"].items()}
        if "placement" in style:
            place = style.pop("placement")
            text.setdefault("placement", _PLACES.get(place, place) if isinstance(place, str) else place)
        text["style"] = style
    return text


def _constraints(given: Mapping[Any, Any]) -> tuple[dict[Any, Any], list[str]]:
    """Constraints as ours, and what is to be told to a model because nothing can measure it."""
    asked = dict(given)
    if asked.get("transparent_bg_required") is True:  # there is no other background
        del asked["transparent_bg_required"]
    for name in ("outline", "shadow"):
        wanted = asked.get(f"{name}_required")
        if isinstance(wanted, bool):
            del asked[f"{name}_required"]
            asked.setdefault(name, {} if wanted else None)
    low, _, high = str(asked.get("subject_scale", "")).strip().removesuffix("%").partition("-")
    if low.strip().isdecimal() and high.strip().isdecimal():
        del asked["subject_scale"]
        asked.setdefault("subject_height", (int(low) / 100, int(high) / 100))
    words = [told for name, told in _FORBIDDEN.items() if asked.get(name) is True]
    known = {name for name in _FORBIDDEN if isinstance(asked.get(name), bool)}
    return {name: value for name, value in asked.items() if name not in known}, words
