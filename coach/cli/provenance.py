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
        for line in _told(found):
            typer.echo(line)
    if found.credentials.state in ("tampered", "broken"):
        raise typer.Exit(BROKEN)
    if found.is_silent:
        raise typer.Exit(SILENT)


def _told(found: Provenance) -> Iterator[str]:
    """It in plain words, a line each."""
    credentials = found.credentials
    if found.is_silent:
        yield "This picture does not say where it is from. That means nothing: marks are easily removed."
        return
    yield f"What it is   {_meaning(found.source_type or credentials.source_type)}"
    if credentials.made_by:
        yield f"Made by      {credentials.made_by}"
    for number, sha256 in enumerate(found.made_from):
        yield f"{'Made from' if number == 0 else '':<13}the picture with SHA-256 {sha256}"
    if not found.made_from:
        for title in credentials.made_from:
            yield f"Made from    {title}"
    if credentials.signed_by:
        when = f", {credentials.signed_at}" if credentials.signed_at else ""
        how = f", with {credentials.software}" if credentials.software else ""
        yield f"Signed by    {credentials.signed_by}{when}{how}"
    yield f"Signature    {credentials.why}"
    if credentials.state in ("tampered", "broken") and credentials.codes:
        yield f"             {', '.join(credentials.codes)}"
    if credentials.state in ("absent", "unchecked"):
        yield "             Without a signature that holds, anybody can have written this."


def _meaning(source_type: str | None) -> str:
    from coach.studio.provenance import IPTC, MEANING

    if source_type is None:
        return "not said"
    term = source_type.removeprefix(IPTC)
    return MEANING.get(term, f"of a source type we do not know: {term}")
