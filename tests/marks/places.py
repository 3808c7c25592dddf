"""Photos that say where they were taken: ``python -m tests.marks.places FOLDER_OR_TAR...``.

Every file with coordinates in it is sent to a real server: as a photo of which a picture is made, and as a
picture to work from. Then no coordinate may be in anything that is stored, that the picture service received,
that the person is served, or that they export; and what is refused must leave nothing behind. It is looked
for as the bytes that it was in the file, and by exiftool where that is installed.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import sys
import tempfile
import warnings
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from coach.sandbox import Sandbox
from coach.settings import Settings
from tests.marks._coordinates import EXIFTOOL, marks_of, told_by_exiftool
from tests.marks.intake import files_of
from tests.server._serve import Served, an_app, serving

NAME = "taken-at-no-{}.jpg"
"""What a file is called when it is sent: that may say where it was taken too."""


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A file with coordinates.

    Attributes:
        marks: How they look in bytes; empty: only exiftool can read them, or they are zero.
    """

    source: str
    name: str
    data: bytes
    marks: list[bytes]


@dataclass(kw_only=True)
class Told:
    """What became of the files, by where they come from; and how much of each kind was looked at."""

    ends: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    looked_at: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def placed_in(sources: list[Path]) -> Iterator[Placed]:
    """The files with coordinates, each content once."""
    seen = set()
    for source in sources:
        with tempfile.TemporaryDirectory(prefix="coach-marks-") as folder:
            files = dict(_unpacked(source, Path(folder)))
            told = told_by_exiftool(list(files))
            for path, name in files.items():
                data = path.read_bytes()
                marks, digest = marks_of(data), hashlib.sha256(data).digest()
                if (marks or path in told) and digest not in seen:
                    seen.add(digest)
                    yield Placed(source=source.name, name=name, data=data, marks=marks)


def _unpacked(source: Path, folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file's path and name; what is in a tar file lies in the folder meanwhile."""
    for number, (name, data) in enumerate(files_of(source)):
        path = source / name if source.is_dir() else folder / f"{number}{Path(name).suffix}"
        if not source.is_dir():
            path.write_bytes(data)
        yield path, name


class Wire:
    """A relay in front of the picture service that keeps every byte on its way there."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.sent = bytearray()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        answers, asks = await asyncio.open_connection("127.0.0.1", self._port)
        await asyncio.gather(self._pass(reader, asks, keep=True), self._pass(answers, writer, keep=False))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, keep: bool) -> None:
        with suppress(ConnectionError):
            while some := await reader.read(65536):
                if keep:
                    self.sent += some
                writer.write(some)
                await writer.drain()
        writer.close()


@dataclass(kw_only=True)
class World:
    """A server, what it keeps, and what it sends."""

    served: Served
    home: Path
    wire: Wire
    out: Path
    known: set[Path] = field(default_factory=set)

    def new_files(self) -> list[Path]:
        """What is kept now in blobs and spool, and was not when this was asked last."""
        now = {
            path for part in ("blobs", "spool") for path in (self.home / part).rglob("*") if path.is_file()
        }
        new, self.known = sorted(now - self.known), now
        return new

    async def try_one(self, number: int, placed: Placed) -> tuple[str, list[tuple[str, bytes]]]:
        """Send a file in; gives how that ended, and everything that came of it, by where it was found."""
        user, name = f"person-{number}", NAME.format(number)
        self.wire.sent.clear()
        await self.served.here.store.consents.give(user, statement="yes")
        identity = await self.served.here.store.identities.add(user, "Guide")
        async with self.served.client(user) as client:
            got = [await client.put("/api/v1/users/me/upload-photo/", files={"image": (name, placed.data)})]
            if got[0].is_success:
                asked = {"identity_id": identity.id, "prompt": "On a pier."}
                act = {"action": "generate_identity_image", "params": asked}
                got.append(await client.get(got[0].json()["photo"]["url"]))
                got.append(await client.post("/api/v1/actions/", json=act))
            files, words = {"image": (name, placed.data)}, {"prompt": "At sea."}
            got.append(await client.post("/api/ai/gpt-image/high-fidelity/", files=files, data=words))
            got.append(await client.get("/api/v1/users/me/export/"))
        ends = {got[0].json().get("reason", "taken"), got[-2].json().get("reason", "taken")}
        failed = [
            str(each.status_code) for each in got if each.status_code >= 400 and each.status_code != 422
        ]
        where = [(f"served {each.request.url.path}", each.content) for each in got]
        with ZipFile(BytesIO(got[-1].content)) as zipped:
            where += [(f"exported {member}", zipped.read(member)) for member in zipped.namelist()]
        where += [(f"sent {n}", bytes(part)) for n, part in enumerate(self.wire.sent.split(b"\r\n\r\n"))]
        where.append(("sent", bytes(self.wire.sent)))
        where += [(f"kept {path.relative_to(self.home)}", path.read_bytes()) for path in self.new_files()]
        return " ".join(sorted({*ends, *failed})), where

    async def check(self, number: int, placed: Placed, told: Told) -> None:
        """Send a file in, and say what of its coordinates is left."""
        end, where = await self.try_one(number, placed)
        told.ends[placed.source][end] += 1
        told.looked_at.update(place.split()[0] for place, _ in where)
        looked_for = [*placed.marks, NAME.format(number).encode()]
        for place, data in where:
            if any(mark in data for mark in looked_for) or marks_of(data):
                told.wrong.append(f"{placed.name}: in {place}")
            self.write(number, place, data)
        if end == "taken" and not self.wire.sent.count(b"Content-Type: image/") >= 2:
            told.wrong.append(f"{placed.name}: its pictures did not reach the service")
        if "taken" not in end and (left := [place for place, _ in where if place.startswith("kept")]):
            told.wrong.append(f"{placed.name}: {end}, and {left} is there")

    def write(self, number: int, place: str, data: bytes) -> None:
        """Put it where exiftool looks at the end."""
        suffix = Path(place).suffix or ".bin"
        (self.out / f"{number}-{hashlib.sha256(data).hexdigest()[:16]}{suffix}").write_bytes(data)


@asynccontextmanager
async def a_world() -> AsyncIterator[World]:
    """Serve, with the sandbox behind the wire."""
    with Sandbox(quick=True) as sandbox, tempfile.TemporaryDirectory(prefix="coach-marks-") as folder:
        home, out = Path(folder) / "home", Path(folder) / "out"
        out.mkdir()
        wire = Wire(int(sandbox.base_url.split(":")[2].partition("/")[0]))
        relay = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
        settings = Settings.read(
            home=home,
            database_url=None,
            s3_bucket_name=None,
            openai_api_key=sandbox.api_key,
            openai_base_url=f"http://127.0.0.1:{relay.sockets[0].getsockname()[1]}/v1",
            chat_model="sandbox-coach",
        )
        async with serving(an_app(settings, faces=None)) as served:
            world = World(served=served, home=home, wire=wire, out=out)
            world.new_files()  # what the server itself begins with
            yield world
        relay.close()


async def run(sources: list[Path]) -> Told:
    """Send all of them in; then look once more at everything that is kept, and ask exiftool."""
    told, marks = Told(), set()
    async with a_world() as world:
        for number, placed in enumerate(placed_in(sources)):
            marks.update(placed.marks)
            await world.check(number, placed, told)
        for path in world.home.rglob("*"):
            if path.is_file() and any(mark in (data := path.read_bytes()) for mark in marks):
                told.wrong.append(f"{path.relative_to(world.home)}: {next(m for m in marks if m in data)!r}")
        told.wrong += [f"exiftool: {path.name}" for path in told_by_exiftool(sorted(world.out.iterdir()))]
    return told


def main() -> int:
    """Run, and say what became of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sources", type=Path, nargs="+", metavar="FOLDER_OR_TAR")
    warnings.simplefilter("ignore")  # Pillow's, of what only looks like EXIF
    told = asyncio.run(run(parser.parse_args().sources))
    for source, ends in told.ends.items():
        sys.stdout.write(f"{source:32} {ends.total():4}: {dict(ends)}\n")
    for line in told.wrong:
        sys.stdout.write(f"    {line}\n")
    second = "" if EXIFTOOL else " (exiftool is not installed: by our own reading alone)"
    total = sum(ends.total() for ends in told.ends.values())
    sys.stdout.write(
        f"{total} files with coordinates; looked at {dict(told.looked_at)}: {len(told.wrong)} wrong{second}\n"
    )
    return int(bool(told.wrong) or not total)


if __name__ == "__main__":
    sys.exit(main())
