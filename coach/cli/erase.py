"""``coach erase``: everything of a person goes, and a receipt says what went."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from coach.cli._books import opened_store, places, spool_of
from coach.cli._options import SandboxBooks

if TYPE_CHECKING:
    from coach.studio.erase import Forget, Receipt


def erase(
    user: Annotated[str, typer.Argument(help="The person's id.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for pictures that are being made elsewhere.")
    ] = 700,
    sandbox: SandboxBooks = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="The receipt for programs; money in micro-dollars.")
    ] = False,
) -> None:
    """Erase everything of a person, here and what a picture service kept as a job. It cannot be undone.

    Safe to repeat. The receipt says what went, what the books keep without a name, and what an outside
    service may still hold; keep it, nothing can print it again. Exit code 1: do it once more later, and the
    receipt goes on from there.
    """
    if not yes:
        typed = typer.prompt("Everything of this person is deleted for good. Type their id", err=True)
        if typed != user:
            typer.echo("That is another id. Nothing was erased.", err=True)
            raise typer.Exit(1)
    receipt = asyncio.run(_erase(user, wait, sandbox=sandbox))
    if as_json:
        typer.echo(json.dumps(asdict(receipt) | {"done": receipt.done}, indent=2, default=str))
    else:
        from coach.studio.erase import sentences

        typer.echo("\n".join(sentences(receipt)))
    if not receipt.done:
        raise typer.Exit(1)


async def _erase(user: str, wait: float, *, sandbox: bool) -> Receipt:
    from coach.studio.erase import erase as erase_person

    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(opened_store(sandbox=sandbox, read_only=False))
        return await erase_person(
            store,
            user,
            spool=spool_of(sandbox=sandbox),
            forget=await forgets(stack, sandbox=sandbox),
            patience=wait,
            say=lambda text: typer.echo(text, err=True),
        )


async def forgets(stack: AsyncExitStack, *, sandbox: bool) -> Mapping[str, Forget]:
    """How the picture service is asked to delete jobs; without a key nobody can be asked."""
    from coach.studio import OpenAIBackgroundEngine

    settings = places(sandbox=sandbox)
    if sandbox or settings.openai_api_key is None:
        return {}
    client = await stack.enter_async_context(settings.openai(keep_alive=False))
    return {OpenAIBackgroundEngine.name: OpenAIBackgroundEngine(client).forget}
