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

from coach._money import dollars
from coach.cli._books import opened_books, spool_of
from coach.cli._options import SandboxBooks

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
    sandbox: SandboxBooks = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs; money in micro-dollars.")] = False,
) -> None:
    """List what may have been charged and what was for nothing, or settle one by hand. Needs no key.

    Nothing is asked again. Look the request id up at the service, then say what it cost; the money that is
    held for it is released or spent, and its history says who settled it.
    """
    if generation is not None:
        if charged is None:
            raise typer.BadParameter("Say --charged, with --usd if you know the amount, or --not-charged.")
        if usd is not None and not charged:
            raise typer.BadParameter("--usd goes with --charged only.")
        settled = asyncio.run(_settle(generation, charged, usd, sandbox=sandbox))
        _tell(settled, as_json=as_json)
    elif charged is not None or usd is not None:
        raise typer.BadParameter("Name the generation to settle; without an option they are listed.")
    elif check:
        _tell_differences(asyncio.run(_differences(sandbox=sandbox)))
    else:
        ends, in_flight = asyncio.run(_open_ends(user, sandbox=sandbox))
        if as_json:
            typer.echo(json.dumps(ends, indent=2))
        else:
            _list(ends, in_flight)


async def _settle(generation_id: str, charged: bool, usd: Decimal | None, *, sandbox: bool) -> Generation:
    from coach.studio.budgets import to_micros

    micros = None if usd is None else to_micros(usd)
    async with opened_books(sandbox=sandbox, read_only=False) as books:
        return await books.settle(generation_id, charged=charged, micros=micros, who=_operator())


def _operator() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        return "an operator"


async def _differences(*, sandbox: bool) -> list[str]:
    async with opened_books(sandbox=sandbox) as books:
        return await books.differences()


async def _open_ends(user: str | None, *, sandbox: bool) -> tuple[list[dict[str, Any]], int]:
    """What is in doubt, was for nothing or was left behind, and how many are being made."""
    from coach.studio.leftovers import whereabouts

    spool = spool_of(sandbox=sandbox)
    async with opened_books(sandbox=sandbox) as books:
        rows = [*await books.in_doubt(user), *await books.for_nothing(user)]
        in_flight = await books.in_flight(user)
    left = [row for row in in_flight if whereabouts(spool, row) != "working"]
    ends = [_facts(row) | {"file": spool is not None and spool.holds(row.id)} for row in [*rows, *left]]
    return ends, len(in_flight) - len(left)


def _facts(row: Generation) -> dict[str, Any]:
    names = (
        *("id", "state", "user_id", "tenant", "conversation_id", "model", "error_code"),
        *("quote_micros", "actual_micros", "request_id", "job_id"),
    )
    facts = {name: getattr(row, name) for name in names}
    return facts | {"since": row.updated_at.isoformat(timespec="seconds"), "told": row.told_in is not None}


def _list(ends: Sequence[dict[str, Any]], in_flight: int) -> None:
    from rich.console import Console

    from coach.cli._table import print_table

    console = Console(highlight=False)
    doubts = [facts for facts in ends if facts["state"] == "unknown"]
    nothing = [facts for facts in ends if facts["state"] == "failed"]
    left = [facts for facts in ends if facts["state"] not in ("unknown", "failed")]
    if doubts:
        columns = ("Generation", "Since (UTC)", "Person", "Model", "Quote", "At the service", "Here")
        print_table(console, f"In doubt: {len(doubts)}", columns, [_doubt(facts) for facts in doubts])
        console.print(
            "\nLook each up at the service. Then: coach reconcile GENERATION --charged [--usd 0.12], "
            "or --not-charged."
        )
    else:
        console.print("Nothing is in doubt.")
    if nothing:
        columns = ("Generation", "Since (UTC)", "Person", "Model", "Spent", "At the service", "Why")
        title = f"Charged, and no picture: {len(nothing)}"
        print_table(console, title, columns, [_nothing(facts) for facts in nothing])
    if left:
        columns = ("Generation", "Since (UTC)", "Person", "Model", "Quote", "At the service", "What follows")
        title = f"Left behind by a process that is gone: {len(left)}"
        print_table(console, title, columns, [_left(facts) for facts in left])
    if in_flight:
        are = "picture is" if in_flight == 1 else "pictures are"
        console.print(f"{in_flight} {are} being made, as far as one can see from this machine.")


def _doubt(facts: dict[str, Any]) -> tuple[str, ...]:
    told = "the person was told" if facts["told"] else "the person was not told yet"
    file = "; part of the answer is in the spool" if facts["file"] else ""
    return (*_who(facts), dollars(facts["quote_micros"]), _there(facts), told + file)


def _left(facts: dict[str, Any]) -> tuple[str, ...]:
    if facts["state"] == "reserved":
        follows = "never sent; the next start frees what it holds"
    elif facts["file"]:
        follows = "something of the answer is in the spool; the next start keeps it, or calls it in doubt"
    elif facts["job_id"]:
        follows = "the next start fetches it by its job, if the service still has that"
    else:
        follows = "sent, and nothing of the answer is here; the next start calls it in doubt"
    return (*_who(facts), dollars(facts["quote_micros"]), _there(facts), follows)


def _nothing(facts: dict[str, Any]) -> tuple[str, ...]:
    cost = facts["quote_micros"] if facts["actual_micros"] is None else facts["actual_micros"]
    file = "; the answer is in the spool" if facts["file"] else ""
    return (*_who(facts), dollars(cost), _there(facts), facts["error_code"] + file)


def _who(facts: dict[str, Any]) -> tuple[str, ...]:
    since = datetime.fromisoformat(facts["since"]).strftime("%Y-%m-%d %H:%M:%S")
    talk = f" in {facts['conversation_id']}" if facts["conversation_id"] else ""
    return facts["id"], since, f"{facts['user_id']}{talk}", facts["model"]


def _there(facts: dict[str, Any]) -> str:
    named = {"request": facts["request_id"], "job": facts["job_id"]}
    return ", ".join(f"{what} {name}" for what, name in named.items() if name) or "no id came back"


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
