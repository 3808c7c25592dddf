"""``coach spend``: what pictures cost, what is held, what is in doubt."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from coach._money import dollars
from coach.cli._books import opened_books
from coach.cli._options import SandboxBooks

if TYPE_CHECKING:
    from coach.studio.books import Spending


NOT_KNOWN = {
    "unpriced": ("unpriced", "neither quote nor cost is known; they are in no sum."),
    "at_quote": ("at the quote", "charged, but the service's count was of no use."),
    "unsplit": (
        "unsplit",
        "the count did not say which output is text; all is priced as pictures, the dearer.",
    ),
}
"""What the sums do not have, or have only roughly: the field, its word, and what that means."""


def spend(
    by: Annotated[
        Literal["day", "person", "tenant", "model"], typer.Option(help="What makes a line.")
    ] = "day",
    user: Annotated[str | None, typer.Option(help="Only this person's.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=36500, help="Only the last days, in UTC.")] = None,
    sandbox: SandboxBooks = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs; money in micro-dollars.")] = False,
) -> None:
    """Say what pictures cost, what those hold that are being made, and what is in doubt. Needs no key."""
    from rich.console import Console

    from coach.cli._table import print_table

    lines = asyncio.run(_spending(by, user, days, sandbox=sandbox))
    if as_json:
        typer.echo(json.dumps([asdict(line) for line in lines], indent=2))
        return
    console = Console(highlight=False)
    if not lines:
        console.print("No picture was charged, is being made or is in doubt.")
        return
    columns = (by.capitalize(), "Pictures", "Spent", "Held", "In doubt", "Not known")
    rows, total = [(line.of or f"no {by}", *_cells(line)) for line in lines], _total(lines)
    print_table(console, "What was spent", columns, [*rows, ("in all", *_cells(total))] if rows[1:] else rows)
    console.print()
    for name, (word, meaning) in NOT_KNOWN.items():
        if getattr(total, name):
            console.print(f"{word}: {meaning}", style="dim")


async def _spending(
    by: Literal["day", "person", "tenant", "model"], user: str | None, days: int | None, *, sandbox: bool
) -> list[Spending]:
    since = None if days is None else datetime.now(UTC).date() - timedelta(days=days - 1)
    async with opened_books(sandbox=sandbox) as books:
        return await books.spending(by, user_id=user, since=since)


def _cells(line: Spending) -> tuple[str, ...]:
    doubt = f"{dollars(line.doubt_micros)} ({line.in_doubt})" if line.in_doubt else ""
    return (
        str(line.pictures),
        dollars(line.spent_micros),
        dollars(line.held_micros) if line.held_micros else "",
        doubt,
        ", ".join(
            f"{getattr(line, name)} {word}" for name, (word, _) in NOT_KNOWN.items() if getattr(line, name)
        ),
    )


def _total(lines: list[Spending]) -> Spending:
    from coach.studio.books import Spending

    sums = {name: sum(getattr(line, name) for line in lines) for name in asdict(lines[0]) if name != "of"}
    return Spending(of="", **sums)
