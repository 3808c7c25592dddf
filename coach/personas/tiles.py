"""The pictures of a grid as versions: children of the grid, in its generation."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from io import BytesIO

from PIL import Image

from coach.faces import FaceModel, KnownFaces
from coach.store import Store, Version, blob_key
from coach.store._rows import hold
from coach.store.blobs import ENDINGS
from coach.store.versions import NewVersion, insert_rows
from coach.studio._derived import here_since, keep
from coach.studio.grid import TILE, split_grid
from coach.studio.judge import Judgement, compared
from coach.studio.provenance import Signer


async def tiles_of(store: Store, grid: Version) -> tuple[Version, ...]:
    """The tiles that are kept of a grid, row by row; none: it was not split yet."""
    made = await store.versions.of_generations(grid.user_id, [grid.generation_id])
    return tuple(sorted((each for each in made if each.parent_id == grid.id), key=lambda each: each.number))


async def split(
    store: Store, grid: Version, *, base: Version, faces: FaceModel | None, signer: Signer | None
) -> tuple[Version, ...]:
    """Split a grid of four, see how like the base each tile is, and keep them. Safe to repeat.

    Raises:
        GridRefused: It is no such grid. It is kept as it came.
        NotFound: Its picture, or that of the base, is gone.
        Erasing: Its owner is being erased.
    """
    if known := await tiles_of(store, grid):
        return known
    data = await store.blobs.get(grid.blob)
    tiles = await asyncio.to_thread(split_grid, data, signer=signer)
    judged = await _judged(faces, await store.blobs.get(base.blob), tiles)
    return await keep_tiles(store, grid, tiles, judged)


async def keep_tiles(
    store: Store, grid: Version, tiles: Sequence[bytes], judged: Sequence[Judgement | None]
) -> tuple[Version, ...]:
    """Keep all of a grid's tiles, or none; those that are kept already stay.

    Raises:
        Erasing: Its owner is being erased.
    """
    if known := await tiles_of(store, grid):
        return known
    since = await here_since(store, grid.user_id)
    pictures = []
    for number, (tile, judgement) in enumerate(zip(tiles, judged, strict=True), 1):
        # By its bytes: signed twice they differ, and what another process has kept is not written over.
        name = f"{grid.generation_id}-{grid.number}-tile-{number}-{_hash(tile)[:8]}.{ENDINGS[TILE]}"
        key = blob_key(grid.user_id, "pictures", name)
        await keep(store, grid.user_id, key, tile, TILE, since=since)
        pictures.append(_picture(key, tile, judgement))
    async with store.database.write() as connection:
        await hold(connection, grid.user_id)
        if known := await tiles_of(store, grid):  # another process was quicker
            return known
        return await insert_rows(
            connection,
            user_id=grid.user_id,
            identity_id=grid.identity_id,
            generation_id=grid.generation_id,
            parent_id=grid.id,
            prompt=grid.prompt,
            pictures=pictures,
        )


def _picture(key: str, tile: bytes, judgement: Judgement | None) -> NewVersion:
    with Image.open(BytesIO(tile)) as image:
        width, height = image.size
    return NewVersion(
        blob=key,
        sha256=_hash(tile),
        width=width,
        height=height,
        media_type=TILE,
        judgement=None if judgement is None else judgement.to_json(),
    )


def _hash(tile: bytes) -> str:
    return hashlib.sha256(tile).hexdigest()


async def _judged(
    faces: FaceModel | None, base: bytes, tiles: Sequence[bytes]
) -> tuple[Judgement | None, ...]:
    """How like the base each tile is; ``None``: no face model is installed."""
    if faces is None:
        return (None,) * len(tiles)
    known = KnownFaces(faces, (base,))
    return tuple([await compared(known, tile, what="A tile") for tile in tiles])
