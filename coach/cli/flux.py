"""``coach flux``: pictures by FLUX, with a style and the LoRAs of who is in them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coach.cli._options import Person, UseSandbox
from coach.errors import InputRefused

if TYPE_CHECKING:
    from coach.flux import Options

_LONGEST = 1_000_000


def flux(
    prompts: Annotated[
        list[str] | None,
        typer.Argument(help="What to show; several make several pictures.", metavar="PROMPT"),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="A text file with a prompt on each line.", dir_okay=False)
    ] = None,
    style: Annotated[str | None, typer.Option(help="A style's id: see `coach styles`.")] = None,
    character: Annotated[
        list[str] | None,
        typer.Option(help="The LoRA of somebody in it, `name` or `name:0.8`; once more for another."),
    ] = None,
    cinematic: Annotated[
        float | None, typer.Option(help="How strong FILM-V3-FLUX is, instead of what the style says.")
    ] = None,
    width: Annotated[int, typer.Option(help="Pixels, a multiple of 16.")] = 1360,
    height: Annotated[int, typer.Option(help="Pixels, a multiple of 16.")] = 768,
    steps: Annotated[
        int | None, typer.Option(help="Steps of denoising; left out: as the model has it.")
    ] = None,
    seed: Annotated[int, typer.Option(help="What the noise begins with; -1: any.")] = -1,
    guidance: Annotated[float | None, typer.Option(help="How closely the words are followed.")] = None,
    model: Annotated[str | None, typer.Option(help="Another model than the style's.")] = None,
    name: Annotated[str | None, typer.Option(help="The file's name; of a single picture.")] = None,
    batch: Annotated[
        str | None, typer.Option(help="The name of the batch: another name makes the same anew.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Ask anew also for what may have been charged and did not arrive.")
    ] = False,
    at_once: Annotated[int, typer.Option(min=1, max=1000, help="How many at the same time.")] = 8,
    out: Annotated[Path, typer.Option(help="The folder that pictures are saved in, by style.")] = Path(
        "style_images"
    ),
    user: Person = "me",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before several are paid for.")] = False,
    sandbox: UseSandbox = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs; money in micro-dollars.")] = False,
) -> None:
    """Make pictures with FLUX on RunPod. Needs its settings (docs/flux.md), or --sandbox.

    Several prompts are a batch: run once more, it makes only what is missing. Exit code 1: some failed.
    """
    from coach.cli._flux import Job, run

    wanted = [*(prompts or []), *(_lines(file) if file else [])]
    if not wanted:
        raise typer.BadParameter("Say what to show: a prompt, or --file.")
    if name is not None and (len(wanted) > 1 or batch is not None):
        raise typer.BadParameter("--name is for a single picture.")
    options: Options = {
        "style_id": style,
        "width": width,
        "height": height,
        "steps": steps,
        "seed": seed,
        "character_loras": [_character(each) for each in character or []],
        "cinematic": cinematic,
        "guidance": guidance,
        "model": model,
    }

    job = Job(
        prompts=wanted,
        options=options,
        out=out,
        user=user,
        name=name,
        batch=batch or ("" if len(wanted) > 1 else None),
        again=again,
        at_once=at_once,
        asks=not (yes or sandbox or as_json),
        as_json=as_json,
    )
    if not asyncio.run(run(job, sandbox=sandbox)):
        raise typer.Exit(1)


def _lines(file: Path) -> list[str]:
    """The prompts of a file, a line each; an empty line is none."""
    with file.open("rb") as opened:
        data = opened.read(_LONGEST + 1)
    if len(data) > _LONGEST:
        raise InputRefused(f"{file.name!r} is larger than a file of prompts may be, {_LONGEST:,} bytes.")
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputRefused(f"{file.name!r} is no text in UTF-8.") from None
    return [line.strip() for line in lines if line.strip()]


def _character(given: str) -> str | tuple[str, float]:
    name, colon, strength = given.rpartition(":")
    if not colon:
        return given
    try:
        return name, float(strength)
    except ValueError:
        raise typer.BadParameter(f"{given!r} is neither NAME nor NAME:STRENGTH.") from None
