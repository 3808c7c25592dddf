"""Whose agreement a picture needs that goes along: nobody's, where it was made of words and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from coach.errors import ConsentMissing
from coach.store import Store
from coach.store.tables import generations
from coach.studio import PictureRequest, Reference
from coach.studio._references import gather
from tests.studio._service import answer, picture, says
from tests.studio._workshop import ANA, workshop


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("more", "is_free"),
    [
        ({}, True),
        ({"references": [{"kind": "upload", "id": "u"}]}, False),
        ({"extra": {"image": "…"}}, False),
        ({"flux": {"loras": []}}, False),
    ],
)
async def test_only_what_was_made_of_words_alone_shows_nobody(
    store: Store, tmp_path: Path, photo_bytes: bytes, more: dict[str, Any], is_free: bool
) -> None:
    async with workshop(store, tmp_path, photo_bytes, says(answer(picture()))) as here:
        made = await here.generate(PictureRequest(prompt="A stranger"))
        asked = {**PictureRequest(prompt="A stranger").model_dump(mode="json"), **more}
        async with store.database.write() as connection:
            await connection.execute(update(generations).values(request=json.loads(json.dumps(asked))))
        await store.consents.revoke(ANA)
        along = Reference(kind="version", id=made.versions[0].id)
        both = (along, Reference(kind="photo", id=here.photo.id))
        with pytest.raises(ConsentMissing):
            await gather(store, ANA, PictureRequest(prompt="Again", references=both))
        request = PictureRequest(prompt="Again", references=(along,))
        if is_free:
            [sent], _ = await gather(store, ANA, request)
            assert sent.data == picture()
        else:
            with pytest.raises(ConsentMissing):
                await gather(store, ANA, request)
