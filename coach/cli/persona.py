"""``coach persona``: pictures of invented people, from a file with one or many of them."""

from __future__ import annotations

import asyncio
import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from coach._durable import code_of
from coach._money import dollars, total
from coach.cli._options import Person, UseSandbox
from coach.errors import CoachError, GridRefused

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rich.progress import TaskID

    from coach.faces import FaceModel
    from coach.model import Model
    from coach.personas import Persona, PersonaPictures, Stage, Step, Writer
    from coach.store import Store, Version
    from coach.studio import Studio
    from coach.studio.provenance import Signer

AT_ONCE = 4
"""Personas that are worked on at the same time; what may be asked at once is the studio's affair."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """What came of one persona."""

    persona: Persona
    state: str
    pictures: int = 0
    micros: int | None = None
    say: str = ""
    folder: str = ""


def persona(
    file: Annotated[
        Path, typer.Argument(help="JSON with one persona or a list of them, or a CSV with one in each row.")
    ],
    images: Annotated[int, typer.Option(help="How many pictures of each: 4, 8, … up to 40.")] = 4,
    user: Person = "me",
    out: Annotated[Path, typer.Option(help="Where the pictures and the report are written.")] = Path(
        "personas"
    ),
    again: Annotated[
        bool,
        typer.Option(help="Also ask again for what may have been charged, and for grids that are refused."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before they are paid for.")] = False,
    sandbox: UseSandbox = False,
) -> None:
    """Make pictures of invented people: a selfie, then as many others of the same face as are wanted.

    Run again, it pays for nothing that is there. Exit code 1: not all of them could be made.
    """
    from coach.personas.files import read_personas
    from coach.personas.make import check_number

    check_number(images)
    wanted = read_personas(file)
    out.mkdir(parents=True, exist_ok=True)  # a place that takes nothing is found before anything is paid
    asks = not (yes or sandbox)
    lines = asyncio.run(_all(wanted, images, user, out, again=again, asks=asks, sandbox=sandbox))
    _report(lines, out)
    _say(lines, out)
    if any(line.state != "made" for line in lines):
        raise typer.Exit(1)


async def _all(
    wanted: Sequence[Persona],
    images: int,
    user: str,
    out: Path,
    *,
    again: bool,
    asks: bool,
    sandbox: bool,
) -> list[Line]:
    from coach.cli._books import places
    from coach.cli._open import opened
    from coach.store import Store
    from coach.studio import Studio

    signer = places(sandbox=sandbox).signer()
    async with opened("coach.reference", sandbox=sandbox) as (coach, model):
        studio = coach.service("studio", Studio)
        await _announced({each.digest: each for each in wanted}.values(), studio, images, asks=asks)
        with Bars(len({each.digest for each in wanted})) as bars:
            work = Work(
                studio=studio,
                store=coach.service("store", Store),
                writer=_writer(model, sandbox=sandbox),
                faces=cast("FaceModel | None", coach.services["faces"]),
                signer=signer,
                images=images,
                user=user,
                out=out,
                again=again,
                bars=bars,
                places=asyncio.Semaphore(AT_ONCE),
            )
            return list(await asyncio.gather(*(work.line(each) for each in wanted)))


async def _announced(personas: Collection[Persona], studio: Studio, images: int, *, asks: bool) -> None:
    """Say what it may cost, and go on only with their yes where they are to be asked."""
    from coach.personas.make import quote

    quotes = [quote(each, studio=studio, images=images) for each in personas]
    micros = total(quotes)
    cost = "nobody knows what that costs" if micros is None else f"at most {dollars(micros)}"
    people = "1 persona" if len(quotes) == 1 else f"{len(quotes)} personas"
    typer.echo(f"{people}, {images} pictures of each: {cost}; what is there already costs nothing.", err=True)
    if asks and not await asyncio.to_thread(typer.confirm, "Go on?", err=True):
        raise typer.Abort


def _writer(model: Model, *, sandbox: bool) -> Writer:
    """The flow when one is set, else our own prompt for the language model."""
    from coach.personas import FlowiseSettings, ModelWriter

    flow = None if sandbox else FlowiseSettings.read().writer()
    return flow or ModelWriter(model)


@dataclass(frozen=True, kw_only=True)
class Work:
    """What every persona is made with."""

    studio: Studio
    store: Store
    writer: Writer
    faces: FaceModel | None
    signer: Signer | None
    images: int
    user: str
    out: Path
    again: bool
    bars: Bars
    places: asyncio.Semaphore

    async def line(self, persona: Persona) -> Line:
        """Make the pictures of one; what goes wrong is what came of it."""
        from coach.cli._flux import is_in_doubt
        from coach.personas import trouble

        async with self.places:
            try:
                made = await self._made(persona)
                folder = await self._written(made)
            except CoachError as error:
                again = isinstance(error, GridRefused) or is_in_doubt(error)
                say = f"{error} Only with --again it is asked for once more." if again else str(error)
                return Line(persona=persona, state=trouble(error), say=say)
            except OSError as error:
                say = f"Not all could be written ({code_of(error)}). What was made is kept; run it again."
                return Line(persona=persona, state="store", say=say)
        return Line(
            persona=persona,
            state="made",
            pictures=len(made.pictures),
            micros=made.actual_micros,
            folder=folder.name,
        )

    async def _made(self, persona: Persona) -> PersonaPictures:
        from coach.context import Context
        from coach.personas import make_persona

        async def tell(step: Step) -> None:
            self.bars.show(persona.digest, step)

        return await make_persona(
            persona,
            studio=self.studio,
            store=self.store,
            ctx=Context(user_id=self.user),
            writer=self.writer,
            images=self.images,
            faces=self.faces,
            signer=self.signer,
            again=self.again,
            tell=tell,
        )

    async def _written(self, made: PersonaPictures) -> Path:
        from coach.personas.files import folder_name
        from coach.personas.sheet import contact_sheet

        folder = self.out / folder_name(made.persona)
        folder.mkdir(parents=True, exist_ok=True)
        await self._write(folder, "base", made.base)
        for number, each in enumerate(made.pictures, 1):
            await self._write(folder, f"picture-{number:02}", each)
        sheet = await contact_sheet(self.store, made, signer=self.signer)
        (folder / "sheet.jpg").write_bytes(sheet)
        return folder

    async def _write(self, folder: Path, name: str, version: Version) -> None:
        data = await self.store.blobs.get(version.blob)
        (folder / f"{name}{Path(version.blob).suffix}").write_bytes(data)


class Bars:
    """A progress bar for each stage, over all personas."""

    def __init__(self, personas: int) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._progress = Progress(console=Console(stderr=True))
        self._personas = personas
        self._tasks: dict[Stage, TaskID] = {}
        self._done: dict[tuple[Stage, str], int] = {}

    def show(self, who: str, step: Step) -> None:
        """A stage of one persona has come further."""
        if step.stage not in self._tasks:
            self._tasks[step.stage] = self._progress.add_task(step.stage, total=step.of * self._personas)
        self._done[step.stage, who] = step.done
        done = sum(number for (stage, _), number in self._done.items() if stage == step.stage)
        self._progress.update(self._tasks[step.stage], completed=done)

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()


def _report(lines: Sequence[Line], out: Path) -> None:
    """A table of what came of each, for programs."""
    with (out / "report.csv").open("w", newline="", encoding="utf-8") as file:
        write = csv.writer(file)
        write.writerow(("number", "name", "state", "pictures", "usd", "folder", "say"))
        for number, each in enumerate(lines, 1):
            usd = "" if each.micros is None else f"{each.micros / 1_000_000:.6f}"
            row = (each.persona.name, each.state, each.pictures, usd, each.folder, each.say)
            write.writerow((number, *(f"'{cell}" if _is_formula(cell) else cell for cell in row)))


def _is_formula(cell: object) -> bool:
    """Whether a spreadsheet would take a text for one (OWASP, "CSV Injection")."""
    return isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def _say(lines: Sequence[Line], out: Path) -> None:
    from rich.console import Console

    from coach.cli._table import print_table

    rows = [
        (
            each.persona.name,
            each.state,
            str(each.pictures or ""),
            "" if each.micros is None else dollars(each.micros),
            each.say or str(out / each.folder),
        )
        for each in lines
    ]
    print_table(Console(highlight=False), "Personas", ("Name", "State", "Pictures", "Cost", "Where"), rows)
