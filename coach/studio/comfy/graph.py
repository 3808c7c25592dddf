"""Whether a ComfyUI server would run a workflow, found out before a GPU is paid for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from coach.studio.comfy.nodes import Definitions, Input, own_definitions

_NUMBERS = {"INT": int, "FLOAT": float}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One reason why a workflow would not run.

    Attributes:
        type: What ComfyUI calls it (``execution.py``), e.g. ``value_not_in_list``.
        node: The node's id; ``None``: it is about the workflow.
        input: The input's name; ``None``: it is about the node.
        say: A sentence. It repeats no text and no file name that was given.
    """

    type: str
    node: str | None = None
    input: str | None = None
    say: str


def validate(
    graph: Mapping[str, Any], definitions: Definitions | None = None, *, images: Collection[str] = ()
) -> list[Finding]:
    """Every reason why a server would refuse a workflow, or leave a part of it out.

    ComfyUI looks only at what an output needs, and runs what is left of a workflow whose branches are partly
    wrong. Here every node is looked at: what we build is to be right as a whole.

    Args:
        graph: In API format.
        definitions: Left out: :func:`coach.studio.comfy.nodes.own_definitions`.
        images: The names of the pictures that go along.
    """
    known = own_definitions() if definitions is None else definitions
    findings = [found for id, node in graph.items() for found in _class(id, node, known)]
    if findings:
        return findings
    findings = [found for id in graph for found in _Checked(graph, known, images).node(id)]
    if not any(known[node["class_type"]].saves for node in graph.values()):
        findings.append(Finding(type="prompt_no_outputs", say="Nothing in the workflow saves a picture."))
    return findings + _circles(graph)


def _class(id: str, node: Any, known: Definitions) -> Iterator[Finding]:
    """The form of a node, and whether its class is there."""
    if not isinstance(node, Mapping) or not isinstance(node.get("class_type"), str):
        yield Finding(type="invalid_prompt", node=id, say="The node has no class_type: not the API format?")
    elif not isinstance(node.get("inputs", {}), Mapping):
        yield Finding(type="invalid_prompt", node=id, say="The node's inputs are no object.")
    elif node["class_type"] not in known:
        say = f"The worker has no node {node['class_type']!r}: a custom node is not installed, or is older."
        yield Finding(type="missing_node_type", node=id, say=say)


@dataclass(frozen=True)
class _Checked:
    """A graph whose nodes are all known."""

    graph: Mapping[str, Any]
    known: Definitions
    images: Collection[str]

    def node(self, id: str) -> Iterator[Finding]:
        """What is wrong with one node's inputs."""
        given = self.graph[id].get("inputs", {})
        for name, spec in self.known[self.graph[id]["class_type"]].inputs.items():
            if name not in given:
                if spec.required:
                    say = f"The input {name} is missing."
                    yield Finding(type="required_input_missing", node=id, input=name, say=say)
                continue
            wrong = self._wrong(given[name], spec)
            if wrong is not None:
                kind, say = wrong
                yield Finding(type=kind, node=id, input=name, say=f"The input {name} {say}.")

    def _wrong(self, value: Any, spec: Input) -> tuple[str, str] | None:
        if isinstance(value, list):
            return self._link(value, spec)
        if spec.uploaded:
            known = value in self.images or value in (spec.options or ())
            return None if known else ("custom_validation_failed", "names a picture that does not go along")
        if spec.type == "COMBO":
            known = spec.options is None or value in spec.options
            return None if known else ("value_not_in_list", "is none of the values the node takes")
        if spec.type in ("STRING", "BOOLEAN"):
            return None  # ComfyUI makes either of anything
        if spec.type not in _NUMBERS:
            return "bad_linked_input", f"takes a {spec.type}, which only another node can give"
        return _number(value, spec)

    def _link(self, link: list[Any], spec: Input) -> tuple[str, str] | None:
        if len(link) != 2 or not isinstance(link[0], str) or type(link[1]) is not int:
            return "bad_linked_input", "is no link: that is a node's id and the number of its output"
        node = self.graph.get(link[0])
        if node is None:
            return "bad_linked_input", "is linked to a node that is not there"
        outputs = self.known[node["class_type"]].outputs
        if not 0 <= link[1] < len(outputs):
            return "bad_linked_input", "is linked to an output that the node has not"
        given = outputs[link[1]]
        fits = "*" in (given, spec.type) or set(given.split(",")) & set(spec.type.split(","))
        return None if fits else ("return_type_mismatch", f"takes a {spec.type} and is given a {given}")


def _number(value: Any, spec: Input) -> tuple[str, str] | None:
    try:
        number = _NUMBERS[spec.type](value)  # ComfyUI converts text too
    except (TypeError, ValueError, OverflowError):
        return "invalid_input_type", f"is no {spec.type}"
    if spec.least is not None and not number >= spec.least:
        return "value_smaller_than_min", f"is smaller than {spec.least}"
    if spec.most is not None and not number <= spec.most:
        return "value_bigger_than_max", f"is bigger than {spec.most}"
    return None


def _circles(graph: Mapping[str, Any]) -> list[Finding]:
    """The nodes that would wait for themselves."""
    left = {id: _needs(node) & graph.keys() for id, node in graph.items()}
    while free := {id for id, needs in left.items() if not needs & left.keys()}:
        left = {id: needs for id, needs in left.items() if id not in free}
    say = "The node would wait for itself, or for one that does."
    return [Finding(type="dependency_cycle", node=id, say=say) for id in left]


def _needs(node: Mapping[str, Any]) -> set[str]:
    links = (value for value in node.get("inputs", {}).values() if isinstance(value, list))
    return {link[0] for link in links if link and isinstance(link[0], str)}
