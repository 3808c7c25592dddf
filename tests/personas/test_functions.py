"""The steps one by one, as the code that they are for has them."""

from pathlib import Path

import pytest

from coach import Context
from coach.errors import InputRefused
from coach.personas.functions import (
    generate_base_image,
    generate_image_prompt,
    generate_images_from_base,
    split_and_trim_image,
    upload_images_batch,
)
from coach.sandbox import Sandbox
from coach.store import Store
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
