"""Grids of pictures: what is found, what is no grid, and the marks of the tiles; more: tests.marks.grids."""

import hashlib
from io import BytesIO
from random import Random

import pytest
from PIL import Image

from coach.errors import GridRefused
from coach.studio.grid import MOST, Box, find_grid, split_grid
from coach.studio.provenance import IPTC, read
from tests._grids import drawn, tile


def png(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def rows_of(rows: int, columns: int, *, side: int = 160, gutter: int = 8) -> tuple[Image.Image, list[Box]]:
    """A grid of any number of pictures with a white gutter."""
    rng, step = Random(7), side + gutter
    image = Image.new("RGB", (columns * step - gutter, rows * step - gutter), "white")
    boxes = [
        (x * step, y * step, x * step + side, y * step + side) for y in range(rows) for x in range(columns)
    ]
    for box in boxes:
        image.paste(tile(rng, (side, side)), box[:2])
    return image, boxes


def test_tiles_say_that_they_are_made_by_a_model_and_of_which_grid() -> None:
    grid = drawn(3)
    tiles = split_grid(grid.data)
    assert len(tiles) == 4
    for made, (x0, y0, x1, y1) in zip(tiles, grid.boxes, strict=True):
        found = read(made)
        assert found.source_type == f"{IPTC}trainedAlgorithmicMedia"
        assert found.made_from == (hashlib.sha256(grid.data).hexdigest(),)
        with Image.open(BytesIO(made)) as image:
            assert abs(image.width - (x1 - x0)) <= 3 and abs(image.height - (y1 - y0)) <= 3


@pytest.mark.parametrize(("rows", "columns"), [(1, 2), (3, 1), (2, 3), (3, 3)])
def test_any_number_of_rows_and_columns(rows: int, columns: int) -> None:
    image, boxes = rows_of(rows, columns)
    found = find_grid(image, rows=rows, columns=columns)
    assert list(found.boxes) == boxes and set(found.colours) == {(255, 255, 255)}


def test_a_gutter_that_is_not_quite_of_one_colour_is_one() -> None:
    image, boxes = rows_of(2, 2, side=248, gutter=16)
    noise = Image.frombytes("L", image.size, Random(9).randbytes(image.width * image.height))
    tinted = noise.point([247 + v % 7 for v in range(256)]).convert("RGB")
    for box in boxes:
        tinted.paste(image.crop(box), box[:2])
    assert list(find_grid(tinted).boxes) == boxes


@pytest.mark.parametrize(("colour", "gutter"), [("#808080", 4), ("#f2ead8", 22)])
def test_a_calm_dark_floor_that_ends_at_a_gutter_is_no_part_of_it(colour: str, gutter: int) -> None:
    image, boxes = rows_of(2, 2, side=500, gutter=gutter)
    grid = Image.new("RGB", image.size, colour)
    for (x0, y0, x1, y1), is_upper in zip(boxes, (True, True, False, False), strict=True):
        made = image.crop((x0, y0, x1, y1))
        if is_upper:
            floor = (
                Image.linear_gradient("L").rotate(180).resize((500, 150)).point([v // 5 for v in range(256)])
            )
            made.paste(Image.merge("RGB", (floor, floor, floor)), (0, 350))
        grid.paste(made, (x0, y0))
    assert list(find_grid(grid).boxes) == boxes


def test_a_transparent_gutter_is_one() -> None:
    image, boxes = rows_of(2, 2)
    clear = Image.new("RGBA", image.size, (0, 0, 0, 0))
    for box in boxes:
        clear.paste(image.crop(box), box[:2])
    tiles = [Image.open(BytesIO(each)).size for each in split_grid(png(clear))]
    assert tiles == [(160, 160)] * 4


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"no picture", "damaged"),
        (drawn(1).data[:5000], "damaged"),
        (png(Image.new("RGB", (60, 60))), "too_small"),
        (png(Image.new("L", (4097, 4096))), "too_large"),
        (png(tile(Random(1), (512, 512))), "merged"),
        (png(Image.new("RGB", (512, 512), "white")), "merged"),
    ],
)
def test_what_is_no_grid_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(GridRefused) as refused:
        split_grid(data)
    assert refused.value.reason == reason


def test_the_sentence_says_which_tiles() -> None:
    grid = drawn(5, bad="empty")
    with pytest.raises(GridRefused, match=f"grid: {grid.tiles[0]}[.]"):
        split_grid(grid.data)
    assert "1, 2 and 4 of the grid" in str(GridRefused("merged", (1, 2, 4)))


def test_nobody_asks_for_more_rows_than_there_can_be() -> None:
    with pytest.raises(ValueError, match="1 to 5"):
        find_grid(Image.new("RGB", (512, 512)), rows=MOST + 1)
