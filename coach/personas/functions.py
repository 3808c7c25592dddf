"""The steps of a persona one by one, from bytes to bytes, for code that was written that way.

::

    prompt = await generate_image_prompt(person_data, writer=writer)
    base = await generate_base_image(studio, store, ctx, bio_facebook=bio, gender="male")
    grid = await generate_images_from_base(studio, store, ctx, base_image_bytes=base, flowise_prompt=prompt)
    urls = await upload_images_batch(store, ctx.user_id, split_and_trim_image(grid))

Whoever calls them keeps count of what is there; :func:`coach.personas.make_persona` does that by itself.
Their errors are the library's; :func:`coach.personas.trouble` sorts them.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from coach.context import Context
from coach.errors import InputRefused
from coach.personas.make import base_request, grid_request
from coach.personas.persona import Persona
from coach.personas.tiles import keep_tiles
from coach.personas.writers import Writer
from coach.store import Store, Version
from coach.studio import Studio
from coach.studio.grid import split_grid
from coach.studio.provenance import Signer, read

LINK_SECONDS = 7 * 24 * 3600
"""How long a link into a bucket works: as long as there are any."""


async def generate_image_prompt(
    person_data: Mapping[str, Any], prompts_history: Sequence[str] = (), *, writer: Writer
) -> str:
    """What four pictures of a person show.

    Args:
        person_data: The fields of :class:`~coach.personas.Persona`.
        prompts_history: What was written before, and is not to be repeated.

    Raises:
        InputRefused: It is no persona.
        ModelError: There is no usable answer.
    """
    return await writer.write(Persona.read(dict(person_data)), used=prompts_history)


async def generate_base_image(
    studio: Studio,
    store: Store,
    ctx: Context,
    *,
    bio_facebook: str,
    gender: str | None = None,
    key: str | None = None,
) -> bytes:
    """The base selfie, as the service sent it.

    Args:
        key: What makes it the same picture; ``None``: each call is another one, and is paid.

    Raises: as :meth:`coach.Studio.generate`.
    """
    somebody = {"firstname": "-", "lastname": "-", "bio_facebook": bio_facebook, "gender": gender}
    request = base_request(Persona.read(somebody))
    place = await store.identities.workshop(ctx.user_id)
    made = await studio.generate(ctx, request, identity_id=place.id, key=key)
    return await store.blobs.get(made.versions[0].blob)


async def generate_images_from_base(
    studio: Studio,
    store: Store,
    ctx: Context,
    *,
    base_image_bytes: bytes,
    flowise_prompt: str,
    key: str | None = None,
) -> bytes:
    """A grid of four pictures of whom a base shows, as the service sent it.

    Args:
        base_image_bytes: What :func:`generate_base_image` gave this owner. Not anybody's photo: whose that is
            has to agree, see :func:`coach.edit_image`.
        key: As there.

    Raises:
        InputRefused: It is no picture of theirs.
        CoachError: As :meth:`coach.Studio.generate`.
    """
    base = await _mine(store, ctx.user_id, hashlib.sha256(base_image_bytes).hexdigest(), "base_image_bytes")
    request = grid_request(flowise_prompt, base)
    made = await studio.generate(
        ctx, request, identity_id=base.identity_id, parent=base.id, key=key, wish=flowise_prompt
    )
    grid = next(each for each in made.versions if each.parent_id == base.id)
    return await store.blobs.get(grid.blob)


def split_and_trim_image(
    image_bytes: bytes, num_rows: int = 2, num_cols: int = 2, *, signer: Signer | None = None
) -> list[bytes]:
    """The pictures of a grid, row by row; see :func:`coach.studio.grid.split_grid`. Blocking."""
    return list(split_grid(image_bytes, rows=num_rows, columns=num_cols, signer=signer))


async def upload_images_batch(store: Store, user_id: str, images: Sequence[bytes]) -> list[str]:
    """Keep the pictures of one grid as versions of its owner, and give out a link for each.

    Args:
        images: What :func:`split_and_trim_image` made of a grid of theirs: all of them, in their order.

    Raises:
        InputRefused: They are not of one grid of theirs.
    """
    found = {tuple((await asyncio.to_thread(read, image)).made_from) for image in images}
    if len(found) != 1 or not (made_from := found.pop()):
        raise InputRefused("These are not the pictures of one grid.", field="images")
    grid = await _mine(store, user_id, made_from[0], "images")
    kept = await keep_tiles(store, grid, images, [None] * len(images))
    return [await store.blobs.link(each.blob, LINK_SECONDS) for each in kept]


async def _mine(store: Store, user_id: str, sha256: str, field: str) -> Version:
    """Their picture with these bytes."""
    place = await store.identities.workshop(user_id)
    made = await store.versions.list(user_id, place.id)
    found = next((each for each in made if each.sha256 == sha256), None)
    if found is None:
        raise InputRefused("This was not made here, or is gone. Make it again.", field=field)
    return found
