"""A ComfyUI server's judgement of a workflow, in its own words, and what a good one asks to be drawn.

Written from ComfyUI's source (Comfy-Org/ComfyUI 02217e3, ``execution.py``: ``validate_prompt`` and
``validate_inputs``), and from nothing of ours: only what nodes there are is shared, as data in the form of
``GET /object_info``.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

Json = dict[str, Any]

FILES: Mapping[str, Collection[str]] = {
    "unet_name": (
        "flux1-dev-fp8.safetensors",
        "flux1-schnell-fp8.safetensors",
        "flux1-dev-kontext_fp8_scaled.safetensors",
    ),
    "vae_name": ("flux-dev-vae.safetensors", "ae.safetensors"),
    "clip_name1": ("clip_l.safetensors", "t5xxl_fp8.safetensors", "t5xxl_fp8_e4m3fn.safetensors"),
    "clip_name2": ("clip_l.safetensors", "t5xxl_fp8.safetensors", "t5xxl_fp8_e4m3fn.safetensors"),
}
"""The files in the worker's folders. Of LoRAs it has every one whose name does not begin with ``missing``."""

_NUMBERS = {"INT": int, "FLOAT": float}


class Refused(Exception):
    """What ``POST /prompt`` answers with status 400; ``body`` is that."""

    def __init__(
        self, kind: str, message: str, *, details: str = "", node_errors: Json | None = None, **extra: Any
    ):
        super().__init__(message)
        error = {"type": kind, "message": message, "details": details, "extra_info": extra}
        self.body: Json = {"error": error, "node_errors": node_errors or {}}


@cache
def nodes() -> Json:
    """What nodes there are, as a server tells it."""
    found: Json = json.loads(files("coach.studio.comfy").joinpath("nodes.json").read_text("utf-8"))
    return found


def judge(prompt: Json, pictures: Collection[str]) -> list[str]:
    """Judge a workflow.

    Args:
        pictures: The names in the input folder.

    Returns:
        The ids of the output nodes that are to be run; bad ones beside good ones are dropped silently.

    Raises:
        Refused: None can be run.
    """
    for id, node in prompt.items():
        _known(id, node)
    outputs = [id for id, node in prompt.items() if nodes()[node["class_type"]].get("output_node")]
    if not outputs:
        raise Refused("prompt_no_outputs", "Prompt has no outputs")
    judged = _Judged(prompt=prompt, pictures=pictures)
    good = [id for id in outputs if judged.is_good(id)]
    if not good:
        kinds = "Prompt outputs failed validation"
        raise Refused("prompt_outputs_failed_validation", kinds, node_errors=judged.errors(outputs))
    return good


def _known(id: str, node: Any) -> None:
    kind = node.get("class_type") if isinstance(node, dict) else None
    if kind is None:
        message = "Cannot execute because a node is missing the class_type property."
        raise Refused("invalid_prompt", message, details=f"Node ID '#{id}'")
    if kind not in nodes():
        title = node.get("_meta", {}).get("title", kind)
        message = f"Node '{title}' not found. The custom node may not be installed."
        where = {"node_id": id, "class_type": kind, "node_title": title}
        raise Refused("missing_node_type", message, details=f"Node ID '#{id}'", **where)


@dataclass(kw_only=True)
class _Judged:
    """What was found of each node that an output needs."""

    prompt: Json
    pictures: Collection[str]
    found: dict[str, list[Json]] = field(default_factory=dict)
    needs: dict[str, set[str]] = field(default_factory=dict)

    def is_good(self, id: str) -> bool:
        self._look(id)
        return not any(self.found[each] for each in self._below(id))

    def errors(self, outputs: list[str]) -> Json:
        """By node, as the server answers it."""
        return {
            id: {
                "errors": errors,
                "dependent_outputs": [each for each in outputs if id in self._below(each)],
                "class_type": self.prompt[id]["class_type"],
            }
            for id, errors in self.found.items()
            if errors
        }

    def _below(self, id: str) -> set[str]:
        seen, open = set[str](), [id]
        while open:
            each = open.pop()
            if each not in seen:
                seen.add(each)
                open += self.needs.get(each, ())
        return seen

    def _look(self, id: str) -> None:
        if id in self.found:
            return
        self.found[id], self.needs[id] = [], set()
        node = self.prompt[id]
        takes, given = nodes()[node["class_type"]]["input"], node.get("inputs", {})
        for name, spec in takes.get("required", {}).items():
            if name in given:
                self._input(id, name, spec, given[name])
            else:
                self._say(id, "required_input_missing", "Required input is missing", name)
        for name, spec in takes.get("optional", {}).items():
            if name in given:
                self._input(id, name, spec, given[name])

    def _input(self, id: str, name: str, spec: list[Any], value: Any) -> None:
        if isinstance(value, list):
            self._link(id, name, spec, value)
            return
        kind, rules = spec[0], spec[1] if len(spec) > 1 else {}
        if name == "image" and rules.get("image_upload"):
            if value not in self.pictures:
                why = f"{name} - Invalid image file: {value}"
                self._say(id, "custom_validation_failed", "Custom validation failed for node", why)
        elif isinstance(kind, list) or kind == "COMBO":
            options = kind if isinstance(kind, list) else _files(name, value)
            if value not in options:
                self._say(id, "value_not_in_list", "Value not in list", f"{name}: '{value}' not in {options}")
        elif kind in _NUMBERS:
            self._number(id, name, kind, rules, value)
        elif kind != "STRING" and kind != "BOOLEAN":
            self._say(id, "required_input_missing", "Required input is missing", name)

    def _number(self, id: str, name: str, kind: str, rules: Json, value: Any) -> None:
        try:
            number = _NUMBERS[kind](value)
        except (ValueError, TypeError, OverflowError):
            say = f"Failed to convert an input value to a {kind} value"
            self._say(id, "invalid_input_type", say, f"{name}, {value}")
            return
        if "min" in rules and number < rules["min"]:
            self._say(
                id, "value_smaller_than_min", f"Value {number} smaller than min of {rules['min']}", name
            )
        if "max" in rules and number > rules["max"]:
            self._say(id, "value_bigger_than_max", f"Value {number} bigger than max of {rules['max']}", name)

    def _link(self, id: str, name: str, spec: list[Any], value: list[Any]) -> None:
        if len(value) != 2:
            say = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
            self._say(id, "bad_linked_input", say, name)
            return
        other, slot = value
        try:
            gives = nodes()[self.prompt[other]["class_type"]]["output"][slot]
        except (KeyError, IndexError, TypeError) as exc:
            self._say(id, "exception_during_validation", "Exception when validating node", repr(exc))
            return
        if gives != spec[0]:
            details = f"{name}, received_type({gives}) mismatch input_type({spec[0]})"
            self._say(id, "return_type_mismatch", "Return type mismatch between linked nodes", details)
            return
        self.needs[id].add(other)
        self._look(other)

    def _say(self, id: str, kind: str, message: str, details: str) -> None:
        extra = {"input_name": details.partition(":")[0].partition(",")[0]}
        self.found[id].append({"type": kind, "message": message, "details": details, "extra_info": extra})


def _files(name: str, value: Any) -> Collection[str]:
    """The files there are for an input."""
    if name in FILES:
        return FILES[name]
    is_there = isinstance(value, str) and not value.startswith("missing")
    return (value,) if is_there else ("None",)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What an output node is to save: so many pictures of these words, from these pictures.

    Attributes:
        size: Width and height in pixels; ``None``: as the first picture.
    """

    prompt: str
    size: tuple[int, int] | None
    count: int
    seed: int
    pictures: tuple[str, ...]


def wanted(prompt: Json, output: str) -> Wanted:
    """What a good output node asks for: read from the nodes that lead to it."""
    judged = _Judged(prompt=prompt, pictures=())
    judged._look(output)
    used = [prompt[id] for id in prompt if id in judged.found]

    def first(name: str, *kinds: str) -> Any:
        found = (node["inputs"][name] for node in used if node["class_type"] in kinds)
        return next((value for value in found if not isinstance(value, list)), None)

    latent = ("EmptySD3LatentImage", "EmptyLatentImage", "ImageScale")
    width, height = first("width", *latent), first("height", *latent)
    return Wanted(
        prompt=str(first("text", "CLIPTextEncode") or ""),
        size=(int(width), int(height)) if width and height else None,
        count=int(first("batch_size", *latent[:2]) or first("amount", "RepeatLatentBatch") or 1),
        seed=int(first("noise_seed", "RandomNoise") or first("seed", "KSampler") or 0),
        pictures=tuple(node["inputs"]["image"] for node in used if node["class_type"] == "LoadImage"),
    )
