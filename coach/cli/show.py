"""``coach show``: exactly what one phase sends to the model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from coach._answers import tool
from coach.check import sample
from coach.cli._findings import counted, show_findings
from coach.cli._options import CoachFolder
from coach.cli.check import here
from coach.context import Context, gather_context
from coach.errors import FolderError, NotFound
from coach.folder import Coach, load
from coach.phase import Phase
from coach.prompt import estimate_tokens


def show(
    phase: Annotated[str | None, typer.Argument(help="A phase; left out, the first one.")] = None,
    folder: CoachFolder = "",
    user: Annotated[
        str | None,
        typer.Option(help="Render it for this person of the database. Left out: with sample values."),
    ] = None,
) -> None:
    """Print what one phase sends to the model: its prompt, its tools, and about how many tokens these are."""
    console = Console(highlight=False)
    try:
        coach = load(folder or here())
        shown = coach.phase(phase or coach.first_phase)
    except FolderError as exc:
        show_findings(console, exc.findings)
        raise typer.Exit(1) from exc
    except NotFound as exc:
        known = ", ".join(coach.phases)
        raise typer.BadParameter(f"There is no phase {phase!r}. There are: {known}.") from exc
    if user is None:
        values, whose = {key.name: sample(key) for key in coach.keys(shown.name)}, "sample values"
    else:
        values, whose = asyncio.run(_of_person(coach, shown, user)), f"the values of {user}"
    _print(console, coach, shown, values, whose=whose)


def _print(console: Console, coach: Coach, phase: Phase, values: Mapping[str, Any], *, whose: str) -> None:
    rendered = coach.prompts.system(phase.template, values)
    tools = [tool(coach.actions[name]) for name in phase.actions]
    wrap = not console.is_terminal
    shown = f"{coach.name}, phase {phase.name}, with {whose}. Version of the words: {rendered.version}."
    console.print(Text(shown), soft_wrap=wrap)
    _heading(console, "System message")
    # Not through the console: it would wrap lines and expand tabs.
    typer.echo(rendered.text)
    _heading(console, counted(len(tools), "tool"))
    typer.echo(json.dumps(tools, ensure_ascii=False, indent=2))
    _heading(console, "Estimate")
    sent = json.dumps(tools, ensure_ascii=False, separators=(",", ":"))
    system, called = estimate_tokens(rendered.text), estimate_tokens(sent) if tools else 0
    console.print(
        f"about {system + called:,} tokens: {system:,} for the system message, {called:,} for the tools. "
        "An estimate, a quarter of the bytes in UTF-8; the provider counts with its own tokenizer.",
        soft_wrap=wrap,
    )


def _heading(console: Console, title: str) -> None:
    console.print(Rule(Text(title), style="dim", align="left"), width=min(console.width, 100))


async def _of_person(coach: Coach, phase: Phase, user: str) -> dict[str, Any]:
    """What the context keys answer for a person, from the database of the settings."""
    from coach.settings import Settings
    from coach.store import Store

    settings = Settings.read()
    store = await Store.open(settings.database, blobs=settings.blobs())
    try:
        services = {**store.services(), **coach.services}
        ctx = Context(user_id=user, phase=phase.name, next=phase.next)
        return await gather_context(coach.keys(phase.name), ctx, services)
    finally:
        await store.close()
