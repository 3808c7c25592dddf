"""Pictures inside JSON, piece by piece."""

import base64
import json
import random
from pathlib import Path

from coach.server.inline import PIECE, Inline, written
from coach.store import FolderBlobs


async def test_a_picture_in_json_is_never_written_as_one_text(tmp_path: Path) -> None:
    blobs, chance = FolderBlobs(tmp_path), random.Random(7)
    sizes = {f"ann/pictures/{size}": size for size in (1, PIECE, 3 * PIECE + 2)}
    for key, size in sizes.items():
        await blobs.put(key, chance.randbytes(size), "image/png")
    document = {"say": 'a "b"\n', "images": [Inline(blob=key, before="data:;base64,") for key in sizes]}
    pieces = [piece async for piece in written(document, blobs)]
    assert max(map(len, pieces)) <= PIECE * 4 // 3
    expected = [f"data:;base64,{base64.b64encode(await blobs.get(key)).decode()}" for key in sizes]
    assert json.loads(b"".join(pieces)) == {"say": 'a "b"\n', "images": expected}
