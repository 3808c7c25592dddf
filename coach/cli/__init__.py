"""The command ``coach``."""

from __future__ import annotations

import sys

import typer

from coach.cli.chat import chat
from coach.cli.check import check
from coach.cli.demo import demo
from coach.cli.doctor import doctor
from coach.cli.new import new
from coach.cli.sandbox import sandbox
from coach.cli.show import show
from coach.errors import CoachError

app = typer.Typer(
    name="coach",
    help="A coach that lets people see themselves: typed actions, phase prompts, pictures.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for command in (demo, chat, check, new, show, doctor, sandbox):
    app.command()(command)


def main() -> None:
    """Run the command line; an error of the library is a sentence, not a traceback."""
    try:
        app()
    except CoachError as exc:
        sys.stderr.write(f"coach: {exc}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        sys.exit(130)
