"""``coach check``: everything that is wrong with a coach folder, at once."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from coach.check import Draft, Finding, examine, read
from coach.cli._findings import counted, show_findings
from coach.errors import FolderError


def check(
    folder: Annotated[
        str | None,
        typer.Argument(
            metavar="FOLDER|PACKAGE",
            help="A coach folder, or the name of a package that is one. Left out: this folder, or the "
            "reference coach when this one has no prompts/.",
        ),
    ] = None,
    service: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A service the coach will get; may be given several times. Then an action or a context key "
            "that asks for any other one is an error.",
        ),
    ] = None,
    traceback: Annotated[
        bool, typer.Option("--traceback", help="Show why a Python file cannot be imported.")
    ] = False,
) -> None:
    """Prove a coach folder: names, templates, phases, schemas. Exit status 1 when there is an error."""
    console = Console(highlight=False)
    try:
        with _tracebacks(console) if traceback else nullcontext():
            draft = read(folder or here())
        findings: Sequence[Finding] = examine(draft, services=[*service, "prompts"] if service else None)
    except FolderError as exc:
        show_findings(console, exc.findings)
        raise typer.Exit(1) from exc
    show_findings(console, findings)
    errors = sum(finding.severity == "error" for finding in findings)
    if findings:
        warnings = counted(len(findings) - errors, "warning")
        console.print(f"\n{draft.name}: {counted(errors, 'error')}, {warnings}.")
    else:
        console.print(f"[green]All clear.[/] {_inventory(draft)}", soft_wrap=not console.is_terminal)
    if errors:
        raise typer.Exit(1)


def here() -> str:
    """The coach folder meant when none is named."""
    return "." if Path("prompts").is_dir() else "coach.reference"


def _inventory(draft: Draft) -> str:
    counts = [
        counted(len(draft.phases), "phase"),
        counted(len(draft.actions), "action"),
        counted(len(draft.context), "context key"),
    ]
    return f"{draft.name}: {', '.join(counts)} and {counted(len(draft.pages), 'prompt file')}."


@contextmanager
def _tracebacks(console: Console) -> Iterator[None]:
    """Show what the library logs while files are imported."""
    log, handler = logging.getLogger("coach"), logging.StreamHandler(console.file)
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
