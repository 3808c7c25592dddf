"""The command ``coach``."""

from __future__ import annotations

import inspect
import re
import sys
from importlib import metadata
from typing import Annotated

import typer

from coach.cli._signals import stop_like_ctrl_c
from coach.cli.chat import chat
from coach.cli.check import check
from coach.cli.compare import compare, versions
from coach.cli.consent import consent
from coach.cli.demo import demo
from coach.cli.doctor import doctor
from coach.cli.erase import erase
from coach.cli.export import export
from coach.cli.flux import flux
from coach.cli.key import key
from coach.cli.mcp import mcp
from coach.cli.new import new
from coach.cli.persona import persona
from coach.cli.photo import photo
from coach.cli.provenance import provenance
from coach.cli.queue import queue
from coach.cli.reconcile import reconcile
from coach.cli.sandbox import sandbox
from coach.cli.serve import serve
from coach.cli.show import show
from coach.cli.spend import spend
from coach.cli.sticker import sticker
from coach.cli.styles import styles
from coach.cli.sweep import sweep
from coach.cli.worker import worker
from coach.errors import CoachError

app = typer.Typer(
    name="coach",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"coach {metadata.version('coach')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """A coach that lets people see themselves: typed actions, phase prompts, pictures."""


def _flowing(text: str | None) -> str:
    """A docstring with one line for each paragraph: the help breaks them where the terminal ends."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.cleandoc(text or ""))


for command in (
    demo,
    chat,
    serve,
    worker,
    queue,
    mcp,
    check,
    new,
    show,
    doctor,
    spend,
    reconcile,
    compare,
    versions,
    flux,
    styles,
    persona,
    provenance,
    sticker,
    export,
    erase,
    sweep,
    sandbox,
):
    app.command(help=_flowing(command.__doc__))(command)
for group, name in ((photo, "photo"), (consent, "consent"), (key, "key")):
    app.add_typer(group, name=name)


def main() -> None:
    """Run the command line; an error of the library is a sentence, not a traceback."""
    # As `python -m coach` has it: a package in the working directory can be named.
    sys.path.insert(0, "")
    stop_like_ctrl_c()
    try:
        app()
    except CoachError as exc:
        sys.stderr.write(f"coach: {exc}\n")
        sys.exit(1)
    except OSError as exc:
        name = "" if exc.filename is None else f": {exc.filename}"
        sys.stderr.write(f"coach: {exc.strerror or type(exc).__name__}{name}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        sys.exit(130)
