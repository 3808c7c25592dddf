"""``make likeness``: what the measure of likeness tells apart, on photos that anyone can get.

See docs/likeness.md. The photos are fetched with --get or lie in the folder of --photos; they are shown to
nobody and kept nowhere in this repository.
"""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import subprocess
import sys
import tarfile
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from benchmarks import likeness_report
from benchmarks.altered import blended, recoloured
from benchmarks.likeness_cost import cost
from benchmarks.likeness_second import Dlib, second_opinion
from coach.faces import FaceModel, face_model
from coach.faces.skin import compare, complexion

HERE = Path(__file__).parent
DEEPFACE = "243209fd7b46ecdecf72665cc25219f6e8181f25"
"""The commit of serengil/deepface whose test photos these are."""

SHARES = tuple(share / 10 for share in range(1, 11))
STEPS = (-16, -12, -8, 8, 12, 16)
_SIDE = 1024
_STRANGERS = 3
"""Each third pair of strangers gives a series of blends: some ninety, two minutes."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """One photo of the evaluation, upright, and its largest face as numbers."""

    image: Image.Image
    seen: Mapping[str, Any]


def get(folder: Path) -> None:
    """Fetch the photos: two archives, some 25 MB."""
    folder.mkdir(parents=True, exist_ok=True)
    # The photos are in its source archive alone. What pip needs to look into that, pip fetches by itself.
    pip = [sys.executable, "-m", "pip", "-q", "download", "--no-deps", "--no-binary", "face_recognition"]
    subprocess.run([*pip, "face_recognition==1.3.0", "--dest", str(folder)], check=True)
    address = f"https://codeload.github.com/serengil/deepface/tar.gz/{DEEPFACE}"
    with urllib.request.urlopen(address, timeout=120) as answer:
        archives = [io.BytesIO(answer.read())]
    archives += [io.BytesIO(path.read_bytes()) for path in folder.glob("*.tar.gz")]
    for archive in archives:
        with tarfile.open(fileobj=archive) as files:
            wanted = [
                one for one in files if "/test_images/" in one.name or "/tests/unit/dataset/" in one.name
            ]
            files.extractall(folder, wanted, filter="data")


def pairs_in(folder: Path) -> list[tuple[Path, Path, bool]]:
    """Two photos, and whether they show one person: deepface's 300, and those of face_recognition."""
    found = []
    for table in folder.rglob("master.csv"):
        with table.open(newline="") as lines:
            for row in csv.DictReader(lines):
                same = row["Decision"].strip().lower() == "yes"
                found.append((table.parent / row["file_x"], table.parent / row["file_y"], same))
    tests = sorted(path for path in folder.rglob("test_images/*.jpg") if "partial" not in path.name)
    found += [
        (one, other, one.stem.rstrip("23") == other.stem.rstrip("23"))
        for one, other in itertools.combinations(tests, 2)
    ]
    return found


def look(models: Mapping[str, Any], path: Path) -> Person | None:
    """Read a photo; ``None`` when no face is found in it."""
    with Image.open(path) as file:
        image = ImageOps.exif_transpose(file).convert("RGB")
    image.thumbnail((_SIDE, _SIDE))
    return embedded(models, image)


def embedded(models: Mapping[str, Any], image: Image.Image) -> Person | None:
    """The largest face of a picture, seen by each model; ours finds it."""
    faces = next(iter(models.values())).find(image)
    if not faces:
        return None
    return Person(image=image, seen={name: model.embed(image, faces[0]) for name, model in models.items()})


class Evaluation:
    """Distances between pictures, by model.

    Args:
        models: The face models; the first is ours and finds the faces.
        folder: Where the photos lie.
    """

    def __init__(self, models: Mapping[str, Any], folder: Path) -> None:
        self.models, self.pairs = models, pairs_in(folder)
        paths = dict.fromkeys(itertools.chain.from_iterable(pair[:2] for pair in self.pairs))
        self.people = {path: person for path in paths if (person := look(models, path))}
        self.pairs = [pair for pair in self.pairs if pair[0] in self.people and pair[1] in self.people]

    def distances(self, name: str, *, same: bool) -> list[float]:
        """Of the pairs that show one person, or two."""
        return [
            self._between(name, self.people[one], self.people[other])
            for one, other, is_same in self.pairs
            if is_same == same
        ]

    def blends(self) -> dict[str, dict[str, dict[float, list[float]]]]:
        """By model: distances of a face that is partly a stranger's, to its own photo and to another one."""
        others = self._other_photos()
        found: dict[str, dict[str, dict[float, list[float]]]] = {
            name: {"its own": {share: [] for share in SHARES}, "another": {share: [] for share in SHARES}}
            for name in self.models
        }
        strangers = [pair[:2] for pair in self.pairs if not pair[2]][::_STRANGERS]
        drawn = (
            (one, share, embedded(self.models, picture))
            for one, other in strangers
            for share, picture in zip(
                SHARES,
                blended(self._first, self.people[one].image, self.people[other].image, SHARES),
                strict=True,
            )
        )
        for one, share, person in drawn:
            for name in self.models if person else ():
                assert person is not None
                found[name]["its own"][share].append(self._between(name, self.people[one], person))
                found[name]["another"][share] += [
                    self._between(name, self.people[photo], person) for photo in others.get(one, ())
                ]
        return found

    def skins(self) -> dict[str, list[str]]:
        """What the skin-tone guard says: of honest pairs both ways, and of faces made lighter or darker."""
        found: dict[str, list[str]] = {"two photos": []}
        for one, other, same in self.pairs:
            if same:
                found["two photos"] += [self._skin(one, other), self._skin(other, one)]
        for path, step in itertools.product(self._other_photos(), STEPS):
            changed = recoloured(self._first, self.people[path].image, step)
            found.setdefault(f"{step:+} L*", []).append(self._skin(path, changed))
        return found

    @property
    def _first(self) -> FaceModel:
        model: FaceModel = next(iter(self.models.values()))
        return model

    def _between(self, name: str, one: Person, other: Person) -> float:
        return float(self.models[name].distance(one.seen[name], other.seen[name]))

    def _skin(self, photo: Path, candidate: Path | Image.Image) -> str:
        pictures = (photo, candidate)
        images = [self.people[one].image if isinstance(one, Path) else one for one in pictures]
        seen = [complexion(image, faces[0]) for image in images if (faces := self._first.find(image))]
        if len(seen) != 2 or seen[0] is None or seen[1] is None:
            return "not measured"
        return compare(seen[0], seen[1])[1]

    def _other_photos(self) -> dict[Path, list[Path]]:
        """The other photos of the person of each photo that has some."""
        groups: list[set[Path]] = []
        for one, other, same in self.pairs:
            if same:
                joined = {one, other}.union(*(group for group in groups if group & {one, other}))
                groups = [group for group in groups if not group & joined] + [joined]
        return {path: sorted(group - {path}) for group in groups for path in sorted(group)}


def evaluate(folder: Path) -> dict[str, Any]:
    """Everything there is to measure."""
    model = face_model()
    if model is None:
        raise SystemExit("The extra `likeness` is not installed.")
    models: dict[str, FaceModel | Dlib] = {model.name: model} | second_opinion()
    found = Evaluation(models, folder)
    if not found.pairs:
        raise SystemExit(f"No photos with a master.csv below {folder}: see docs/likeness.md.")
    return {
        "models": list(models),
        "photos": len(found.people),
        "same": {name: found.distances(name, same=True) for name in models},
        "different": {name: found.distances(name, same=False) for name in models},
        "blends": found.blends(),
        "skins": found.skins(),
        "cost": cost(model, [person.image for person in found.people.values()]),
    }


def main(given: Sequence[str] | None = None) -> None:
    """Run it from the command line."""
    options = argparse.ArgumentParser(prog="make likeness", description=__doc__)
    options.add_argument("--photos", type=Path, default=HERE / "results" / "photos", help="where they lie")
    options.add_argument("--get", action="store_true", help="fetch them there first")
    options.add_argument("--publish", action="store_true", help="write docs/likeness.md and its chart")
    asked = options.parse_args(given)
    if asked.get:
        get(asked.photos)
    results = evaluate(asked.photos)
    sys.stdout.write(f"{likeness_report.text(results)}\n")
    if asked.publish:
        likeness_report.publish(results)


if __name__ == "__main__":
    main()
