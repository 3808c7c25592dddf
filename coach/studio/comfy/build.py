"""FLUX workflows in ComfyUI's API format, from typed parameters: built fresh for each call."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from coach.studio.comfy.loras import Lora, Slot, slots, stack
from coach.studio.comfy.teacache import PATTERN, teacache

Template = Literal["flux_text", "flux_image", "flux_reference"]
"""From words alone; from a picture that is changed; from pictures that are referred to (FLUX Kontext)."""

Graph = dict[str, dict[str, Any]]
"""By a node's id: its ``class_type``, its ``inputs`` (a value, or a link ``[id, output]``), its ``_meta``."""

RANDOM = -1
"""The seed that stands for any."""

SEEDS = 10**9
"""A random seed is smaller than this, as in seed 004's builder."""

_FOLDER = Path(__file__).with_name("templates")
_FIRST_PICTURE = 50  # the ids of a picture's nodes; those of the next are larger by ten


class Worker(BaseModel):
    """What a model's worker has: the files in its folders, the plug-ins, and what goes well with the model.

    Attributes:
        unet, vae, clip_l, t5: File names, as the worker's loaders list them.
        edits: What is made of a picture that goes along.
        steps: Where nothing else is asked for; a draft takes half of them.
        guidance: Where nothing else is asked for, 0 to 100.
        teacache: The installed version of ComfyUI-TeaCache, or ``off``.
        most_loras: How many LoRAs it can apply; 0: ComfyUI-Easy-Use is not installed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    unet: str = "flux1-dev-fp8.safetensors"
    weight_dtype: Literal["default", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2"] = "fp8_e4m3fn"
    vae: str = "flux-dev-vae.safetensors"
    clip_l: str = "clip_l.safetensors"
    t5: str = "t5xxl_fp8.safetensors"
    edits: Literal["flux_image", "flux_reference"] = "flux_image"
    steps: int = Field(default=20, ge=1, le=100)
    guidance: float = Field(default=3.5, ge=0, le=100)
    teacache: str = Field(default="1.9", pattern=PATTERN)
    most_loras: int = Field(default=10, ge=0, le=10)


class Workflow(BaseModel):
    """A FLUX picture, in the worker's words. Everything that decides the graph is in it, and so on record.

    Attributes:
        width, height: Pixels, multiples of 16 (``EmptySD3LatentImage``).
        seed: 0 to 2**64-1; -1 becomes a random one right here: ComfyUI takes no -1.
        denoise: How much of a given picture is made anew, above 0 to 1; of ``flux_image`` alone.
        count: How many pictures.
        loras: What is asked for; :func:`coach.studio.comfy.loras.stack` says what becomes of it.
        images: The file names under which the pictures that go along are sent, in their order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    template: Template = "flux_text"
    prompt: str = Field(min_length=1, max_length=36_000)
    width: int = Field(default=1360, ge=64, le=4096, multiple_of=16)
    height: int = Field(default=768, ge=64, le=4096, multiple_of=16)
    steps: int = Field(default=20, ge=1, le=100)
    seed: int = Field(default=RANDOM, ge=RANDOM, le=2**64 - 1, validate_default=True)
    guidance: float = Field(default=3.5, ge=0, le=100, allow_inf_nan=False)
    denoise: float = Field(default=1.0, gt=0, le=1, allow_inf_nan=False)
    sampler: str = "euler"
    scheduler: str = "simple"
    count: int = Field(default=1, ge=1, le=10)
    loras: tuple[Lora, ...] = ()
    images: tuple[str, ...] = ()
    worker: Worker = Worker()

    @field_validator("seed")
    @classmethod
    def _drawn(cls, seed: int) -> int:
        return secrets.randbelow(SEEDS) if seed == RANDOM else seed

    @model_validator(mode="after")
    def _fits(self) -> Workflow:
        given = len(self.images)
        if self.template == "flux_text" and given:
            raise ValueError("flux_text takes no picture along")
        if self.template == "flux_image" and given != 1:
            raise ValueError("flux_image changes one picture")
        if self.template == "flux_reference" and not given:
            raise ValueError("flux_reference needs a picture")
        return self


def build(workflow: Workflow) -> Graph:
    """The graph of a workflow, in ComfyUI's API format; it is the caller's to change.

    The node ids are those of seed 004's V4 workflow. Without a LoRA the stack is not there, and the text
    encoder and the model are wired past it: then a worker without ComfyUI-Easy-Use will do.

    Raises:
        InputRefused: See :func:`coach.studio.comfy.loras.stack`.
    """
    loras, worker = stack(workflow.loras), workflow.worker
    values: dict[str, Any] = {**worker.model_dump(), **workflow.model_dump()}
    values |= {"model": ["1", 0], "clip": ["3", 0], "latent": ["27", 0], "conditioning": ["6", 0]}
    graph: Graph = {}
    if loras:
        graph |= _filled("loras", {"stack": _stack(loras)})
        values |= {"model": ["40", 0], "clip": ["40", 1]}
    kind = "flux-kontext" if workflow.template == "flux_reference" else "flux"
    if node := teacache(worker.teacache, kind):
        graph["41"] = {**node, "inputs": {"model": values["model"], **node["inputs"]}}
        values["model"] = ["41", 0]
    graph |= _pictures(workflow, values)
    return graph | _filled("flux", values)


def _pictures(workflow: Workflow, values: dict[str, Any]) -> Graph:
    """Where the sampler begins, and the pictures that go along; what is wired to them is put into values."""
    if workflow.template == "flux_image":
        values["latent"] = [str(_FIRST_PICTURE + 3), 0]
        return _filled("flux_image", {**values, "image": workflow.images[0]})
    values["denoise"] = 1.0  # the sampler begins with noise alone
    graph = _filled("flux_text", values)
    for number, name in enumerate(workflow.images):
        shift = 10 * number
        graph |= _filled("flux_reference", {**values, "image": name}, shift=shift)
        values["conditioning"] = [str(_FIRST_PICTURE + 3 + shift), 0]
    return graph


def _stack(loras: tuple[Slot, ...]) -> dict[str, Any]:
    """The inputs of ``easy loraStack``: the mode simple reads ``_strength`` alone; all are there."""
    inputs: dict[str, Any] = {"toggle": True, "mode": "simple", "num_loras": len(loras)}
    empty = Slot(file="None", strength=1.0)
    for number, slot in enumerate([*loras, *[empty] * (slots() - len(loras))], 1):
        inputs[f"lora_{number}_name"] = slot.file
        for which in ("strength", "model_strength", "clip_strength"):
            inputs[f"lora_{number}_{which}"] = slot.strength
    return inputs


def _filled(name: str, values: Mapping[str, Any], *, shift: int = 0) -> Graph:
    """A template's nodes with values for what begins with ``$``.

    Args:
        shift: Added to the ids of its nodes, and where they are linked with each other.
    """
    nodes: Graph = json.loads(_text(name))
    ids = {old: str(int(old) + shift) for old in nodes}

    def value_of(given: Any) -> Any:
        if isinstance(given, str) and given.startswith("$"):
            return values[given[1:]]
        return [ids.get(given[0], given[0]), given[1]] if isinstance(given, list) else given

    filled: Graph = {}
    for old, node in nodes.items():
        inputs = node["inputs"]
        inputs = value_of(inputs) if isinstance(inputs, str) else {k: value_of(v) for k, v in inputs.items()}
        filled[ids[old]] = {**node, "inputs": inputs}
    return filled


@cache
def _text(name: str) -> str:
    return (_FOLDER / f"{name}.json").read_text(encoding="utf-8")
