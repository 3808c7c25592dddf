"""``coach sweep``: what lies in the wrong place, or was kept long enough."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from coach.cli._books import opened_store, places, spool_of
from coach.cli._options import SandboxBooks
from coach.cli.erase import forgets

if TYPE_CHECKING:
    from coach.store.sweep import Finding


def sweep(
    fix: Annotated[bool, typer.Option("--fix", help="Remove what can be removed.")] = False,
    all: Annotated[
        bool, typer.Option("--all", help="With --fix: also where so much is unknown that it is suspicious.")
    ] = False,
    sandbox: SandboxBooks = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Find photos and pictures without a row, rows without them, answers left in this machine's spool.

    Needs no key. What may still be worked on is let be. COACH_KEEP_PREVIEWS_DAYS says how long unfinished
    pictures, sheets and masks nobody used are kept, COACH_KEEP_EVIDENCE_DAYS how long answers without a
    picture, and what no row knows: it may be another database's, or newer than a restored one. Where much is
    unknown, nothing is removed without --all. Exit code 1: something is left.
    """
    from rich.console import Console

    from coach.cli._table import print_table

    found = asyncio.run(_sweep(fix=fix, all=all, sandbox=sandbox))
    left = [each for each in found if not each.fixed]
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], indent=2))
    elif found:
        rows = [(each.where, each.what, f"{each.size:,}", _end(each)) for each in found]
        print_table(Console(highlight=False), "What was found", ("Where", "What", "Bytes", ""), rows)
        if left and not fix:
            typer.echo("Nothing was changed. `coach sweep --fix` removes what can be removed.")
    else:
        typer.echo("Everything is where it belongs.")
    if left:
        raise typer.Exit(1)


def _end(finding: Finding) -> str:
    return "removed" if finding.fixed else finding.why


async def _sweep(*, fix: bool, all: bool, sandbox: bool) -> list[Finding]:
    from coach.store.sweep import Retention
    from coach.studio.sweep import sweep as sweep_all

    settings = places(sandbox=sandbox)
    retention = Retention(previews=settings.keep_previews_days, evidence=settings.keep_evidence_days)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(opened_store(sandbox=sandbox, read_only=not fix))
        forget = await forgets(stack, sandbox=sandbox) if fix else {}
        spool = spool_of(sandbox=sandbox)
        return await sweep_all(store, spool=spool, forget=forget, retention=retention, fix=fix, all=all)
