"""The workflows that are built, against an oracle that knows the rules alone."""

import json
import random
from typing import Any

import pytest
from pydantic import ValidationError

from coach.errors import InputRefused
from coach.studio.comfy import Lora, Worker, Workflow, build, film, own_definitions, validate
from tests.studio._comfy_oracle import expected

VERSIONS = ["off", "1.2.0", "1.3.1", "1.4.0", "1.5.1", "1.6", "1.7.0", "1.9", "1.9.0"]
PROMPTS = ["A detective in the rain", "$seed", '{{steps}} of "them"', "Ödön, 月\n\\n", "[1, 0]", "x" * 900]


def wanted(dice: random.Random) -> dict[str, Any]:
    """Parameters at random, as plain values."""
    template = dice.choice(["flux_text", "flux_text", "flux_image", "flux_reference"])
    style = (dice.choice(["ink_intensity", "styles/dry.safetensors"]), strength(dice))
    film_at = strength(dice) if dice.random() < 0.5 else None
    room = 10 - (film_at is not None)
    has_style = dice.random() < 0.6
    characters = dice.choice([0, 0, 1, 1, 2, 2, 3, 4, room - has_style])
    pictures = {"flux_text": 0, "flux_image": 1, "flux_reference": dice.randint(1, 3)}[template]
    return {
        "template": template,
        "prompt": dice.choice(PROMPTS),
        "width": 16 * dice.randint(16, 120),
        "height": 16 * dice.randint(16, 120),
        "steps": dice.randint(1, 60),
        "seed": dice.choice([0, 1, 999_999_999, 2**64 - 1, dice.randrange(2**63)]),
        "guidance": dice.choice([0.0, 2.5, 3.5, 100.0, round(dice.uniform(1, 9), 2)]),
        "denoise": dice.choice([0.05, 0.6, 0.75, 1.0]),
        "count": dice.randint(1, 4),
        "style": style if has_style else None,
        "characters": [(f"actor_{number}", strength(dice)) for number in range(characters)],
        "film": film_at,
        "images": [f"reference-{number}.png" for number in range(pictures)],
        "teacache": dice.choice(VERSIONS),
        "unet": dice.choice(["flux1-dev-fp8.safetensors", "flux1-schnell-fp8.safetensors"]),
    }


def strength(dice: random.Random) -> float:
    return dice.choice([1.0, 0.85, 0.7, -2.0, 10.0, 0.0, round(dice.uniform(0, 1.5), 3)])


def asked(values: dict[str, Any], dice: random.Random) -> Workflow:
    """The same as the builder is asked for it, the LoRAs in whatever order."""
    loras = [Lora(role="character", name=name, strength=at) for name, at in values["characters"]]
    if values["style"]:
        name, at = values["style"]
        loras.insert(dice.randint(0, len(loras)), Lora(role="style", name=name, strength=at))
    if values["film"] is not None:
        loras.insert(dice.randint(0, len(loras)), film(values["film"]))
    own = {name: values[name] for name in Workflow.model_fields.keys() & values.keys()}
    worker = Worker(unet=values["unet"], teacache=values["teacache"])
    return Workflow(**own, loras=tuple(loras), worker=worker)


def test_500_workflows_are_what_the_rules_say_node_by_node() -> None:
    dice = random.Random(4)
    for _ in range(500):
        values = wanted(dice)
        graph = build(asked(values, dice))
        assert {id: (node["class_type"], node["inputs"]) for id, node in graph.items()} == expected(values)
        known = own_definitions(values["teacache"])
        assert validate(graph, known, images=values["images"]) == []


def test_what_is_on_record_builds_the_same_workflow() -> None:
    dice = random.Random(5)
    for _ in range(50):
        workflow = asked(wanted(dice), dice)
        again = Workflow.model_validate(json.loads(json.dumps(workflow.model_dump(mode="json"))))
        assert build(again) == build(workflow)


def test_a_workflow_is_nobodys_but_the_callers() -> None:
    workflow = Workflow(prompt="A guide", loras=(film(0.5),))
    before = json.dumps(build(workflow))
    graph = build(workflow)
    for node in graph.values():
        for value in node["inputs"].values():
            if isinstance(value, list):
                value.clear()
        node["inputs"].clear()
        node["_meta"]["title"] = "spoilt"
    assert json.dumps(build(workflow)) == before


def test_any_seed_becomes_one_that_is_on_record() -> None:
    drawn = [Workflow(prompt="A guide") for _ in range(50)]
    assert all(0 <= workflow.seed < 10**9 for workflow in drawn)
    assert len({workflow.seed for workflow in drawn}) > 40
    assert build(drawn[0])["25"]["inputs"]["noise_seed"] == drawn[0].model_dump()["seed"]


def test_an_eleventh_lora_is_named_and_not_left_out() -> None:
    actors = [Lora(role="character", name=f"actor_{number}") for number in range(10)]
    assert build(Workflow(prompt="A guide", loras=tuple(actors)))["43"]["inputs"]["num_loras"] == 10
    with pytest.raises(InputRefused, match=r"room for 10 LoRAs; 11 .* none for 'FILM-V3-FLUX'") as caught:
        build(Workflow(prompt="A guide", loras=(film(1), *actors)))
    assert (caught.value.field, caught.value.allowed) == ("loras", ("0 to 10",))


def test_a_lora_is_asked_for_once() -> None:
    twice = (Lora(role="style", name="ana"), Lora(role="character", name="ana.safetensors"))
    with pytest.raises(InputRefused, match=r"'ana.safetensors' is asked for twice"):
        build(Workflow(prompt="A guide", loras=twice))


@pytest.mark.parametrize("name", ["", "None", "../x", "a/../b", "/x", "a\\b", ".hidden", "a\nb", "x" * 201])
def test_a_lora_is_a_file_in_the_workers_folder(name: str) -> None:
    with pytest.raises(ValidationError):
        Lora(role="style", name=name)


@pytest.mark.parametrize(
    "wrong",
    [
        {"width": 1361},
        {"height": 0},
        {"steps": 0},
        {"seed": -2},
        {"seed": 2**64},
        {"guidance": float("nan")},
        {"guidance": 100.5},
        {"denoise": 0},
        {"count": 0},
        {"prompt": ""},
        {"template": "flux_video"},
        {"images": ["a.png"]},
        {"template": "flux_image"},
        {"template": "flux_image", "images": ["a.png", "b.png"]},
        {"template": "flux_reference"},
        {"worker": {"teacache": "latest"}},
        {"negative": "hands"},
    ],
)
def test_what_no_worker_takes_is_no_workflow(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Workflow.model_validate({"prompt": "A guide", **wrong})
