"""``coach reconcile``: what may have been charged, and settling it by hand."""

from __future__ import annotations

import asyncio
import getpass
import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coach.cli._books import opened_books
from coach.cli._money import dollars

if TYPE_CHECKING:
    from coach.studio.generation import Generation


def _amount(text: str) -> Decimal:
    try:
        usd = Decimal(text)
    except InvalidOperation:
        usd = Decimal("NaN")
    if not (usd.is_finite() and 0 <= usd <= 1_000_000):
        raise typer.BadParameter(f"{text!r} is no amount of US dollars; write 0.12.")
    return usd


def reconcile(
    generation: Annotated[
        str | None, typer.Argument(help="The one to settle; left out, all are listed.")
    ] = None,
    charged: Annotated[
        bool | None, typer.Option("--charged/--not-charged", help="What the service's own list says of it.")
    ] = None,
    usd: Annotated[
        Decimal | None, typer.Option(parser=_amount, help="What it cost; left out, the quote is taken.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="List only this person's.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Add up the ledger and compare the accounts.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs; money in micro-dollars.")] = False,
) -> None:
    """List the pictures that may have been charged, or settle one by hand. Needs no key.

    Nothing is asked again. Look the request id up at the service, then say what it cost; the money that is
    held for it is released or spent, and its history says who settled it.
    """
    if generation is not None:
        if charged is None or (usd is not None and not charged):
            raise typer.BadParameter("Say --charged, with --usd if you know the amount, or --not-charged.")
        settled = asyncio.run(_settle(generation, charged, usd))
        _tell(settled, as_json=as_json)
    elif charged is not None or usd is not None:
        raise typer.BadParameter("Name the generation to settle; without an option they are listed.")
    elif check:
        _tell_differences(asyncio.run(_differences()))
    else:
        _list(asyncio.run(_in_doubt(user)), as_json=as_json)


async def _settle(generation_id: str, charged: bool, usd: Decimal | None) -> Generation:
    from coach.studio.budgets import to_micros

    micros = None if usd is None else to_micros(usd)
    async with opened_books(read_only=False) as books:
        return await books.settle(generation_id, charged=charged, micros=micros, who=_who())


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        return "an operator"


async def _differences() -> list[str]:
    async with opened_books() as books:
        return await books.differences()


async def _in_doubt(user: str | None) -> list[dict[str, Any]]:
    from coach.settings import Settings
    from coach.studio.spool import Spool

    folder = Settings.read().home / "spool"
    async with opened_books() as books:
        rows = await books.in_doubt(user)
    # Only when the folder is there: a spool would make it.
    here = set(Spool(folder).list()) if folder.is_dir() else set()
    return [_facts(row) | {"file": row.id in here} for row in rows]


def _facts(row: Generation) -> dict[str, Any]:
    names = ("id", "user_id", "tenant", "conversation_id", "model", "quote_micros", "request_id", "job_id")
    facts = {name: getattr(row, name) for name in names}
    return facts | {"since": row.updated_at.isoformat(timespec="seconds"), "told": row.told_in is not None}


def _list(doubts: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    from rich.console import Console

    from coach.cli._table import print_table

    if as_json:
        typer.echo(json.dumps(doubts, indent=2))
        return
    console = Console(highlight=False)
    if not doubts:
        console.print("Nothing is in doubt.")
        return
    columns = ("Generation", "Since (UTC)", "Person", "Model", "Quote", "At the service", "Here")
    print_table(console, f"In doubt: {len(doubts)}", columns, [_row(facts) for facts in doubts])
    console.print(
        "\nLook each up at the service. Then: coach reconcile GENERATION --charged [--usd 0.12], "
        "or --not-charged."
    )


def _row(facts: dict[str, Any]) -> tuple[str, ...]:
    since = datetime.fromisoformat(facts["since"]).strftime("%Y-%m-%d %H:%M:%S")
    named = {"request": facts["request_id"], "job": facts["job_id"]}
    there = ", ".join(f"{what} {name}" for what, name in named.items() if name) or "no id came back"
    told = "the person was told" if facts["told"] else "the person was not told yet"
    file = "; part of the answer is in the spool" if facts["file"] else ""
    talk = f" in {facts['conversation_id']}" if facts["conversation_id"] else ""
    who = f"{facts['user_id']}{talk}"
    return facts["id"], since, who, facts["model"], dollars(facts["quote_micros"]), there, told + file


def _tell(settled: Generation, *, as_json: bool) -> None:
    if as_json:
        paid = settled.paid == "paid"
        typer.echo(json.dumps({"id": settled.id, "charged": paid, "actual_micros": settled.actual_micros}))
    elif settled.paid == "unpaid":
        typer.echo(f"Settled: {settled.id} was not charged. What was held for it is free again.")
    else:
        cost = settled.quote_micros if settled.actual_micros is None else settled.actual_micros
        typer.echo(f"Settled: {settled.id} was charged, and counts as {dollars(cost)}.")


def _tell_differences(differences: Sequence[str]) -> None:
    if not differences:
        typer.echo("The accounts equal the sum over the ledger.")
        return
    typer.echo("\n".join(differences))
    raise typer.Exit(1)
