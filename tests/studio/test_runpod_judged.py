"""A workflow that a worker would refuse is not sent: a worker that reads it is paid."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import coach
from coach.errors import PictureError, SettingsError
from coach.studio.comfy import Definitions, Lora, own_definitions, read_object_info
from coach.studio.comfy.nodes import NODES
from tests.studio._rented import engine_for, failure, fetch, order, rented

STYLE = (Lora(role="style", name="ink"),)


def dump(path: Path, **changes: Any) -> Definitions:
    """A worker's own definitions, in which some inputs can be this and nothing else."""
    entries = json.loads(NODES.read_text())
    for place, options in changes.items():
        node, _, name = place.partition("__")
        entries[node]["input"]["required"][name] = [options, {}]
    (path / "object_info.json").write_text(json.dumps(entries))
    return read_object_info(path / "object_info.json")


async def refused(folder: Path, **changed: Any) -> PictureError:
    """The error of an order that never leaves."""
    asked = order(loras=STYLE)
    workflow = {**asked.params["workflow"], **changed.pop("workflow", {})}
    with rented() as sandbox:
        asked = replace(asked, params={**asked.params, "workflow": workflow})
        error = await failure(engine_for(sandbox, **changed), folder, asked)
        assert not sandbox.log and error.paid == "unpaid"
    assert error.detail.startswith("Nothing was sent: ComfyUI would not run it. node ")
    return error


async def test_a_node_that_is_not_installed(tmp_path: Path) -> None:
    stock = {name: node for name, node in own_definitions().items() if not name.startswith("easy")}
    error = await refused(tmp_path, definitions=stock)
    assert error.code == "worker_lacks"
    assert "node 43, missing_node_type: The worker has no node 'easy loraStack'" in error.detail


async def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    error = await refused(tmp_path, definitions=dump(tmp_path, UNETLoader__unet_name=["other.safetensors"]))
    assert error.code == "worker_lacks" and "flux1" not in error.detail
    assert "node 1, value_not_in_list: The input unet_name is none of the values" in error.detail


async def test_a_value_that_no_worker_takes(tmp_path: Path) -> None:
    error = await refused(tmp_path, workflow={"sampler": "eular"})
    assert error.code == "workflow_refused" and "node 16, value_not_in_list" in error.detail


async def test_what_the_worker_has_is_sent(tmp_path: Path) -> None:
    known = dump(tmp_path, UNETLoader__unet_name=["flux1-dev-fp8.safetensors"])
    with rented() as sandbox:
        assert (await fetch(engine_for(sandbox, definitions=known), tmp_path, order(loras=STYLE))).pictures


async def test_a_workers_own_definitions_are_a_setting(tmp_path: Path) -> None:
    given = {"runpod_api_key": "k", "runpod_server_100_id": "flux", "comfy_nodes": tmp_path / "nodes.json"}
    with pytest.raises(SettingsError, match=r"COACH_COMFY_NODES: 'nodes\.json' is not what a ComfyUI server"):
        coach.Settings.read(**given).runpod()
    (tmp_path / "nodes.json").write_text("{}")
    engine = coach.Settings.read(**given, runpod_base_url="http://127.0.0.1:9").runpod()
    assert engine is not None
    assert (await failure(engine, tmp_path)).code == "worker_lacks"
