"""The sandbox's ComfyUI judges a workflow in ComfyUI's words, and our own judgement agrees with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from coach.sandbox.comfy import Refused, judge, nodes, wanted
from coach.studio.comfy import Lora, Workflow, build, own_definitions, validate

Json = dict[str, Any]
GOOD = Workflow(
    prompt="a hill", width=64, height=96, seed=7, loras=(Lora(role="style", name="a.safetensors"),)
)
CHANGED = Workflow(template="flux_image", prompt="a hill", images=("a.png",), denoise=0.6)
KONTEXT = Workflow(template="flux_reference", prompt="a hill", images=("a.png", "b.png"))


def graph(change: Callable[[Json], object] = lambda graph: None, workflow: Workflow = GOOD) -> Json:
    """A workflow with something changed."""
    made = build(workflow)
    change(made)
    return made


def put(id: str, name: str, value: object) -> Callable[[Json], None]:
    """A change of one input."""

    def change(graph: Json) -> None:
        graph[id]["inputs"][name] = value

    return change


@pytest.mark.parametrize("workflow", [GOOD, CHANGED, KONTEXT])
def test_what_we_build_is_taken(workflow: Workflow) -> None:
    assert judge(build(workflow), ("a.png", "b.png")) == ["38"]


@pytest.mark.parametrize(
    ("change", "kind", "details"),
    [
        (put("25", "noise_seed", -1), "value_smaller_than_min", "noise_seed"),
        (put("17", "steps", 10_001), "value_bigger_than_max", "steps"),
        (put("17", "steps", "many"), "invalid_input_type", "steps, many"),
        (put("16", "sampler_name", "eulr"), "value_not_in_list", "sampler_name"),
        (put("1", "unet_name", "flux2.safetensors"), "value_not_in_list", "unet_name"),
        (put("43", "lora_1_name", "missing.safetensors"), "value_not_in_list", "lora_1_name"),
        (lambda graph: graph["8"]["inputs"].pop("vae"), "required_input_missing", "vae"),
        (put("8", "vae", ["1", 0]), "return_type_mismatch", "received_type(MODEL)"),
        (put("8", "vae", ["2"]), "bad_linked_input", "vae"),
        (put("8", "vae", ["99", 0]), "exception_during_validation", "KeyError"),
        (put("8", "vae", "ae.safetensors"), "required_input_missing", "vae"),
    ],
)
def test_a_node_that_is_wrong_is_named(change: Callable[[Json], object], kind: str, details: str) -> None:
    made = graph(change)
    with pytest.raises(Refused) as caught:
        judge(made, ())
    body = caught.value.body
    assert body["error"]["type"] == "prompt_outputs_failed_validation"
    [(id, found)] = body["node_errors"].items()
    assert [error["type"] for error in found["errors"]] == [kind]
    assert details in found["errors"][0]["details"] and found["dependent_outputs"] == ["38"]
    assert found["class_type"] == made[id]["class_type"]
    files_are_not_known = details in ("unet_name", "lora_1_name")
    assert files_are_not_known or {each.node for each in validate(made, own_definitions())} == {id}


def test_a_picture_that_was_not_sent_is_not_there() -> None:
    with pytest.raises(Refused) as caught:
        judge(build(CHANGED), ())
    [found] = caught.value.body["node_errors"].values()
    assert found["errors"][0]["type"] == "custom_validation_failed"
    assert "Invalid image file: a.png" in found["errors"][0]["details"]


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        (lambda graph: graph["41"].pop("class_type"), "invalid_prompt", "missing the class_type"),
        (lambda graph: graph["41"].update(class_type="TeaCash"), "missing_node_type", "not found"),
        (lambda graph: graph.pop("38"), "prompt_no_outputs", "no outputs"),
    ],
)
def test_what_cannot_be_run_at_all(change: Callable[[Json], object], kind: str, says: str) -> None:
    with pytest.raises(Refused, match=says) as caught:
        judge(graph(change), ())
    assert caught.value.body["error"]["type"] == kind and caught.value.body["node_errors"] == {}


def test_a_bad_output_beside_a_good_one_is_dropped_silently() -> None:
    made = graph()
    made["60"] = {"class_type": "SaveImage", "inputs": {"filename_prefix": "b"}}
    assert judge(made, ()) == ["38"]


def test_what_is_drawn_is_read_from_the_nodes() -> None:
    one = wanted(build(GOOD), "38")
    assert (one.prompt, one.size, one.count, one.seed, one.pictures) == ("a hill", (64, 96), 1, 7, ())
    assert wanted(build(KONTEXT), "38").pictures == ("a.png", "b.png")
    assert "SaveImage" in nodes()
