"""``coach sticker``: a sticker from a picture, or a pack of ten, quoted before anything is paid."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coach._durable import private
from coach._money import dollars, total
from coach.cli._options import Person, UseSandbox
from coach.errors import CoachError, InputRefused
from coach.stickers.names import NAMES

if TYPE_CHECKING:
    from coach.stickers.exchange import Stickers
    from coach.stickers.outcome import Failed, Image
    from coach.stickers.request import Base
    from coach.store import SpecRow, Store
    from coach.studio import Reference
    from coach.studio.provenance import Signer

_LINK = ("https://", "http://")

Rows = Mapping[str, "SpecRow"]
"""Specs by what they are called in the terminal and as files."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the command line asks for."""

    image: str
    template: str | None
    prompt: str | None
    about: str | None
    spec_only: bool
    pack: bool
    out: Path
    user: str
    sandbox: bool
    yes: bool

    @property
    def templates(self) -> Mapping[str, str | None]:
        """The template of each sticker, by what that is called."""
        if self.pack:
            return {name: name for name in NAMES}
        return {self.template.upper() if self.template else "sticker": self.template}


def sticker(
    image: Annotated[
        str,
        typer.Argument(
            help="The character's picture: a file, a public https address, or `photo`, the person's own.",
            metavar="IMAGE",
        ),
    ],
    template: Annotated[str | None, typer.Option(help=f"{', '.join(NAMES[:-1])} or {NAMES[-1]}.")] = None,
    prompt: Annotated[
        str | None, typer.Option(help="What it shows, in your words; words for it in quotation marks.")
    ] = None,
    about: Annotated[str | None, typer.Option(help="What is known of the character.")] = None,
    spec_only: Annotated[
        bool,
        typer.Option("--spec-only", help="Print the job spec and what it costs at most; make nothing. Free."),
    ] = False,
    pack: Annotated[bool, typer.Option("--pack", help="All ten templates, and a sheet of them.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="The PNG that is written, sticker.png; of a pack the folder, stickers."),
    ] = None,
    user: Person = "me",
    yes: Annotated[
        bool, typer.Option("--yes", help="They agree to `coach consent show` and to the price: do not ask.")
    ] = False,
    sandbox: UseSandbox = False,
) -> None:
    """Make a Telegram sticker of a picture: 512 pixels square, cut out, with outline and words.

    What it costs at most is said first. The same sticker again costs nothing, and a picture that is no good
    sticker is made once more at most.
    """
    if pack and (template or prompt):
        raise typer.BadParameter("--pack makes all ten templates: leave --template and --prompt out.")
    if not (pack or template or prompt):
        raise typer.BadParameter("Choose a --template, say what it shows with --prompt, or take --pack.")
    asked = Asked(
        image=image,
        template=template,
        prompt=prompt,
        about=about,
        spec_only=spec_only,
        pack=pack,
        out=out or Path("stickers" if pack else "sticker.png"),
        user=user,
        sandbox=sandbox,
        yes=yes,
    )
    _check(asked)
    if not asyncio.run(_run(asked)):
        raise typer.Exit(1)


def _check(asked: Asked) -> None:
    """Refuse what cannot work before anybody is asked or told anything."""
    from coach.cli._session import read_photo
    from coach.stickers.templates import template

    if asked.template:
        template(asked.template)
    if not asked.pack and asked.out.suffix.lower() != ".png":
        raise typer.BadParameter(f"A sticker is a PNG: --out ends in .png, not as in {asked.out.name!r}.")
    if not asked.image.startswith(_LINK) and asked.image != "photo":
        read_photo(Path(asked.image))


async def _run(asked: Asked) -> bool:
    """Do it; says whether everything that was asked for is there."""
    import coach
    from coach.cli._agree import agreed
    from coach.cli._open import settings_for
    from coach.stickers.outcome import Spec
    from coach.store import Store

    with settings_for(sandbox=asked.sandbox) as settings:
        signer = await asyncio.to_thread(settings.signer)
        async with coach.open("coach.reference", settings) as opened:
            store = opened.service("store", Store)
            await agreed(store, asked.user, yes=asked.yes)
            stickers = opened.service("stickers", coach.Stickers)
            rows = await _specs(asked, stickers, await _base(asked, store))
            typer.echo(_quote(asked, rows), err=True)
            if asked.spec_only:
                specs = [Spec(row=row).to_dict() for row in rows.values()]
                typer.echo(json.dumps(specs if asked.pack else specs[0], indent=2, ensure_ascii=False))
                return True
            if not (asked.yes or asked.sandbox or typer.confirm("Make it?", err=True)):
                typer.echo("Nothing was made, and nothing is paid. The spec is kept.", err=True)
                return False
            made = await asyncio.gather(*(_make(asked, stickers, row) for row in rows.values()))
            files = [await _write(asked, store, name, each) for name, each in zip(rows, made, strict=True)]
    done = [file for file in files if file is not None]
    if asked.pack and done:
        await asyncio.to_thread(_sheet, done, asked.out / "pack.png", signer)
    return len(done) == len(files)


async def _base(asked: Asked, store: Store) -> Base | Reference:
    from coach.cli._session import read_photo
    from coach.stickers.request import Base
    from coach.studio import add_upload

    if asked.image.startswith(_LINK):
        return Base(url=asked.image)
    if asked.image == "photo":
        if await store.photos.primary(asked.user) is None:
            raise InputRefused(f"{asked.user} has no photo here yet: `coach photo add`, or give a file.")
        return Base(ref="photo")
    return await add_upload(store, asked.user, await asyncio.to_thread(read_photo, Path(asked.image)))


async def _specs(asked: Asked, stickers: Stickers, base: Base | Reference) -> Rows:
    """The specs of everything that is asked for; a picture from elsewhere is fetched once."""
    from coach import Context
    from coach.studio import Reference

    ctx, rows = Context(user_id=asked.user), dict[str, "SpecRow"]()
    for name, template in asked.templates.items():
        row = await stickers.create_spec(
            ctx, base, template_id=template, user_prompt=asked.prompt, user_context=asked.about
        )
        base, rows[name] = Reference(kind=row.base_kind, id=row.base_id), row
    return rows


def _quote(asked: Asked, rows: Rows) -> str:
    """What it costs at most; the sandbox charges nothing."""
    cost = dollars(total(row.quote_micros for row in rows.values()))
    what = f"{len(rows)} stickers" if asked.pack else "This sticker"
    return f"{what}: at most {cost}{', were it no sandbox' if asked.sandbox else ''}."


async def _make(asked: Asked, stickers: Stickers, row: SpecRow) -> Image | Failed:
    from coach import Context
    from coach.stickers.outcome import Failed

    try:
        return await stickers.generate(Context(user_id=asked.user), row.hash)
    except CoachError as error:
        return Failed.of(error)


async def _write(asked: Asked, store: Store, name: str, made: Image | Failed) -> Path | None:
    """Write a sticker to its file, and say what it cost or why there is none."""
    file = asked.out / f"{name}.png" if asked.pack else asked.out
    if made.kind == "error":
        typer.echo(f"{name}: {made.say}", err=True)
        file = file.with_suffix(".failed.png")
    if made.blob is None:
        return None
    data = await store.blobs.get(made.blob)
    await asyncio.to_thread(_save, file, data)
    typer.echo(f"{name}: {file} ({len(data) // 1024} KB, {dollars(made.cost_micros)})")
    return file if made.kind == "image" else None


def _save(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(file, "wb", opener=private) as into:
            into.write(data)
    except IsADirectoryError:
        raise InputRefused(f"{str(file)!r} is a folder; give --out the name of a file.") from None


def _sheet(stickers: list[Path], into: Path, signer: Signer | None) -> None:
    from coach.stickers.pack import contact_sheet

    _save(into, b"")  # private from the start
    contact_sheet(stickers, into, signer=signer)
    typer.echo(f"All of them: {into}")
