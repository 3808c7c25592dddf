"""``coach photo``: a person's photos, and what the photo coach says about them."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from coach.cli._agree import Yes, agreed, begun_store, finding
from coach.cli._books import opened_store
from coach.cli._options import Person, SandboxPlaces, to_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coach.faces import PhotoReport
    from coach.store import Photo, Store

photo = typer.Typer(
    no_args_is_help=True, help="A person's photos: at most five; pictures are made from them."
)

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Which = Annotated[
    str, typer.Argument(help="Which photo: its number in `coach photo list`, or its id.", metavar="PHOTO")
]


@photo.command()
def add(
    file: Annotated[Path, typer.Argument(help="A JPEG, PNG, WebP or HEIC file.")],
    user: Person = "me",
    keep_original: Annotated[
        bool, typer.Option(help="Keep the file itself too, with all it says, as where it was taken.")
    ] = False,
    yes: Yes = False,
    sandbox: SandboxPlaces = False,
    as_json: AsJson = False,
) -> None:
    """Add a photo of a person, upright and without metadata. Asks for their agreement first."""
    from coach.cli._session import read_photo

    data = read_photo(file)  # better refused now than after the question
    added = asyncio.run(_add(user, data, keep_original=keep_original, yes=yes, sandbox=sandbox))
    if as_json:
        typer.echo(json.dumps(_facts(added), indent=2))
        return
    main = ", and pictures are made from it" if added.primary else ""
    typer.echo(f"Kept: {added.width}x{added.height}, metadata removed{main}.")
    typer.echo(_said(added))


@photo.command("list")
def list_photos(user: Person = "me", sandbox: SandboxPlaces = False, as_json: AsJson = False) -> None:
    """List a person's photos, oldest first, and what is to be said about them."""
    photos = asyncio.run(_list(user, sandbox=sandbox))
    if as_json:
        typer.echo(json.dumps([_facts(each) for each in photos], indent=2))
    elif not photos:
        command = to_type(f"coach photo add FILE --user {user}", sandbox=sandbox)
        typer.echo(f"{user} has no photo yet. To add one: {command}")
    else:
        _print(photos)


@photo.command()
def primary(which: Which, user: Person = "me", sandbox: SandboxPlaces = False) -> None:
    """Let pictures be made from this photo first."""
    asyncio.run(_make_primary(user, which, sandbox=sandbox))
    typer.echo("Pictures are made from this photo from now on.")


@photo.command()
def remove(which: Which, user: Person = "me", sandbox: SandboxPlaces = False) -> None:
    """Delete a photo, and its original if that was kept. Pictures made from it stay."""
    asyncio.run(_remove(user, which, sandbox=sandbox))
    typer.echo("The photo is deleted.")


@photo.command()
def check(
    file: Annotated[str, typer.Argument(help="A file; or a stored photo's number or id.", metavar="FILE")],
    user: Person = "me",
    sandbox: SandboxPlaces = False,
    as_json: AsJson = False,
) -> None:
    """Say whether a photo serves, and what to change. Looks on this machine; nothing is kept or sent.

    Exit code 1: it does not serve as it is.
    """
    from coach.cli._session import read_photo

    # Whatever is neither a number nor an id is meant as a file.
    stored = (file.isdecimal() or _is_id(file)) and not Path(file).exists()
    data = None if stored else read_photo(Path(file))
    report = asyncio.run(_check(data, file, user, sandbox=sandbox))
    typer.echo(json.dumps(asdict(report), indent=2) if as_json else finding(report))
    if not report.usable:
        raise typer.Exit(1)


async def _add(user: str, data: bytes, *, keep_original: bool, yes: bool, sandbox: bool) -> Photo:
    from coach.faces import face_model
    from coach.studio.photo import PhotoCoach

    async with begun_store(sandbox=sandbox) as store:
        await agreed(store, user, yes=yes)
        added = await store.photos.add(user, data, keep_original=keep_original)
        await PhotoCoach(store, face_model()).look(user, added.id)
        return await store.photos.get(user, added.id)


async def _list(user: str, *, sandbox: bool) -> Sequence[Photo]:
    async with opened_store(sandbox=sandbox) as store:
        return await store.photos.list(user)


async def _make_primary(user: str, which: str, *, sandbox: bool) -> None:
    async with opened_store(sandbox=sandbox, read_only=False) as store:
        await store.photos.make_primary(user, await _id_of(store, user, which))


async def _remove(user: str, which: str, *, sandbox: bool) -> None:
    async with opened_store(sandbox=sandbox, read_only=False) as store:
        await store.photos.remove(user, await _id_of(store, user, which))


async def _check(upload: bytes | None, which: str, user: str, *, sandbox: bool) -> PhotoReport:
    from coach.faces import face_model, look, off_loop
    from coach.store.intake import take_in

    if upload is not None:
        data = (await take_in(upload)).data
    else:
        async with opened_store(sandbox=sandbox) as store:
            await store.consents.require(user)
            data = await store.photos.bytes(user, await _id_of(store, user, which))
    return await off_loop(look, face_model(), data)


async def _id_of(store: Store, user: str, which: str) -> str:
    """The id of a photo by its number in the list; an id is given back as it is."""
    numbered = enumerate(await store.photos.list(user), 1)
    return next((each.id for number, each in numbered if which == str(number)), which)


def _is_id(text: str) -> bool:
    with suppress(ValueError):
        return str(UUID(text)) == text
    return False


def _facts(each: Photo) -> dict[str, Any]:
    return {
        "id": each.id,
        "primary": each.primary,
        "width": each.width,
        "height": each.height,
        "media_type": each.media_type,
        "original_kept": each.original is not None,
        "added_at": each.created_at.isoformat(timespec="seconds"),
        "report": each.report,
    }


def _said(each: Photo) -> str:
    from coach.studio.photo import report_of

    return finding(report_of(each.report))


def _print(photos: Sequence[Photo]) -> None:
    from rich.console import Console

    from coach.cli._table import print_table

    rows = [
        (
            str(number),
            "first" if each.primary else "",
            f"{each.width}x{each.height}",
            f"{each.created_at:%Y-%m-%d %H:%M}",
            each.id,
            _said(each),
        )
        for number, each in enumerate(photos, 1)
    ]
    columns = ("", "Used", "Pixels", "Added (UTC)", "Id", "The photo coach says")
    print_table(Console(highlight=False), "Photos", columns, rows)
