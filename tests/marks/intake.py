"""A folder of image files, honest and hostile, through the real intake.

``python -m tests.marks.intake FOLDER_OR_TAR``: every file once, then twenty bombs at once. Says how many were
taken in and why the others were not, what took longest, and how much memory it took; whether the valid ones
are all taken in and upright; and whether anything of their metadata is left in what would be stored. Ends
with 1 when a promise is broken.

Which files are valid is said by another reader: Pillow (and libheif) alone, on the whole file, within the
documented limits of pixels.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import logging
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pillow_heif
from PIL import Image, ImageOps

from coach.errors import PhotoRefused
from coach.store.intake import MAX_PIXELS, REASONS, CleanPhoto, take_in

LONGEST = 5.0
"""Seconds one file may take."""

MEGABYTES, MEGABYTES_OF_BOMBS = 350, 512
"""The most memory: for the files, one after the other, and for twenty bombs at once."""

TRACES = (b"Exif", b"eXIf", b"GPS", b"adobe", b"xmp", b"XMP", b"Photoshop", b"ICC_PROFILE", b"tEXt", b"iTXt")
"""What metadata is found by, before the pixels begin."""

UNLIKE = 20.0
"""Levels of 256 that two small grey copies of a picture may differ in; turned, they differ by more."""


@dataclass(kw_only=True)
class Seen:
    """What became of the files."""

    outcomes: dict[str, str] = field(default_factory=dict)
    small: dict[str, Image.Image] = field(default_factory=dict)
    traces: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    slowest: list[tuple[float, str]] = field(default_factory=list)


def files_of(source: Path) -> Iterator[tuple[str, bytes]]:
    """Every file's name and bytes."""
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.is_file():
                yield str(path.relative_to(source)), path.read_bytes()
        return
    with tarfile.open(source) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isfile() else None
            if file is not None:
                yield member.name, file.read()


async def take_all(source: Path) -> Seen:
    """Every file through the intake, one after the other."""
    seen = Seen()
    for name, upload in files_of(source):
        began = time.perf_counter()
        try:
            photo = await take_in(upload)
        except PhotoRefused as refusal:
            seen.outcomes[name] = refusal.code
            if REASONS.get(refusal.code) != str(refusal):
                seen.unexpected.append(f"{name}: {refusal.code}")
        except Exception as exc:  # noqa: BLE001 - that is what is looked for
            seen.outcomes[name] = "unexpected"
            seen.unexpected.append(f"{name}: {type(exc).__name__}")
        else:
            seen.outcomes[name] = "taken"
            seen.small[name] = small(Image.open(BytesIO(photo.data)))
            if left(photo):
                seen.traces.append(name)
        seen.slowest = sorted([*seen.slowest, (time.perf_counter() - began, name)], reverse=True)[:5]
    return seen


def left(photo: CleanPhoto) -> bool:
    """Whether anything but pixels is in what is stored."""
    image = Image.open(BytesIO(photo.data))
    told = set(image.info) - {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    begin = photo.data[: photo.data.find(b"IDAT" if photo.media_type == "image/png" else b"\xff\xda")]
    return bool(told or len(image.getexif()) or any(trace in begin for trace in TRACES))


def small(image: Image.Image) -> Image.Image:
    """A copy to compare: grey on white, 24 pixels a side, its shape in ``info``."""
    shape = image.size
    image = image.convert("RGBA") if image.mode != "CMYK" else image.convert("RGB").convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    copy = Image.alpha_composite(white, image).convert("L").resize((24, 24), Image.Resampling.BOX)
    copy.info["shape"] = shape
    return copy


def by_another(upload: bytes) -> tuple[Image.Image | None, bool]:
    """The file as Pillow alone reads it, upright and small; and whether it says where it was taken."""
    try:
        if upload[4:8] == b"ftyp":
            image = pillow_heif.open_heif(upload).to_pillow()
        else:
            image = Image.open(BytesIO(upload), formats=["JPEG", "PNG", "WEBP"])
            if image.width * image.height > MAX_PIXELS[image.format or ""]:
                return None, False
            image.load()
            if image.mode.startswith("I"):
                # 16 bits of grey: Pillow's own conversion clips instead of scaling.
                image = image.point(lambda value: value * (1 / 257)).convert("L")
        return small(ImageOps.exif_transpose(image)), bool(image.getexif().get_ifd(0x8825))
    except Exception:  # noqa: BLE001 - whatever it raises: it does not read this one
        return None, False


def is_upright(ours: Image.Image, other: Image.Image) -> bool:
    """Whether two small copies show the same, the same way up."""
    (width, height), (wide, high) = ours.info["shape"], other.info["shape"]
    pairs = list(zip(ours.tobytes(), other.tobytes(), strict=True))
    lighter = sum(a - b for a, b in pairs) / len(pairs)
    apart = sum(abs(a - b - lighter) for a, b in pairs) / len(pairs)
    return abs(width * high - height * wide) <= 2 * max(wide, high) and apart < UNLIKE


def bombs() -> list[bytes]:
    """The bombs, made by another process."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "tests.marks._bombs", folder], check=True)
        return [path.read_bytes() for path in Path(folder).iterdir()]


async def all_at_once(uploads: list[bytes]) -> collections.Counter[str]:
    """Twenty bombs at the same time."""
    ends = await asyncio.gather(*map(take_in, uploads), return_exceptions=True)
    return collections.Counter(
        end.code if isinstance(end, PhotoRefused) else "taken" if isinstance(end, CleanPhoto) else repr(end)
        for end in ends
    )


def say(text: str) -> None:
    """One line, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def megabytes() -> int:
    """The most memory this process has had so far."""
    # Not from `getrusage`: that begins with what the process had that started this one.
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) // 1024 if found else 0


def main() -> int:
    """Run it all and say how it went."""
    parser = argparse.ArgumentParser(description="Image files through the real intake.")
    parser.add_argument("source", type=Path, help="A folder or a tar file.")
    parser.add_argument("--verbose", action="store_true", help="Name every valid file that is not taken in.")
    given = parser.parse_args()
    # Of what the other reader warns nothing is to be known.
    warnings.simplefilter("ignore")
    logging.disable()
    seen = asyncio.run(take_all(given.source))
    used = megabytes()
    uploads, began = bombs(), time.perf_counter()
    ends = asyncio.run(all_at_once(uploads))
    took, bombed = time.perf_counter() - began, megabytes()
    say(f"files            {len(seen.outcomes)}: {dict(collections.Counter(seen.outcomes.values()))}")
    say(f"undocumented     {len(seen.unexpected)} {seen.unexpected[:5]}")
    say(f"slowest          {seen.slowest[0][0]:.2f} s  {seen.slowest[0][1]}")
    say(f"memory           {used} MB")
    say(f"bombs            20 at once: {dict(ends)} in {took:.1f} s, {bombed} MB")
    fine = not seen.unexpected and seen.slowest[0][0] <= LONGEST and used <= MEGABYTES
    return int(
        not (_valid(given.source, seen, verbose=given.verbose) and fine and bombed <= MEGABYTES_OF_BOMBS)
    )


def _valid(source: Path, seen: Seen, *, verbose: bool) -> bool:
    """Compare with another reader; says whether that is well too."""
    valid, placed, missed, turned = 0, 0, [], []
    for name, upload in files_of(source):
        other, place = by_another(upload)
        placed += place
        if other is None:
            continue
        valid += 1
        if name not in seen.small:
            missed.append(f"{seen.outcomes[name]}  {name}")
        elif not is_upright(seen.small[name], other):
            turned.append(name)
    good = valid - len(missed) - len(turned)
    say(f"valid            {valid}; taken in and upright {good} ({good / valid:.2%})")
    say(f"with a place     {placed}; files with anything left of metadata: {len(seen.traces)}")
    for line in (*missed, *(f"not alike  {name}" for name in turned)) if verbose else ():
        say(f"    {line}")
    return good >= 0.99 * valid and not seen.traces


if __name__ == "__main__":
    sys.exit(main())
