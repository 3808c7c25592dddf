"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

CoachFolder = Annotated[
    str, typer.Option("--coach", help="A coach folder, or the name of a package that is one.")
]
SandboxBooks = Annotated[
    bool, typer.Option("--sandbox", help="The books of the sandbox (chat, serve) instead of your own.")
]
UseSandbox = Annotated[
    bool, typer.Option("--sandbox", help="Without a key: the stand-in on this machine answers and draws.")
]
IdentityRef = Annotated[str, typer.Argument(help="The identity: `i1`, or its id.", metavar="IDENTITY")]
Person = Annotated[str, typer.Option("--user", help="Whose: the id under which the person is kept.")]
SandboxPlaces = Annotated[
    bool, typer.Option("--sandbox", help="Those of the sandbox (chat, serve) instead of your own.")
]


def to_type(command: str, *, sandbox: bool) -> str:
    """A command as a person is told to type it: for the same places as the one that tells them."""
    return f"{command} --sandbox" if sandbox else command
