"""What the images endpoints refuse, in the order they look at it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

from coach.sandbox import errors

BLOCKED_INPUT = "sandbox-blocked-input"
BLOCKED_OUTPUT = "sandbox-blocked-output"
"""Words that make a prompt, or the picture it would give, fail the safety check."""

PROMPT_LENGTH = 32_000
FIXED_SIZES = ("1024x1024", "1024x1536", "1536x1024")
FORMATS = ("png", "webp", "jpeg")

Operation = Literal["generations", "edits"]

_CHOICES = {
    "background": ("transparent", "opaque", "auto"),
    "moderation": ("auto", "low"),
    "complexity": ("low", "medium", "high"),
}
_RANGES = {"n": (1, 10), "output_compression": (0, 100), "partial_images": (0, 3)}


@dataclass(frozen=True, kw_only=True)
class ModelRules:
    """One model's row in ``rules.toml``.

    Attributes:
        released, shutdown: When it came and when it goes; ``shutdown`` is ``None`` when not announced.
        sizes: ``"fixed"`` or ``"free"``.
        quality, input_fidelity: The values it takes.
        markup: Whether it takes a markup overlay.
        prices: US dollars per million tokens of ``text``, ``image`` and ``output``; ``None`` when not known.
        grid, tokens: How its output tokens are counted; see :mod:`coach.sandbox.usage`.
    """

    name: str
    released: date
    shutdown: date | None
    sizes: str
    quality: tuple[str, ...]
    input_fidelity: tuple[str, ...]
    markup: bool
    prices: Mapping[str, float] | None
    grid: Mapping[str, int]
    tokens: Mapping[str, tuple[int, int, int]]


@cache
def words(list: str) -> frozenset[str]:
    """A list of ``rules.toml``: what a route takes, or (``strict``) what a strict schema may say."""
    return frozenset(_table()["words"][list])


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_name("rules.toml").read_text(encoding="utf-8"))


@cache
def models() -> Mapping[str, ModelRules]:
    """Every model of ``rules.toml``, also those whose day has come."""
    table = _table()
    return {
        name: _rules(name, row, table["families"][row["family"]]) for name, row in table["models"].items()
    }


def _rules(name: str, row: Mapping[str, Any], family: Mapping[str, Any]) -> ModelRules:
    return ModelRules(
        name=name,
        released=row["released"],
        shutdown=row.get("shutdown"),
        sizes=family["sizes"],
        quality=tuple(family["quality"]),
        input_fidelity=tuple(family["input_fidelity"]),
        markup=family.get("markup", False),
        prices=family.get("prices"),
        grid=family.get("grid", {}),
        tokens={quality: tuple(row) for quality, row in family.get("tokens", {}).items()},
    )


def check(operation: Operation, params: Mapping[str, Any], *, today: date) -> ModelRules:
    """Judge everything about a request but its files.

    Args:
        operation: The route.
        params: The parameters with their JSON types; ``null`` counts as left out, except for
            ``input_fidelity``, which some models refuse even then.
        today: Models are gone from the day of their shutdown.

    Raises:
        ApiError: The first thing that is wrong.
    """
    for name in params:
        if name not in words(operation):
            raise errors.unknown(name)
    rules = _model(params, today)
    given = {name: value for name, value in params.items() if value is not None}
    _prompt(given)
    if "input_fidelity" in params:
        _fidelity(params["input_fidelity"], rules)
    for name, (low, high) in _RANGES.items():
        _integer(given, name, low, high)
    for name, allowed in (*_CHOICES.items(), ("quality", (*rules.quality, "auto"))):
        if name in given and given[name] not in allowed:
            raise errors.not_one_of(name, given[name], allowed)
    if "stream" in given and not isinstance(given["stream"], bool):
        raise errors.wrong_type("stream", "a boolean")
    _size(given.get("size", "auto"), rules)
    _output(given)
    return rules


def _model(params: Mapping[str, Any], today: date) -> ModelRules:
    name = params.get("model")
    if name is None:
        raise errors.missing("model")
    rules = models().get(name) if isinstance(name, str) else None
    if rules is None or (rules.shutdown is not None and today >= rules.shutdown):
        raise errors.no_model(str(name))
    return rules


def _prompt(given: Mapping[str, Any]) -> None:
    prompt = given.get("prompt")
    if prompt is None:
        raise errors.missing("prompt")
    if not isinstance(prompt, str):
        raise errors.wrong_type("prompt", "a string")
    if not prompt:
        raise errors.empty("prompt")
    if len(prompt) > PROMPT_LENGTH:
        raise errors.too_long("prompt", len(prompt), PROMPT_LENGTH)


def _fidelity(value: object, rules: ModelRules) -> None:
    if not rules.input_fidelity:
        raise errors.no_fidelity(rules.name, value)
    if value is None:
        return
    if value not in ("low", "high"):
        raise errors.not_one_of("input_fidelity", value, ("low", "high"))
    if value not in rules.input_fidelity:
        raise errors.no_fidelity(rules.name, value)


def _integer(given: Mapping[str, Any], name: str, low: int, high: int) -> None:
    value = given.get(name)
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool):
        raise errors.wrong_type(name, "an integer")
    if not low <= value <= high:
        raise errors.out_of_range(name, value, low, high)


def _size(size: object, rules: ModelRules) -> None:
    """The sizes of OpenAI's image guide; messages as reported in jezweb/claude-skills #91 and elsewhere."""
    if size in ("auto", *FIXED_SIZES):
        return
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", size) if isinstance(size, str) else None
    if match is None or rules.sizes == "fixed":
        raise errors.not_one_of("size", size, ("1024x1024", "1024x1536", "1536x1024", "auto"))
    width, height = int(match[1]), int(match[2])
    if width % 16 or height % 16:
        raise errors.invalid("size", f"Invalid size '{size}'. Width and height must both be divisible by 16.")
    if max(width, height) > 3840:
        raise errors.invalid("size", f"Invalid size '{size}'. The longest edge must be at most 3840 pixels.")
    if not width or not height or max(width, height) > 3 * min(width, height):
        raise errors.invalid("size", f"Invalid size '{size}'. The aspect ratio must be between 1:3 and 3:1.")
    if width * height < 655_360:
        message = f"Invalid size '{size}'. Requested resolution is below the current minimum pixel budget."
        raise errors.invalid("size", message)
    if width * height > 8_294_400:
        message = f"Invalid size '{size}'. Requested resolution exceeds the current pixel budget."
        raise errors.invalid("size", message)


def _output(given: Mapping[str, Any]) -> None:
    form = given.get("output_format", "png")
    if form not in FORMATS:
        # gif and svg exist, for projects that were given access; this one was not.
        raise errors.not_one_of("output_format", form, FORMATS)
    for name in ("svg", "frame_count", "frame_duration_ms"):
        if name in given:
            raise errors.invalid(
                name, f"'{name}' is only supported with an output format this project has not."
            )
    if given.get("background") == "transparent" and form == "jpeg":
        raise errors.invalid("background", "Transparent background is not supported for JPEG output format.")
    if given.get("output_compression", 100) != 100 and form == "png":
        message = "Compression less than 100 is not supported for PNG output format."
        raise errors.invalid("output_compression", message)
    if given.get("partial_images") and not given.get("stream"):
        raise errors.invalid("partial_images", "'partial_images' is only supported when 'stream' is true.")
