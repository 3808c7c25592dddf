"""What splitting a grid of four pictures costs, beside split-image with the trim everybody adds to it.

``python -m benchmarks.grid`` splits a PNG of 2048 pixels square, its gutters white and 32 pixels wide, into
four files: split-image as PNG, as it reads them, coach as JPEG. Each peer is a process of its own, and they
take turns. The floor decodes, crops at places that it is told, and encodes as coach does; finding them costs
what is between the two.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops, ImageOps

ROOT = Path(__file__).parent.parent
SIDE, GUTTER = 2048, 32

SPLIT, COACH, FLOOR = "split-image and trim", "coach", "decode, crop, encode"
PEERS = {SPLIT: ".venv-bench/split-image", COACH: "", FLOOR: ""}

Split = Callable[[], object]


def draw(path: Path) -> None:
    """A grid of parts of the picture that the other measurements use: as hard to compress as a service's."""
    from benchmarks import pictures  # it needs numpy, and not everybody here has that

    with Image.open(BytesIO(pictures.result())) as image:
        whole = image.convert("RGB")
    grid = Image.new("RGB", (SIDE, SIDE), "white")
    for number, (x0, y0, x1, y1) in enumerate(boxes()):
        part = whole.crop((0, 100 * number, x1 - x0, 100 * number + y1 - y0))
        grid.paste(ImageOps.mirror(part) if number % 2 else part, (x0, y0))
    grid.save(path)


def boxes() -> list[tuple[int, int, int, int]]:
    """Where the pictures are."""
    half = (SIDE - GUTTER) // 2
    starts = (0, half + GUTTER)
    return [(x, y, x + half, y + half) for y in starts for x in starts]


def split_image(grid: Path, into: Path) -> Split:
    """PyPI's split-image writes the quarters; each is opened, trimmed and written again."""
    from split_image import split_image as split

    def run() -> None:
        split(str(grid), 2, 2, False, False, should_quiet=True, output_dir=str(into))
        for number in range(4):
            path = into / f"{grid.stem}_{number}.png"
            with Image.open(path) as tile:
                flat = Image.new(tile.mode, tile.size, "white")
                trimmed = tile.crop(ImageChops.difference(tile, flat).getbbox())
            trimmed.save(path)

    return run


def coach(grid: Path, into: Path) -> Split:
    """Ours, with the AI mark and the hash of the grid in each."""
    from coach.studio.grid import split_grid

    def run() -> None:
        for number, tile in enumerate(split_grid(grid.read_bytes())):
            (into / f"{number}.jpg").write_bytes(tile)

    return run


def floor(grid: Path, into: Path) -> Split:
    """What cannot be left out."""
    from coach.studio.provenance import derive, ingredient

    def run() -> None:
        data = grid.read_bytes()
        parent = ingredient(data, whole=False)
        with Image.open(BytesIO(data)) as image:
            image.load()
        for number, box in enumerate(boxes()):
            tile = derive(parent, image.crop(box), media_type="image/jpeg", kind="tile")
            (into / f"{number}.jpg").write_bytes(tile)

    return run


KINDS = {SPLIT: split_image, COACH: coach, FLOOR: floor}


def work(name: str, grid: Path) -> None:
    """Split it for each line that comes, and say how many CPU seconds that took."""
    with tempfile.TemporaryDirectory() as folder:
        run = KINDS[name](grid, Path(folder))
        run()
        for _ in sys.stdin:
            began = time.process_time()
            run()
            sys.stdout.write(json.dumps(time.process_time() - began) + "\n")
            sys.stdout.flush()


def measure(rounds: int, folder: Path) -> dict[str, float]:
    """The median CPU milliseconds of each peer."""
    grid = folder / "grid.png"
    draw(grid)
    workers = {name: _start(name, grid) for name in PEERS}
    taken: dict[str, list[float]] = {name: [] for name in PEERS}
    for _ in range(rounds):
        for name, worker in workers.items():
            assert worker.stdin is not None and worker.stdout is not None
            worker.stdin.write("\n")
            worker.stdin.flush()
            taken[name].append(float(json.loads(worker.stdout.readline())))
    for worker in workers.values():
        worker.communicate()
    return {name: statistics.median(each) * 1e3 for name, each in taken.items()}


def _start(name: str, grid: Path) -> subprocess.Popen[str]:
    venv = PEERS[name]
    python = ROOT / venv / "bin" / "python" if venv else sys.executable
    command: list[str | Path] = [python, "-m", "benchmarks.grid", "--worker", name, "--grid", grid]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--worker", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--grid", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        work(asked.worker, asked.grid)
        return
    with tempfile.TemporaryDirectory() as folder:
        found = measure(asked.rounds, Path(folder))
    sys.stdout.write(f"A grid of {SIDE} x {SIDE} as PNG to four files, Pillow {version('pillow')}:\n")
    for name, cpu in found.items():
        sys.stdout.write(f"  {name}: {cpu:.0f} ms CPU, {cpu / found[COACH]:.2f} of coach's\n")


if __name__ == "__main__":
    main()
