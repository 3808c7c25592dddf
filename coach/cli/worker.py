"""``coach worker``: makes the pictures that wait in PostgreSQL."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from coach._stopping import stopped_by_signals
from coach.cli._logs import log_to_stderr
from coach.errors import SettingsError
from coach.settings import Settings

SLOTS = 8
"""How many pictures one worker makes at the same time, where nothing else is said."""


def worker(
    folder: Annotated[
        str, typer.Argument(help="A coach folder, or the name of a package that is one.")
    ] = "coach.reference",
    slots: Annotated[
        int, typer.Option(min=1, max=1_000, help="How many pictures it makes at the same time.")
    ] = SLOTS,
    heartbeat: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            metavar="FILE",
            help="Touch this file every two seconds, as long as it works and reaches its database: for a "
            "container's health check.",
        ),
    ] = None,
) -> None:
    """Make the pictures that processes with COACH_QUEUE=workers ask for. Start as many as you want.

    They meet on PostgreSQL (COACH_DATABASE_URL). Stop a worker with Ctrl-C or SIGTERM: it takes nothing more,
    and ends when what it began has arrived and is kept. Ctrl-C or SIGTERM once more ends it at once: as after
    a crash, what was sent may be in doubt. What a worker leaves that dies, the others carry on.
    """
    if heartbeat is not None:
        _see_free(heartbeat)
    try:
        asyncio.run(_work(folder, slots=slots, heartbeat=heartbeat))
    except asyncio.CancelledError:
        raise typer.Exit(130) from None
    finally:
        if heartbeat is not None:
            heartbeat.unlink(missing_ok=True)


def _see_free(heartbeat: Path) -> None:
    """See that the file can be made, and is not somebody's: it is deleted at the end."""
    if not heartbeat.parent.is_dir():
        raise typer.BadParameter(f"There is no folder {heartbeat.parent}.", param_hint="--heartbeat")
    if heartbeat.exists() and (not heartbeat.is_file() or heartbeat.stat().st_size):
        raise typer.BadParameter(
            f"{heartbeat} holds something and would be deleted: name a new file.", param_hint="--heartbeat"
        )


async def _work(folder: str, *, slots: int, heartbeat: Path | None) -> None:
    try:
        from coach.worker import work
    except ModuleNotFoundError:
        raise SettingsError("Workers need the extra `workers`: pip install 'coach[workers]'.") from None

    def beaten() -> None:
        if heartbeat is not None:
            heartbeat.touch()

    log_to_stderr()
    stop = asyncio.Event()
    with stopped_by_signals(stop.set):
        await work(folder, Settings.read(), slots=slots, stop=stop, began=_began, beaten=beaten)


def _began(name: str) -> None:
    typer.echo(f"The worker {name} makes pictures. Stop it with Ctrl-C.")
