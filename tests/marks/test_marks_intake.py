"""The marks of the intake in small; ``make marks`` runs them on thousands of files."""

import tarfile
from pathlib import Path

from PIL import Image

from tests.marks import _coordinates, intake, places
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


async def test_where_a_photo_was_taken_is_nowhere_afterwards(tmp_path: Path) -> None:
    for name, upload in {
        "a.jpg": save(quadrants(), "JPEG", exif=exif()),
        "b.heic": heic(quadrants(), exif=exif()),
        "c.tif": save(quadrants(), "TIFF", exif=exif()),
        "nowhere.jpg": save(quadrants(), "JPEG"),
    }.items():
        (tmp_path / name).write_bytes(upload)
    told = await places.run([tmp_path])
    assert told.wrong == []
    assert told.ends == {tmp_path.name: {"taken": 2, "unsupported_type": 1}}
    assert min(told.looked_at[kind] for kind in ("served", "exported", "sent", "kept")) > 0


async def test_what_were_left_of_it_would_be_found(tmp_path: Path) -> None:
    [mark, _] = _coordinates.marks_of(save(quadrants(), "JPEG", exif=exif()))
    assert len(mark) == 24
    photo, told = save(quadrants(), "JPEG"), places.Told()
    async with places.a_world() as world:
        await world.check(1, places.Placed(source="x", name="x", data=photo, marks=[b"JFIF"]), told)
    assert {line.split()[2] for line in told.wrong} == {"served", "exported", "sent", "kept"}
