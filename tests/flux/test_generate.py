"""One FLUX picture, and many: what is sent, what comes back, where it is saved, and what a rerun does."""

import base64
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from coach.errors import Conflict, InputRefused, PictureError
from coach.events import Event, Progress
from coach.flux import Failure, Options, Outcome, Picture, Style, Styles
from coach.store import Store
from coach.studio.comfy import build
from tests.flux._place import CTX, FAILS, GOOD, place

SMALL: Options = {"width": 256, "height": 144}

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])


def words(outcomes: list[Outcome]) -> list[str]:
    return [each.code if isinstance(each, Failure) else "picture" for each in outcomes]


async def test_a_picture_as_the_seed_asks_for_it(store: Store, tmp_path: Path) -> None:
    async with place(store, tmp_path) as at:
        made = await at.flux.generate_image(
            CTX,
            "A cyberpunk cityscape at night",
            style_id="16",
            steps=25,
            seed=12345,
            character_loras=["actor_1", ("actor_2", 0.8)],
            cinematic=0.6,
        )
        [sent] = at.sent
        assert sent == build(made.workflow)
    assert sent["6"]["inputs"]["text"].startswith("A cyberpunk cityscape at night\n\nStyle: minimal shapes")
    assert sent["27"]["inputs"] == {"width": 1360, "height": 768, "batch_size": 1}
    assert (sent["17"]["inputs"]["steps"], sent["25"]["inputs"]["noise_seed"]) == (25, 12345)
    assert sent["26"]["inputs"]["guidance"] == 3.0
    stack = sent["43"]["inputs"]
    assert [(stack[f"lora_{slot}_name"], stack[f"lora_{slot}_strength"]) for slot in range(1, 6)] == [
        ("dynamic_simplicity.safetensors", 0.9),
        ("actor_1.safetensors", 0.75),
        ("actor_2.safetensors", 0.6),
        ("FILM-V3-FLUX.safetensors", 0.51),
        ("None", 1.0),
    ]
    assert made.saved_path == tmp_path / "pictures" / at.files[0]
    assert made.saved_path.read_bytes() == await store.blobs.get(made.version.blob)


async def test_the_result_is_the_seeds_dictionary(store: Store, tmp_path: Path) -> None:
    async with place(store, tmp_path) as at:
        made = await at.flux.generate_image(CTX, "A detective in the rain", style_id="1", **SMALL)
        [sent] = at.sent
    told = await made.to_dict()
    assert re.fullmatch(r"img_[0-9a-f]{8}", told["request_id"])
    assert base64.b64decode(told.pop("images")[0]) == await store.blobs.get(made.version.blob)
    stamp = f"{made.version.created_at:%Y%m%d_%H%M%S}"
    assert at.files == [f"1_ink_intensity/generated_{stamp}_{told['request_id'][4:]}.png"]
    assert told == {
        "request_id": made.request_id,
        "status": "success",
        "seed": sent["25"]["inputs"]["noise_seed"],
        "style_id": "1",
        "saved_path": str(tmp_path / "pictures" / at.files[0]),
        "metadata": {
            "prompt": "A detective in the rain",
            "width": 256,
            "height": 144,
            "steps": 20,
            "style_title": "Ink Intensity",
            "timestamp": f"{made.version.created_at:%Y-%m-%dT%H:%M:%SZ}",
            "model": "flux-dev",
            "repairs": [],
            "quote_micros": None,
            "actual_micros": None,
        },
    }
    assert 0 <= told["seed"] < 10**9


async def test_each_call_is_a_picture_of_its_own_and_a_key_makes_it_the_same(
    store: Store, tmp_path: Path
) -> None:
    async with place(store, tmp_path) as at:
        first = await at.flux.generate_image(CTX, "A guide", **SMALL)
        second = await at.flux.generate_image(CTX, "A guide", **SMALL)
        assert first.version.id != second.version.id
        kept = await at.flux.generate_image(CTX, "A guide", key="mine", **SMALL)
        assert (await at.flux.generate_image(CTX, "A guide", key="mine", **SMALL)).version == kept.version
        with pytest.raises(Conflict, match="used for another picture"):
            await at.flux.generate_image(CTX, "Another guide", key="mine", **SMALL)
    assert len(at.sent) == 3 and len(at.files) == 3


async def test_a_name_of_ones_own(store: Store, tmp_path: Path) -> None:
    async with place(store, tmp_path) as at:
        made = await at.flux.generate_image(
            CTX, "A guide", style_id="1", filename="night", key="mine", **SMALL
        )
        assert at.files == ["1_ink_intensity/night.png"]
        again = await at.flux.generate_image(
            CTX, "A guide", style_id="1", filename="night", key="mine", **SMALL
        )
        assert again.saved_path == made.saved_path and again.repairs == ()
        for wrong in ("night.png", "../night"):
            with pytest.raises(InputRefused) as caught:
                await at.flux.generate_image(CTX, "A guide", style_id="1", filename=wrong, **SMALL)
            assert caught.value.field == "filename"
    assert len(at.sent) == 1, "what is refused is refused before it is paid for"


async def test_a_picture_that_cannot_be_saved_is_kept_all_the_same(store: Store, tmp_path: Path) -> None:
    (tmp_path / "pictures").write_text("no folder")
    async with place(store, tmp_path) as at:
        made = await at.flux.generate_image(CTX, "A guide", style_id="1", **SMALL)
        assert made.saved_path is None
        assert re.search(
            r"The folder takes no file \(\w+\)\. It is kept as v1 of the workshop", made.repairs[-1]
        )
        assert await store.blobs.exists(made.version.blob)
        unsaved = await at.flux.generate_image(CTX, "A guide", save_to_style=False, **SMALL)
        assert unsaved.saved_path is None and unsaved.repairs == ()


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"style_id": "7"}, "style_id"),
        ({"width": 1361}, "width"),
        ({"steps": 0}, "steps"),
        ({"seed": -2}, "seed"),
        ({"guidance": 101.0}, "guidance"),
        ({"character_loras": ["../x"]}, "character_loras"),
        ({"character_loras": [("x", 11.0)]}, "character_loras"),
        ({"character_loras": ["x", "x"]}, "loras"),
        ({"character_loras": [f"a{number}" for number in range(11)]}, "loras"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_sent(
    options: dict[str, Any], field: str, store: Store, tmp_path: Path
) -> None:
    async with place(store, tmp_path) as at:
        for call in (
            at.flux.generate_image(CTX, "A guide", **options),
            at.flux.generate_batch(CTX, ["a"], **options),
        ):
            with pytest.raises(InputRefused) as caught:
                await call
            assert caught.value.field == field
    assert not at.sent


async def test_a_batch_is_ordered_and_one_failure_does_not_sink_the_rest(
    store: Store, tmp_path: Path
) -> None:
    told: list[tuple[int, Outcome]] = []
    async with place(store, tmp_path, GOOD, FAILS, "job_no_pictures") as at:
        prompts = ["one", "two", "three", "", "four"]
        made = await at.flux.generate_batch(
            CTX, prompts, style_id="1", at_once=1, progress=lambda *news: told.append(news), **SMALL
        )
        assert words(made) == ["picture", "service_error", "bad_answer", "input_refused", "picture"]
        assert told == list(enumerate(made))
        assert [each.asked.prompt for each in made] == prompts
        failed = await made[1].to_dict()
        assert (failed["status"], failed["images"], failed["error"]["code"]) == (
            "error",
            [],
            "service_error",
        )
        assert failed["error"]["paid"] == "paid" and failed["metadata"]["style_title"] == "Ink Intensity"


async def test_a_rerun_makes_only_what_is_missing(store: Store, tmp_path: Path) -> None:
    async with place(store, tmp_path, GOOD, FAILS) as at:
        prompts = ["one", "two", "three", "three"]
        first = await at.flux.generate_batch(CTX, prompts, at_once=1, **SMALL)
        assert words(first) == ["picture", "service_error", "picture", "picture"]
        again = await at.flux.generate_batch(CTX, prompts, at_once=1, **SMALL)
        assert words(again) == ["picture"] * 4 and len(at.sent) == 5
        assert [each.version.id for each in again if isinstance(each, Picture)][::2] == [
            each.version.id for each in (first[0], first[2]) if isinstance(each, Picture)
        ]
        assert len({each.version.id for each in again if isinstance(each, Picture)}) == 4
        assert words(await at.flux.generate_batch(CTX, prompts, name="second", **SMALL)) == ["picture"] * 4
        assert len(at.sent) == 9 and len(at.files) == 8


async def test_what_may_have_been_charged_is_not_asked_for_again_by_itself(
    store: Store, tmp_path: Path
) -> None:
    async with place(store, tmp_path, "closed") as at:
        for _ in range(2):
            [lost] = await at.flux.generate_batch(CTX, ["one"], **SMALL)
            assert isinstance(lost, Failure) and (lost.code, lost.paid) == ("connection_lost", "unknown")
            assert len(at.sent) == 1
        assert words(await at.flux.generate_batch(CTX, ["one"], again=True, **SMALL)) == ["picture"]


async def test_another_style_or_number_is_another_picture(store: Store, tmp_path: Path) -> None:
    async with place(store, tmp_path) as at:
        for options in ({}, {"style_id": "1"}, {"seed": 4}, {"steps": 9}, {"character_loras": ["a"]}):
            await at.flux.generate_batch(CTX, ["one"], **options)
        assert len(at.sent) == 5
        at.styles = Styles({"1": Style(id="1", title="Ink Intensity", lora="other")})
        await at.flux.generate_batch(CTX, ["one"], style_id="1")
        assert len(at.sent) == 6


async def test_no_more_at_once_than_are_allowed(store: Store, tmp_path: Path) -> None:
    out, most = 0, 0

    async def begun(event: Event) -> None:
        nonlocal out, most
        if isinstance(event, Progress) and event.text.startswith("Asking flux-dev"):
            out += 1
            most = max(most, out)

    def ended(index: int, outcome: Outcome) -> None:
        nonlocal out
        out -= 1

    async with place(store, tmp_path) as at:
        with pytest.raises(InputRefused, match="at least 1"):
            await at.flux.generate_batch(CTX, ["one"], at_once=0, **SMALL)
        ctx, prompts = replace(CTX, emit=begun), [f"{number}" for number in range(12)]
        made = await at.flux.generate_batch(ctx, prompts, at_once=3, progress=ended, **SMALL)
        assert words(made) == ["picture"] * 12 == ["picture"] * len(at.files)
    assert (out, most) == (0, 3)


async def test_a_model_that_cannot_be_had_is_said_once(store: Store, tmp_path: Path) -> None:
    async with place(store, tmp_path) as at:
        with pytest.raises(PictureError, match="'gpt-image-9' is not known"):
            await at.flux.generate_batch(CTX, ["one", "two"], model="gpt-image-9")
