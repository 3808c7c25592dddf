"""``coach key``: who may use the server; keys are made, listed and revoked here."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from coach.cli._agree import begun_store
from coach.cli._books import opened_store
from coach.cli._options import Person, SandboxPlaces, to_type
from coach.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coach.store.credentials import Credential

key = typer.Typer(no_args_is_help=True, help="Keys for the server: who has one speaks for its person.")


@key.command()
def new(
    user: Person = "me",
    label: Annotated[str, typer.Option(help="What it is for, in your words.")] = "",
    days: Annotated[
        int | None, typer.Option(min=1, max=36500, help="It ends by itself after so long.")
    ] = None,
    operator: Annotated[bool, typer.Option("--operator", help="It may see the books of everybody.")] = False,
    tenant: Annotated[str, typer.Option(help="Whose customer the person is.")] = "",
    sandbox: SandboxPlaces = False,
) -> None:
    """Make a key and print it, this once: only a hash of it is kept."""
    lasts = None if days is None else timedelta(days=days)
    secret = asyncio.run(_new(user, label, lasts, operator=operator, tenant=tenant, sandbox=sandbox))
    typer.echo(secret)
    typer.echo(
        f"It speaks for {user}. It is shown this once. Programs send it as `Authorization: Bearer <key>`; "
        "on the page one signs in with it.",
        err=True,
    )


@key.command("list")
def list_keys(
    user: Person = "me",
    sandbox: SandboxPlaces = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List a person's keys, and the browsers that are signed in for them."""
    known = asyncio.run(_list(user, sandbox=sandbox))
    if as_json:
        typer.echo(json.dumps([_facts(each) for each in known], indent=2))
    elif not known:
        command = to_type(f"coach key new --user {user}", sandbox=sandbox)
        typer.echo(f"{user} has no key. To make one: {command}")
    else:
        _print(known)


@key.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="Its id in `coach key list`.", metavar="ID")],
    user: Person = "me",
    sandbox: SandboxPlaces = False,
) -> None:
    """End a key, or a browser's session. With a key, every session of its person ends too."""
    ended = asyncio.run(_revoke(user, key_id, sandbox=sandbox))
    also = f", and {ended - 1} session(s)" if ended > 1 else ""
    typer.echo(f"Ended{also}: whoever uses it is a stranger from now on.")


async def _new(
    user: str, label: str, lasts: timedelta | None, *, operator: bool, tenant: str, sandbox: bool
) -> str:
    from coach.store.credentials import Credentials

    async with begun_store(sandbox=sandbox) as store:
        issue = Credentials(store.database).issue
        secret, _ = await issue(user, "key", label=label, tenant=tenant, operator=operator, lasts=lasts)
        return secret


async def _list(user: str, *, sandbox: bool) -> Sequence[Credential]:
    from coach.store.credentials import Credentials

    async with opened_store(sandbox=sandbox) as store:
        return await Credentials(store.database).list(user)


async def _revoke(user: str, key_id: str, *, sandbox: bool) -> int:
    """How many credentials ended. Which key a session was begun with is not kept, so all of them go."""
    from coach.store.credentials import Credentials

    async with opened_store(sandbox=sandbox, read_only=False) as store:
        credentials = Credentials(store.database)
        known = await credentials.list(user)
        meant = [each for each in known if each.id == key_id]
        if not meant:
            raise NotFound("key", key_id)
        sessions = [each for each in known if each.kind == "session"] if meant[0].kind == "key" else []
        return sum([await credentials.revoke(user, each.id) for each in (*meant, *sessions)])


def _facts(each: Credential) -> dict[str, object]:
    return {
        "id": each.id,
        "kind": each.kind,
        "label": each.label,
        "tenant": each.tenant,
        "operator": each.operator,
        "created_at": each.created_at.isoformat(timespec="seconds"),
        "expires_at": each.expires_at and each.expires_at.isoformat(timespec="seconds"),
    }


def _print(known: Sequence[Credential]) -> None:
    from rich.console import Console

    from coach.cli._table import print_table

    rows = [
        (
            each.id,
            each.kind,
            f"{each.created_at:%Y-%m-%d %H:%M}",
            "when revoked" if each.expires_at is None else f"{each.expires_at:%Y-%m-%d %H:%M}",
            "operator" if each.operator else "",
            each.tenant,
            each.label,
        )
        for each in known
    ]
    columns = ("Id", "What", "Made (UTC)", "Ends (UTC)", "May", "Tenant", "For")
    print_table(Console(highlight=False), "Keys and sessions", columns, rows)
