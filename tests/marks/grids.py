"""Grids of four pictures: 500 good ones are split to the pixel or nearly, 300 bad ones are refused.

``python -m tests.marks.grids`` draws them with gutters of 0 to 40 pixels in five colours, up to 3 % off the
middle, as JPEG of quality 60 to 95. Ends with 1 when a tile's intersection over union with the true one is
0.98 or less, or when a grid is not refused for the tiles that are wrong with it.
"""

from __future__ import annotations

import argparse
import sys
import time
from io import BytesIO

from PIL import Image

from coach.errors import GridRefused
from coach.studio.grid import Box, find_grid
from tests._grids import BAD, Bad, drawn

ENOUGH = 0.98


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(0, width) * max(0, height)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return both / (areas - both)


def worst(seed: int) -> float:
    """The least overlap of a good grid's tiles; 0 when it was refused."""
    grid = drawn(seed)
    try:
        found = find_grid(Image.open(BytesIO(grid.data)))
    except GridRefused as error:
        sys.stdout.write(f"{grid.said}: {error}\n")
        return 0.0
    least = min(map(overlap, found.boxes, grid.boxes))
    if least <= ENOUGH:
        sys.stdout.write(f"{grid.said}: {least:.3f}, {found.boxes} and not {grid.boxes}\n")
    return least


def refused(seed: int, bad: Bad) -> bool:
    """Whether a bad grid is refused, and for its tiles."""
    grid = drawn(seed, bad=bad)
    try:
        said = f"is taken for {find_grid(Image.open(BytesIO(grid.data))).boxes}"
    except GridRefused as error:
        if set(grid.tiles) <= set(error.tiles):
            return True
        said = f"is refused for {error.tiles}, and not for {grid.tiles}: {error}"
    sys.stdout.write(f"{grid.said} {said}\n")
    return False


def main() -> int:
    """Split them all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--good", type=int, default=500)
    parser.add_argument("--bad", type=int, default=50, help="of each kind")
    asked = parser.parse_args()
    began = time.monotonic()
    found = [worst(seed) for seed in range(asked.good)]
    held = [refused(seed, bad) for bad in BAD for seed in range(asked.bad)]
    wrong = sum(each <= ENOUGH for each in found) + held.count(False)
    took = time.monotonic() - began
    sys.stdout.write(
        f"{len(found)} grids, least overlap {min(found):.4f}; {len(held)} bad ones: {wrong} wrong"
    )
    sys.stdout.write(f", {took:.0f} s\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
