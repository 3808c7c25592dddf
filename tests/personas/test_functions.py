"""The steps one by one, as the code that they are for has them."""

import io
from pathlib import Path

import pytest
from PIL import Image

from coach import Context
from coach.errors import ConsentMissing, InputRefused
from coach.personas.functions import (
    generate_base_image,
    generate_image_prompt,
    generate_images_from_base,
    split_and_trim_image,
    upload_images_batch,
)
from coach.sandbox import Sandbox
from coach.store import Store
from coach.studio import PictureRequest, Reference
from coach.studio._references import gather
from coach.studio.provenance import derive
from tests.personas.test_make import Numbered, studio

OWNER = Context(user_id="operator")


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_from_a_bio_to_links(store: Store, tmp_path: Path) -> None:
    person = {"firstname": "Ana", "lastname": "Ruiz", "bio_facebook": "Stars."}
    prompt = await generate_image_prompt(person, ["Sea"], writer=(writer := Numbered()))
    assert writer.told == [["Sea"]]
    with Sandbox() as sandbox:
        async with studio(store, tmp_path, sandbox) as here:
            base = await generate_base_image(here, store, OWNER, bio_facebook="Stars.", gender="f", key="b")
            grid, same = [
                await generate_images_from_base(
                    here, store, OWNER, base_image_bytes=base, flowise_prompt=prompt, key="g"
                )
                for _ in range(2)
            ]
            with pytest.raises(InputRefused, match="not made here") as refused:
                await generate_images_from_base(
                    here, store, Context(user_id="other"), base_image_bytes=base, flowise_prompt=prompt
                )
            assert refused.value.field == "base_image_bytes"
        assert grid == same and sandbox.totals.charged == 2
    tiles = split_and_trim_image(grid)
    links = await upload_images_batch(store, "operator", tiles)
    assert links == await upload_images_batch(store, "operator", tiles) and len(set(links)) == 4
    workshop = await store.identities.workshop("operator")
    kept = await store.versions.list("operator", workshop.id)
    assert [await store.blobs.get(each.blob) for each in kept] == [base, grid, *tiles]
    with pytest.raises(InputRefused, match="one grid"):
        await upload_images_batch(store, "operator", [grid, *tiles])
    other = derive(grid, Image.new("RGB", (64, 64)), media_type="image/jpeg", kind="tile")
    assert await upload_images_batch(store, "operator", [other]) == links
    assert [await store.blobs.get(each.blob) for each in kept[2:]] == tiles


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_a_photo_that_says_it_was_cut_from_a_base_is_somebodys_still(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    with Sandbox() as sandbox:
        async with studio(store, tmp_path, sandbox) as here:
            base = await generate_base_image(here, store, OWNER, bio_facebook="Stars.")
    photo = Image.open(io.BytesIO(photo_bytes)).convert("RGB")
    await upload_images_batch(store, "operator", [derive(base, photo, media_type="image/jpeg", kind="tile")])
    workshop = await store.identities.workshop("operator")
    made, cut = await store.versions.list("operator", workshop.id)
    await gather(store, "operator", PictureRequest(prompt="-", references=(_version(made.id),)))
    with pytest.raises(ConsentMissing):
        await gather(store, "operator", PictureRequest(prompt="-", references=(_version(cut.id),)))


def _version(id: str) -> Reference:
    return Reference(kind="version", id=id)
