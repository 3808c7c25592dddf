"""``coach export``: everything of a person in one zip."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from coach.cli._books import opened_store
from coach.cli._options import SandboxBooks


def export(
    user: Annotated[str, typer.Argument(help="The person's id.")],
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="The zip; left out, it is named after the person.")
    ] = None,
    sandbox: SandboxBooks = False,
) -> None:
    """Write everything of a person into a zip: photos, pictures, conversations, consents, costs, likeness."""
    from coach.store import owner_of

    path = out or Path(f"{owner_of(user)}.zip")
    rows, files, missing = asyncio.run(_export(user, path, sandbox=sandbox))
    typer.echo(f"Written: {path}, {path.stat().st_size:,} bytes: {rows} rows, {files} photos and pictures.")
    if missing:
        typer.echo(f"{missing} picture(s) have a row and no bytes: `coach sweep` names them.")


async def _export(user: str, path: Path, *, sandbox: bool) -> tuple[int, int, int]:
    from coach.store.export import export as export_person

    async with opened_store(sandbox=sandbox) as store:
        done = await export_person(store, user, path)
    return done.rows, done.files, len(done.missing)
