"""``coach consent``: what a person agreed to; giving it and taking it back."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from coach.cli._agree import begun_store
from coach.cli._books import opened_store, places
from coach.cli._options import Person, SandboxPlaces, to_type

if TYPE_CHECKING:
    from coach.store import Consent

consent = typer.Typer(no_args_is_help=True, help="The agreement without which no photo is read.")

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@consent.command()
def show(user: Person = "me", sandbox: SandboxPlaces = False, as_json: AsJson = False) -> None:
    """Show the text people agree to, and whether this person does."""
    from coach.store import CONSENT_TEXT, CONSENT_VERSION

    given = asyncio.run(_active(user, sandbox=sandbox))
    if as_json:
        facts = {"text": CONSENT_TEXT, "text_version": CONSENT_VERSION, "consent": _facts(given)}
        typer.echo(json.dumps(facts, indent=2))
        return
    typer.echo(f"{CONSENT_TEXT}\n\n(Text of {CONSENT_VERSION}.)")
    if given is None:
        command = to_type(f"coach consent give --user {user}", sandbox=sandbox)
        typer.echo(f"{user} has not agreed, or no longer does. To agree: {command}")
        return
    until = "" if given.until is None else f", until {given.until:%Y-%m-%d %H:%M} UTC"
    older = "" if given.text_version == CONSENT_VERSION else f", to the text of {given.text_version}"
    typer.echo(f"{user} agreed on {given.given_at:%Y-%m-%d %H:%M} UTC{until}{older}.")


@consent.command()
def give(
    user: Person = "me",
    subject: Annotated[
        Literal["self", "other"],
        typer.Option(help="Who is in the photos: the person themselves, or somebody who agreed to it."),
    ] = "self",
    days: Annotated[
        int | None, typer.Option(min=1, max=36500, help="It ends by itself after so long.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="They have read the text and agree: do not ask.")
    ] = False,
    sandbox: SandboxPlaces = False,
    as_json: AsJson = False,
) -> None:
    """Write down that a person agrees. They are shown the text and asked."""
    from coach.store.consent import declared

    if not yes:
        typer.echo(f"{declared(subject)}\n", err=True)
        if not typer.confirm("Do you agree?", err=True):
            typer.echo("Nothing was written down.", err=True)
            raise typer.Exit(1)
    until = None if days is None else datetime.now(UTC) + timedelta(days=days)
    given = asyncio.run(_give(user, subject, until, sandbox=sandbox))
    typer.echo(json.dumps(_facts(given), indent=2) if as_json else f"Written down: {user} agrees.")


@consent.command()
def revoke(user: Person = "me", sandbox: SandboxPlaces = False, as_json: AsJson = False) -> None:
    """Take a person's agreement back: nothing more is sent, and their photos are deleted.

    Pictures that were already made stay; `coach erase` removes everything. Safe to repeat.
    """
    photos = asyncio.run(_revoke(user, sandbox=sandbox))
    if as_json:
        typer.echo(json.dumps({"user_id": user, "photos_deleted": photos}))
        return
    typer.echo(f"The agreement of {user} is taken back, and their photos are deleted ({photos}).")
    command = to_type(f"coach erase {user}", sandbox=sandbox)
    typer.echo(f"Pictures that were made stay; to remove everything: {command}")
    typer.echo(
        "Files that were written with --out, some with a photo on them, stay too: delete them yourself."
    )


async def _active(user: str, *, sandbox: bool) -> Consent | None:
    from coach.store import Store

    if await Store.inspect(places(sandbox=sandbox).database) == "new":
        return None  # looking makes no database, and the text can be read before there is one
    async with opened_store(sandbox=sandbox) as store:
        return await store.consents.active(user)


async def _give(
    user: str, subject: Literal["self", "other"], until: datetime | None, *, sandbox: bool
) -> Consent:
    from coach.store import CONSENT_TEXT

    async with begun_store(sandbox=sandbox) as store:
        return await store.consents.give(user, statement=CONSENT_TEXT, until=until, subject=subject)


async def _revoke(user: str, *, sandbox: bool) -> int:
    async with begun_store(sandbox=sandbox) as store:
        photos = len(await store.photos.list(user))
        await store.consents.revoke(user)
        return photos


def _facts(given: Consent | None) -> dict[str, object] | None:
    if given is None:
        return None
    moments = {"given_at": given.given_at, "until": given.until, "revoked_at": given.revoked_at}
    return asdict(given) | {name: at and at.isoformat(timespec="seconds") for name, at in moments.items()}
