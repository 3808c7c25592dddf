"""What ``coach flux`` does: says what pictures may cost, has them made, and shows what became of each."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

import coach
from coach._money import dollars, total
from coach.cli._open import settings_for
from coach.cli._terminal import Terminal
from coach.context import Context
from coach.errors import CoachError, PictureError
from coach.flux import Failure, Flux, Options, Outcome, Picture, Styles
from coach.store import Store
from coach.studio import Quote, Studio


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be made, for whom, and how it is told.

    Attributes:
        name: The file's name, of a single picture.
        batch: The name of the batch; ``None``: it is a single picture.
        again: Whether that of a batch is asked for anew which may have been charged.
        asks: Whether to ask before a batch is paid for.
    """

    prompts: Sequence[str]
    options: Options
    out: Path
    user: str
    name: str | None
    batch: str | None
    again: bool
    at_once: int
    asks: bool
    as_json: bool


async def run(job: Job, *, sandbox: bool) -> bool:
    """Make the pictures and show what became of them; whether all were made."""
    terminal = Terminal()
    with settings_for(sandbox=sandbox) as settings:
        styles = Styles.load(settings.styles)
        async with coach.open("coach.reference", settings) as opened:
            store = opened.service("store", Store)
            await store.people.ensure(job.user)
            maker = Flux(opened.service("studio", Studio), store, styles=styles, folder=job.out)
            await _announced(job, maker, terminal)
            outcomes = await _made(job, maker, terminal)
            await (_as_json(outcomes) if job.as_json else _shown(outcomes, store, terminal))
    return not any(isinstance(outcome, Failure) for outcome in outcomes)


async def _announced(job: Job, maker: Flux, terminal: Terminal) -> None:
    """Say what it may cost, and go on only with their yes where they are to be asked."""
    said = _at_most(maker.quote(job.prompts, **job.options))
    if not job.as_json:
        terminal.lines(said)
    if job.asks and job.batch is not None and not await asyncio.to_thread(typer.confirm, "Go on?", err=True):
        raise typer.Abort


def _at_most(quotes: Sequence[Quote]) -> str:
    pictures = "1 picture" if len(quotes) == 1 else f"{len(quotes)} pictures"
    micros = total(quote.micros for quote in quotes)
    if micros is None:
        return f"{pictures}; what that costs is not known beforehand."
    return f"{pictures}, at most {dollars(micros)}."


async def _made(job: Job, maker: Flux, terminal: Terminal) -> list[Outcome]:
    ctx = Context(user_id=job.user)
    if job.batch is None:
        with terminal.busy("painting"):
            return [await maker.generate_image(ctx, job.prompts[0], filename=job.name, **job.options)]
    with _bar(terminal, len(job.prompts)) as ended:
        return await maker.generate_batch(
            ctx,
            job.prompts,
            name=job.batch,
            again=job.again,
            at_once=job.at_once,
            progress=ended,
            **job.options,
        )


@contextmanager
def _bar(terminal: Terminal, total: int) -> Iterator[Callable[[int, Outcome], None]]:
    """A bar that grows as pictures end, where the terminal can show movement."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("painting"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    failed = TextColumn("{task.fields[failed]} failed")
    shown = Progress(*columns, failed, console=terminal.console, transient=True)
    shown.disable = not terminal.console.is_terminal
    with shown as bar:
        task, failures = bar.add_task("", total=total, failed=0), list[Outcome]()

        def ended(index: int, outcome: Outcome) -> None:
            failures.extend([outcome] if isinstance(outcome, Failure) else [])
            bar.update(task, advance=1, failed=len(failures))

        yield ended


async def _as_json(outcomes: Sequence[Outcome]) -> None:
    """The results as dictionaries, without the pictures: these are in their files."""
    told = [await outcome.to_dict() for outcome in outcomes]
    kept = [{name: value for name, value in each.items() if name != "images"} for each in told]
    typer.echo(json.dumps(kept, indent=2))


async def _shown(outcomes: Sequence[Outcome], store: Store, terminal: Terminal) -> None:
    """A line for each picture, and in the end what is missing."""
    several = len(outcomes) > 1
    for number, outcome in enumerate(outcomes, 1):
        before = f"{number}. " if several else ""
        if isinstance(outcome, Failure):
            terminal.lines(f"{before}{outcome.code}: {outcome.error}")
            continue
        terminal.console.print(f"{before}{_line(outcome)}", markup=False, soft_wrap=True)
        terminal.lines(*outcome.repairs)
        if not several:
            terminal.picture(await store.blobs.get(outcome.version.blob))
    codes = Counter(outcome.code for outcome in outcomes if isinstance(outcome, Failure))
    if codes:
        counted = ", ".join(f"{count} {code}" for code, count in codes.most_common())
        there = len(outcomes) - codes.total()
        terminal.lines("", f"{there} of {len(outcomes)} pictures are there; missing: {counted}.")
        terminal.lines("The same command once more asks for the missing ones alone.")
        if any(isinstance(each, Failure) and is_in_doubt(each.error) for each in outcomes):
            terminal.lines("What may have been charged it asks for only with --again.")


def is_in_doubt(error: CoachError) -> bool:
    """Whether it may have been charged, so that it is asked for again only with a word."""
    return isinstance(error, PictureError) and error.paid == "unknown"


def _line(picture: Picture) -> str:
    version, cost = picture.version, dollars(picture.generated.actual_micros)
    where = picture.saved_path or f"{version.handle} of the workshop"
    return f"{where}  {version.width}x{version.height}, seed {picture.workflow.seed}, {cost}"
