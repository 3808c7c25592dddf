"""``coach styles``: the styles of FLUX pictures, and what was made in each."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coach._money import dollars
from coach.cli._books import opened_store, places
from coach.cli._options import Person, SandboxPlaces, to_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coach.cli._terminal import Terminal
    from coach.flux import Style
    from coach.studio import Entry

_SHOWN = 3
"""How many pictures are drawn in the terminal."""


def styles(
    which: Annotated[
        str | None, typer.Argument(help="One style, with what was made in it.", metavar="STYLE")
    ] = None,
    user: Person = "me",
    sandbox: SandboxPlaces = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs; money in micro-dollars.")] = False,
) -> None:
    """List the styles of `coach flux`; or show one, with samples and a person's own pictures in it."""
    from coach.flux import Styles

    registry = Styles.load(places(sandbox=sandbox).styles)
    if which is not None:
        asyncio.run(_one(registry.get(which), user, sandbox=sandbox, as_json=as_json))
    elif as_json:
        typer.echo(json.dumps([style.model_dump(mode="json") for style in registry], indent=2))
    else:
        _list(list(registry))


def _list(registry: Sequence[Style]) -> None:
    from rich.console import Console

    from coach.cli._table import print_table

    columns = ("Style", "Title", "LoRA", "Strength", "Guidance", "Model", "What it looks like")
    print_table(Console(highlight=False), "Styles", columns, [_row(style) for style in registry])


def _row(style: Style) -> tuple[str, ...]:
    strength = "" if style.lora is None else f"{style.lora_weight:g}"
    guidance = "" if style.guidance is None else f"{style.guidance:g}"
    return style.id, style.title, style.lora or "", strength, guidance, style.model, style.about


async def _one(style: Style, user: str, *, sandbox: bool, as_json: bool) -> None:
    from coach.cli._terminal import Terminal
    from coach.flux import history
    from coach.store import Store
    from coach.studio import Entry

    terminal, made, pictures = Terminal(), list[Entry](), list[bytes]()
    if await Store.inspect(places(sandbox=sandbox).database) != "new":
        async with opened_store(sandbox=sandbox) as store:
            made = [*await history(store, user, style.id)]
            last = [entry.versions[0] for entry in made if entry.versions][:_SHOWN]
            pictures = [await store.blobs.get(version.blob) for version in last]
    if as_json:
        told = style.model_dump(mode="json") | {"history": [_facts(entry) for entry in made]}
        typer.echo(json.dumps(told, indent=2))
        return
    _list([style])
    _samples(style, terminal, sandbox=sandbox)
    _print(made, terminal)
    for picture in pictures:
        terminal.picture(picture, columns=24)


def _samples(style: Style, terminal: Terminal, *, sandbox: bool) -> None:
    extra = {"Words added to each prompt": style.words, "FILM-V3-FLUX": style.cinematic_weight or None}
    terminal.lines("", *(f"{name}: {value}" for name, value in extra.items() if value is not None))
    if style.samples:
        command = to_type(f'coach flux "{style.samples[0]}" --style {style.id}', sandbox=sandbox)
        terminal.lines("To try it with:", *(f"  {sample}" for sample in style.samples), f"As: {command}")


def _print(made: Sequence[Entry], terminal: Terminal) -> None:
    from coach.cli._table import print_table

    if not made:
        terminal.lines("", "Nothing was made in it yet.")
        return
    columns = ("Made (UTC)", "Picture", "Pixels", "Seed", "Cost", "Prompt")
    print_table(terminal.console, "What was made in it", columns, [_made(entry) for entry in made])


def _made(entry: Entry) -> tuple[str, ...]:
    row = entry.generation
    version = entry.versions[0] if entry.versions else None
    return (
        f"{row.created_at:%Y-%m-%d %H:%M:%S}",
        version.handle if version else row.error_code or row.state,
        f"{version.width}x{version.height}" if version else "",
        str(_seed(entry)),
        dollars(row.actual_micros) if version else "",
        " ".join((row.wish or "").split()),
    )


def _seed(entry: Entry) -> Any:
    return entry.generation.params["workflow"]["seed"]


def _facts(entry: Entry) -> dict[str, Any]:
    row = entry.generation
    return {
        "generation_id": row.id,
        "made_at": row.created_at.isoformat(timespec="seconds"),
        "state": row.state,
        "error": row.error_code,
        "prompt": row.wish,
        "seed": _seed(entry),
        "actual_micros": row.actual_micros,
        "pictures": [
            {"handle": each.handle, "sha256": each.sha256, "width": each.width, "height": each.height}
            for each in entry.versions
        ],
    }
