"""The intake's mark in small; ``python -m tests.marks.intake`` runs it on thousands of files."""

import tarfile
from pathlib import Path

from PIL import Image

from tests.marks import intake
from tests.store._images import exif, heic, quadrants, save


async def test_the_mark_tells_taken_from_refused_and_upright_from_turned(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for name, upload in {
        "turned.jpg": save(quadrants(), "JPEG", exif=exif(6)),
        "phone.heic": heic(quadrants(), exif=exif(3)),
        "deep.png": save(Image.linear_gradient("L").convert("I;16"), "PNG"),
        "broken.png": b"\x89PNG\r\n\x1a\n",
        "text": b"text",
    }.items():
        (folder / name).write_bytes(upload)
    with tarfile.open(tmp_path / "files.tar", "w") as tar:
        tar.add(folder)

    seen = await intake.take_all(tmp_path / "files.tar")

    names = {name.rpartition("/")[2]: outcome for name, outcome in seen.outcomes.items()}
    assert names == {
        "turned.jpg": "taken",
        "phone.heic": "taken",
        "deep.png": "taken",
        "broken.png": "broken",
        "text": "not_an_image",
    }
    assert (seen.unexpected, seen.traces) == ([], [])
    assert intake._valid(tmp_path / "files.tar", seen, verbose=True)

    turned = await intake.take_all(folder)
    turned.small["turned.jpg"] = turned.small["turned.jpg"].transpose(Image.Transpose.ROTATE_90)
    turned.small["turned.jpg"].info["shape"] = (80, 120)
    assert not intake._valid(folder, turned, verbose=False)
