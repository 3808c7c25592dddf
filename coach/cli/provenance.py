"""``coach provenance``: where a picture is from, as far as the file says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from coach.studio.provenance import Provenance

SILENT, BROKEN = 3, 4
"""Exit codes: it says nothing; what its manifest says does not hold."""


def provenance(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A PNG, JPEG or WebP picture.")],
    anchors: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="PEM: certificates of signers you trust."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what a picture is, by whom it was made, from what, and whether that is signed and holds.

    Exits with 0 when it says something and nothing of it is broken, 1 when it cannot be read, 3 when it says
    nothing, 4 when it was changed after it was signed or its manifest is broken. Fetches nothing.
    """
    from coach.studio.provenance import read

    trusted = None if anchors is None else anchors.read_text("utf-8", errors="replace")
    if trusted is not None and "-----BEGIN CERTIFICATE-----" not in trusted:
        raise typer.BadParameter(f"{anchors} holds no certificate in PEM.", param_hint="--anchors")
    found = read(file, anchors=trusted)
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"why": found.credentials.why}, indent=2))
    else:
        for line in _lines(found):
            typer.echo(line)
    if found.credentials.state in ("tampered", "broken"):
        raise typer.Exit(BROKEN)
    if found.is_silent:
        raise typer.Exit(SILENT)


def _lines(found: Provenance) -> Iterator[str]:
    """It in plain words, each heading once."""
    from coach.studio.provenance import SAYS_NOTHING, facts

    before = ""
    for heading, words in facts(found):
        yield f"{'' if heading == before else heading:<13}{words}"
        before = heading
    if not before:
        yield SAYS_NOTHING
