"""What each ComfyUI node takes and gives: data, in the form in which a ComfyUI server tells it itself.

``nodes.json`` is an excerpt in the format of ``GET /object_info``, of the nodes that a FLUX workflow can have
(ComfyUI 02217e3, ComfyUI-Easy-Use 1.3.6, ComfyUI-TeaCache 1.9.0). It says nothing of the files a worker has:
a dump of the real one does, and what is not installed there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from coach.errors import InputRefused
from coach.studio.comfy.teacache import teacache

NODES = Path(__file__).with_name("nodes.json")
"""The definitions that come with the library."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """What one input takes.

    Attributes:
        type: ``INT``, ``FLOAT``, ``STRING``, ``BOOLEAN``, ``COMBO``, or what only a link brings: ``MODEL``.
        options: Of a ``COMBO``, what it can be; ``None``: that is not known.
        least, most: Of a number; ``None``: no bound.
        uploaded: Whether it is the name of a picture that goes along.
    """

    type: str
    required: bool
    options: tuple[Any, ...] | None = None
    least: float | None = None
    most: float | None = None
    uploaded: bool = False


@dataclass(frozen=True, kw_only=True)
class Node:
    """What one class of nodes takes and gives. ``saves``: it ends a workflow."""

    inputs: Mapping[str, Input]
    outputs: tuple[str, ...]
    saves: bool


_MOST_SKIPPED = Input(type="COMBO", required=True, options=(1, 2, 3))  # `max_skip_steps` of TeaCache 1.4

Definitions = Mapping[str, Node]
"""By ``class_type``."""


@cache
def own_definitions(version: str = "1.9") -> Definitions:
    """Those that come with the library, for a worker with a version of ComfyUI-TeaCache, or ``off``."""
    known = dict(read_object_info(NODES))
    newest, node = known.pop("TeaCache"), teacache(version, "flux")
    if node is not None:
        # What a version requires is what it is sent.
        required = {name: newest.inputs.get(name, _MOST_SKIPPED) for name in ("model", *node["inputs"])}
        known[node["class_type"]] = replace(newest, inputs=required)
    return known


def read_object_info(path: Path) -> Definitions:
    """Read a server's own definitions: what ``GET /object_info`` answers, saved as a file.

    Raises:
        InputRefused: It is no such file.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {name: _node(entry) for name, entry in entries.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, IndexError) as exc:
        say = f"{path.name!r} is not what a ComfyUI server answers to GET /object_info. Save its answer anew."
        raise InputRefused(say, field="object_info") from exc


def _node(entry: Mapping[str, Any]) -> Node:
    given = entry["input"]
    inputs = {
        name: _input(spec, required=group == "required")
        for group in ("required", "optional")
        for name, spec in given.get(group, {}).items()
    }
    outputs = tuple(kind if isinstance(kind, str) else "COMBO" for kind in entry["output"])
    return Node(inputs=inputs, outputs=outputs, saves=bool(entry.get("output_node")))


def _input(spec: Sequence[Any], *, required: bool) -> Input:
    kind, more = spec[0], spec[1] if len(spec) > 1 else {}
    # Older nodes say what a combo can be in place of its type, newer ones beside it.
    options = kind if isinstance(kind, list) else more.get("options")
    return Input(
        type="COMBO" if isinstance(kind, list) else kind,
        required=required,
        options=None if options is None else tuple(options),
        least=more.get("min"),
        most=more.get("max"),
        uploaded=bool(more.get("image_upload")),
    )
