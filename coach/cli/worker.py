"""``coach worker``: makes the pictures that wait in PostgreSQL."""

from __future__ import annotations

import asyncio
import signal
from typing import Annotated

import typer

from coach.errors import SettingsError
from coach.settings import Settings


def worker(
    folder: Annotated[
        str, typer.Argument(help="A coach folder, or the name of a package that is one.")
    ] = "coach.reference",
    slots: Annotated[
        int, typer.Option(min=1, max=1_000, help="How many pictures it makes at the same time.")
    ] = 8,
) -> None:
    """Make the pictures that processes with COACH_QUEUE=workers ask for. Start as many as you want.

    They meet on PostgreSQL (COACH_DATABASE_URL). Stop one with Ctrl-C or SIGTERM: it takes nothing more, and
    ends when what it began has arrived and is kept. What a dead one leaves, the others carry on.
    """
    try:
        from coach.worker import work
    except ModuleNotFoundError:
        raise SettingsError("Workers need the extra `workers`: pip install 'coach[workers]'.") from None

    async def run() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, stop.set)
        await work(folder, Settings.read(), slots=slots, stop=stop, began=_began)

    asyncio.run(run())


def _began(name: str) -> None:
    typer.echo(f"The worker {name} makes pictures. Stop it with Ctrl-C.")
