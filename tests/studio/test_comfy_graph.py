"""Whether a workflow would run: what ComfyUI answers, found before anything is sent."""

import json
from pathlib import Path
from typing import Any

import pytest

from coach.errors import InputRefused
from coach.studio.comfy import (
    Graph,
    Worker,
    Workflow,
    build,
    film,
    own_definitions,
    read_object_info,
    validate,
)
from coach.studio.comfy.nodes import NODES


def graph(**wanted: Any) -> Graph:
    return build(Workflow(**{"prompt": "A guide", "loras": (film(1.0),), "seed": 7, **wanted}))


def found(broken: Graph, **options: Any) -> list[tuple[str, str | None, str | None]]:
    return [(each.type, each.node, each.input) for each in validate(broken, **options)]


@pytest.mark.parametrize(
    ("node", "name", "value", "type"),
    [
        ("25", "noise_seed", -1, "value_smaller_than_min"),
        ("25", "noise_seed", 2**64, "value_bigger_than_max"),
        ("17", "steps", "{{steps}}", "invalid_input_type"),
        ("17", "steps", None, "invalid_input_type"),
        ("17", "denoise", float("nan"), "value_smaller_than_min"),
        ("26", "guidance", 100.1, "value_bigger_than_max"),
        ("16", "sampler_name", "eular", "value_not_in_list"),
        ("1", "weight_dtype", "fp4", "value_not_in_list"),
        ("6", "clip", ["1", 0], "return_type_mismatch"),
        ("6", "clip", ["40", 2], "bad_linked_input"),
        ("6", "clip", ["40", -1], "bad_linked_input"),
        ("6", "clip", ["99", 0], "bad_linked_input"),
        ("6", "clip", ["40"], "bad_linked_input"),
        ("6", "clip", [40, 0], "bad_linked_input"),
        ("6", "clip", "the clip", "bad_linked_input"),
        ("43", "lora_3_strength", 10.5, "value_bigger_than_max"),
    ],
)
def test_a_wrong_input_is_found(node: str, name: str, value: Any, type: str) -> None:
    broken = graph()
    broken[node]["inputs"][name] = value
    assert found(broken) == [(type, node, name)]


def test_every_required_input_of_every_node_is_missed() -> None:
    for id, node in graph().items():
        for name in node["inputs"]:
            broken = graph()
            del broken[id]["inputs"][name]
            optional = (id == "43" and name.startswith("lora_")) or name in ("device", "optional_clip")
            assert found(broken) == ([] if optional else [("required_input_missing", id, name)])


def test_numbers_given_as_text_are_taken_as_comfyui_takes_them() -> None:
    given = graph()
    given["17"]["inputs"]["steps"] = "20"
    assert found(given) == []


def test_a_node_that_the_worker_has_not_is_named() -> None:
    stock = {name: node for name, node in own_definitions("off").items() if not name.startswith("easy")}
    assert found(graph(), definitions=stock) == [
        ("missing_node_type", "43", None),
        ("missing_node_type", "40", None),
        ("missing_node_type", "41", None),
    ]
    assert found(graph(loras=(), worker=Worker(teacache="off")), definitions=stock) == []


def test_the_v4_template_of_the_seed_fails_on_the_newest_teacache() -> None:
    v4 = graph(worker=Worker(teacache="1.5.1"))
    assert found(v4) == [
        ("required_input_missing", "41", name) for name in ("start_percent", "end_percent", "cache_device")
    ]
    assert found(v4, definitions=own_definitions("1.5.1")) == []


def test_what_is_no_workflow_is_found() -> None:
    assert found({"1": {"inputs": {}}}) == [("invalid_prompt", "1", None)]
    assert found({"nodes": [], "links": []}) == [
        ("invalid_prompt", "nodes", None),
        ("invalid_prompt", "links", None),
    ]
    assert found({"1": {"class_type": "VAELoader", "inputs": [1]}}) == [("invalid_prompt", "1", None)]
    assert found({}) == [("prompt_no_outputs", None, None)]
    unsaved = graph()
    del unsaved["38"]
    assert found(unsaved) == [("prompt_no_outputs", None, None)]


def test_a_circle_is_found() -> None:
    ring = graph()
    ring["41"]["inputs"]["model"] = ["30", 0]
    assert {node for type, node, _ in found(ring) if type == "dependency_cycle"} == {
        *("41", "30", "17", "22", "13", "8", "38")
    }


def test_a_picture_goes_along_or_is_missed() -> None:
    edit = graph(template="flux_image", images=("reference-1.png",))
    assert found(edit) == [("custom_validation_failed", "50", "image")]
    assert found(edit, images=["reference-1.png"]) == []


def test_findings_repeat_nothing_that_was_given() -> None:
    broken = graph(prompt="a secret wish", template="flux_image", images=("ana.png",))
    broken["6"]["inputs"]["clip"] = "a secret wish"
    broken["16"]["inputs"]["sampler_name"] = "a secret wish"
    said = " ".join(each.say for each in validate(broken))
    assert "secret" not in said and "ana" not in said


def test_a_servers_own_definitions_are_read(tmp_path: Path) -> None:
    """As ``GET /object_info`` has them: files as options, combos written in both ways, and more."""
    dump = json.loads(NODES.read_text())
    dump["UNETLoader"]["input"]["required"]["unet_name"] = [["flux1-dev.safetensors"], {"tooltip": "x"}]
    dump["VAELoader"]["input"]["required"]["vae_name"] = ["COMBO", {"options": ["flux-dev-vae.safetensors"]}]
    dump["LoadImage"]["input"]["required"]["image"] = [["example.png"], {"image_upload": True}]
    dump["SaveImage"] |= {"display_name": "Save Image", "output_is_list": [], "category": "image"}
    dump["SaveImage"]["input"]["hidden"] = {"prompt": "PROMPT"}
    dump["AnyCombo"] = {"input": {}, "output": [["a", "b"], "*"]}
    path = tmp_path / "object_info.json"
    path.write_text(json.dumps(dump))
    known = read_object_info(path)
    assert known["AnyCombo"].outputs == ("COMBO", "*")
    edit = graph(template="flux_image", images=("reference-1.png",))
    assert found(edit, definitions=known, images=["reference-1.png"]) == [
        ("value_not_in_list", "1", "unet_name")
    ]


@pytest.mark.parametrize("text", ["", "[]", '{"UNETLoader": {"input": 3}}', '{"A": {}}', "\xff"])
def test_what_is_no_servers_answer_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "object_info.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputRefused, match=r"'object_info.json' is not what a ComfyUI server answers"):
        read_object_info(path)
    with pytest.raises(InputRefused):
        read_object_info(tmp_path / "none.json")
