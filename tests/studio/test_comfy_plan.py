"""From what is wanted to a FLUX workflow, and what is said of what a FLUX model cannot do."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from coach.errors import InputRefused, PictureError
from coach.studio import Capabilities, Model, PictureRequest, Plan, Reference
from coach.studio._second import SecondTry
from coach.studio.capabilities import Prices
from coach.studio.comfy import Lora, Worker, Workflow, build, film, validate
from coach.studio.judge import Judge
from coach.studio.request import FluxOptions, fingerprint
from tests.studio._faces import DISTANCES, ScriptedFaces

TODAY = date(2026, 12, 1)
PHOTO = Reference(kind="photo", id="p")


def model(name: str, **own: Any) -> Model:
    """A model of RunPod's, as the capability table may have it."""
    usual: dict[str, Any] = {
        "engine": "runpod",
        "operations": ["generate", "edit"],
        "sizes": ["1360x768", "1024x1024", "768x1360"],
        "formats": ["png"],
        "references": 1,
        "pictures": 4,
        "prices": Prices(),
        "source": "here, 2026-12-01",
        "worker": Worker(),
    }
    return Model.model_validate({"name": name, "family": "flux", **usual, **own})


KONTEXT = {
    "operations": ["edit", "compose"],
    "references": 4,
    "keeps_faces": True,
    "worker": Worker(edits="flux_reference", guidance=2.5, unet="flux1-dev-kontext.safetensors"),
}
TABLE = Capabilities.load().model_copy(
    update={"models": {"flux": model("flux"), "kontext": model("kontext", **KONTEXT)}}
)


def plan(name: str = "flux", table: Capabilities = TABLE, **wanted: Any) -> Plan:
    return table.plan(PictureRequest(**{"prompt": "A guide", "previews": 0, **wanted}), name, TODAY)


def drawn(planned: Plan) -> Workflow:
    return Workflow.model_validate(planned.params["workflow"])


def test_words_become_a_workflow_that_runs() -> None:
    planned = plan(shape="landscape", count=2, style="in ink")
    workflow = drawn(planned)
    assert planned.operation == "generate" and planned.repairs == ()
    assert {name: value for name, value in planned.params.items() if name != "workflow"} == {
        "model": "flux",
        "size": "1360x768",
        "n": 2,
        "output_format": "png",
    }
    assert workflow.template == "flux_text" and workflow.prompt == planned.prompt
    assert (workflow.width, workflow.height, workflow.count) == (1360, 768, 2)
    assert (workflow.steps, workflow.guidance, workflow.denoise) == (20, 3.5, 1.0)
    assert validate(build(workflow)) == []


def test_the_size_follows_from_the_shape_and_from_what_is_asked_for() -> None:
    assert [drawn(plan(shape=shape)).width for shape in ("square", "portrait")] == [1024, 768]
    exact = plan(flux=FluxOptions(width=640, height=1280))
    assert exact.params["size"] == "640x1280" and drawn(exact).height == 1280
    with pytest.raises(InputRefused, match="A width needs a height"):
        plan(flux=FluxOptions(width=640))
    with pytest.raises(ValidationError):
        FluxOptions(width=641, height=1280)


def test_what_is_asked_for_by_name_is_in_the_workflow() -> None:
    loras = (Lora(role="style", name="ink"), Lora(role="character", name="ana"), film(0.6))
    options = FluxOptions(style="1", loras=loras, steps=25, seed=12345, guidance=4.0)
    workflow = drawn(plan(flux=options))
    assert (workflow.steps, workflow.seed, workflow.guidance) == (25, 12345, 4.0)
    assert workflow.loras == loras
    assert build(workflow)["43"]["inputs"]["lora_3_strength"] == 0.57


def test_any_seed_is_drawn_anew_for_each_plan_and_is_on_record() -> None:
    seeds = {plan().params["workflow"]["seed"] for _ in range(20)}
    assert len(seeds) > 15 and all(0 <= seed < 10**9 for seed in seeds)


def test_a_draft_takes_half_of_the_steps() -> None:
    draft = plan(grade="draft")
    assert drawn(draft).steps == 10
    assert drawn(plan(grade="draft", flux=FluxOptions(steps=30))).steps == 30


def test_a_picture_that_goes_along_is_changed() -> None:
    workflow = drawn(plan(references=[PHOTO]))
    assert (workflow.template, workflow.images, workflow.denoise) == (
        "flux_image",
        ("reference-1.png",),
        0.75,
    )
    assert drawn(plan(references=[PHOTO], flux=FluxOptions(denoise=0.4))).denoise == 0.4


def test_pictures_that_are_referred_to_are_all_wired() -> None:
    workflow = drawn(plan("kontext", references=[PHOTO, PHOTO, PHOTO], keep_face=True))
    assert workflow.template == "flux_reference" and len(workflow.images) == 3
    assert validate(build(workflow), images=workflow.images) == []


def test_a_face_from_a_photo_needs_the_reference_workflow() -> None:
    """Where its price is known it stands in; else the likeness may be weak. Either is said."""
    own = TABLE.priced("runpod", None)
    weak = plan(table=own, references=[PHOTO], keep_face=True)
    assert weak.model == "flux" and weak.repairs == (
        "flux cannot be told to keep a face; the likeness may be weak.",
    )
    dear = plan(table=TABLE.priced("runpod", Decimal(1)), references=[PHOTO], keep_face=True)
    assert dear.model == "kontext" and drawn(dear).template == "flux_reference"
    assert dear.repairs == ("flux cannot be told to keep a face; kontext is used instead.",)


def test_what_it_cannot_do_is_refused_or_said() -> None:
    clear = plan(background="transparent")
    assert clear.repairs == ("flux draws no transparent background; the background is left to it.",)
    assert plan(previews=2).repairs == ("No previews can be shown on the way.",)
    with pytest.raises(PictureError, match="flux cannot inpaint; it can generate, edit"):
        plan(references=[PHOTO], mask=Reference(kind="mask", id="m"))
    with pytest.raises(InputRefused, match="takes 0 to 1 references"):
        TABLE.model_copy(update={"models": {"flux": TABLE.model("flux")}}).plan(
            PictureRequest(prompt="A guide", references=(PHOTO, PHOTO)), "flux", TODAY
        )


def test_loras_that_the_worker_cannot_apply_are_refused_by_name() -> None:
    many = tuple(Lora(role="character", name=f"actor_{number}") for number in range(11))
    with pytest.raises(InputRefused, match="no room for 'actor_10'"):
        plan(flux=FluxOptions(loras=many))
    stock = TABLE.model_copy(update={"models": {"flux": model("flux", worker=Worker(most_loras=0))}})
    with pytest.raises(InputRefused, match="ComfyUI-Easy-Use is not installed") as caught:
        plan(table=stock, flux=FluxOptions(loras=many[:1]))
    assert caught.value.field == "loras"
    with pytest.raises(InputRefused, match="asked for twice"):
        plan(flux=FluxOptions(loras=(many[0], many[0])))


def test_the_same_noise_is_not_asked_for_twice() -> None:
    nowhere: Any = None
    second = SecondTry(maker=nowhere, judge=Judge(nowhere, ScriptedFaces(DISTANCES)), within=170.0)
    for seed, follows in ((-1, True), (4, False)):
        flux = FluxOptions(seed=seed)
        asked = PictureRequest(prompt="A guide", references=(PHOTO,), keep_face=True, flux=flux)
        assert second.may_follow(asked) is follows


def test_flux_options_are_for_flux_models() -> None:
    asked = PictureRequest(prompt="A guide", flux=FluxOptions(steps=4))
    with pytest.raises(InputRefused, match="is no FLUX model") as caught:
        Capabilities.load().plan(asked, "gpt-image-2", TODAY)
    assert caught.value.field == "flux"


def test_keys_that_were_used_before_there_was_flux_stay_known() -> None:
    """The hash of a request as it was before."""
    old = "60cefb2091dafbab37174ad4c54556397b5b99557a4c7e29e55c7e5fcf2acec0"
    assert fingerprint(PictureRequest(prompt="A guide"), identity_id="i", parent_id=None) == old
    other = PictureRequest(prompt="A guide", flux=FluxOptions())
    assert fingerprint(other, identity_id="i", parent_id=None) != old
