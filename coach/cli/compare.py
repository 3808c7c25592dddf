"""``coach compare`` and ``coach versions``: the pictures of an identity, beside the photo and as a tree."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coach._durable import private
from coach._money import dollars
from coach.cli._books import opened_store, places
from coach.cli._likeness import likeness
from coach.cli._options import IdentityRef, Person, SandboxPlaces, to_type
from coach.errors import ConsentMissing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coach.store.nodes import Node
    from coach.studio.compare import Sheet


def _jpeg(path: Path | None) -> Path | None:
    """Refuse a name that says another format than the file has."""
    if path is not None and path.suffix.lower() not in (".jpg", ".jpeg"):
        raise typer.BadParameter(f"A sheet is a JPEG: give it a name that ends in .jpg, not {path.name!r}.")
    return path


File = Annotated[
    Path | None,
    typer.Option("--out", help="Where the JPEG is written.", dir_okay=False, callback=_jpeg),
]


def compare(
    identity: IdentityRef,
    versions: Annotated[
        list[str] | None,
        typer.Argument(
            help="Which pictures, as they are to stand: `v2 v2a`, at most 5; left out, the newest."
        ),
    ] = None,
    user: Person = "me",
    sandbox: SandboxPlaces = False,
    out: File = None,
) -> None:
    """Put pictures of an identity beside the photo, with every face at the same size. Costs nothing."""
    sheet = asyncio.run(_compared(user, identity, versions or [], sandbox=sandbox))
    _write(sheet, out or Path(f"compare-{identity}.jpg"))


def versions(
    identity: IdentityRef,
    user: Person = "me",
    sandbox: SandboxPlaces = False,
    out: File = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs; money in micro-dollars.")] = False,
) -> None:
    """List the pictures of an identity: what each was made from, its likeness and cost; --out draws them."""
    from coach.studio.lineage import likeness_by_depth

    nodes, sheet = asyncio.run(_versions(user, identity, sandbox=sandbox, draw=out is not None))
    if as_json:
        typer.echo(json.dumps([_facts(node) for node in nodes], indent=2))
    elif not nodes:
        typer.echo("This identity has no picture yet.")
    else:
        _print(nodes)
        typer.echo("")
        for each in likeness_by_depth(nodes):
            bands = ", ".join(
                f"{each.bands.count(band)} {band or 'not judged'}" for band in dict.fromkeys(each.bands)
            )
            distance = "" if each.distance is None else f", median distance {each.distance:.2f}"
            typer.echo(f"{_away(each.depth)}: {bands}{distance}")
    if sheet is not None and out is not None:
        _write(sheet, out)


async def _compared(user: str, identity: str, refs: Sequence[str], *, sandbox: bool) -> Sheet:
    from coach.faces import face_model
    from coach.studio.compare import Sheets

    signer = places(sandbox=sandbox).signer()
    async with opened_store(sandbox=sandbox) as store:
        try:
            return await Sheets(store, model=face_model(), signer=signer).compare(user, identity, refs)
        except ConsentMissing as exc:
            command = to_type(f"coach consent give --user {user}", sandbox=sandbox)
            raise ConsentMissing(
                f"{user} has not agreed that their photo is used, or took it back. To agree: {command}"
            ) from exc


async def _versions(
    user: str, identity: str, *, sandbox: bool, draw: bool
) -> tuple[Sequence[Node], Sheet | None]:
    async with opened_store(sandbox=sandbox) as store:
        nodes = await store.versions.tree(user, identity)
        if not (draw and nodes):
            return nodes, None
        from coach.studio.compare import Sheets

        signer = places(sandbox=sandbox).signer()
        return nodes, await Sheets(store, model=None, signer=signer).versions(user, identity)


def _print(nodes: Sequence[Node]) -> None:
    from rich.console import Console

    from coach.cli._table import print_table

    columns = ("Version", "Likeness", "Outside", "Changes", "Cost", "Made (UTC)", "Model", "Wish")
    print_table(Console(highlight=False), "Versions", columns, [_row(*each) for each in _nested(nodes)])


def _nested(nodes: Sequence[Node]) -> list[tuple[int, Node]]:
    """The nodes in the order of a tree, each with how far it is indented."""
    children: dict[str | None, list[Node]] = {}
    for node in nodes:
        children.setdefault(node.parent, []).append(node)
    found: list[tuple[int, Node]] = []
    waiting = [(0, node) for node in reversed(children.get(None, []))]
    while waiting:
        indent, node = waiting.pop()
        found.append((indent, node))
        waiting += [(indent + 1, child) for child in reversed(children.get(node.handle, []))]
    return found


def _row(indent: int, node: Node) -> tuple[str, ...]:
    from coach.studio.judge import judgement_of

    cost, judged = node.made.actual_micros, judgement_of(node.version)
    # How much had changed outside the marked part, before it was put back.
    outside = "" if judged is None or judged.outside is None else f"{judged.outside:.0%}"
    shared = f" for {node.made.pictures}" if node.made.pictures > 1 else ""
    handle = f"{node.handle} (accepted)" if node.version.accepted_at else node.handle
    return (
        f"{'  ' * indent}{handle}",
        likeness(node.likeness, None if judged is None else judged.skin),
        outside,
        str(node.depth),
        dollars(cost) + shared,
        f"{node.version.created_at:%Y-%m-%d %H:%M}",
        f"{node.made.model}, {node.made.operation}",
        " ".join((node.made.wish or "").split()),
    )


def _facts(node: Node) -> dict[str, Any]:
    version, made = node.version, node.made
    return {
        "handle": node.handle,
        "parent": node.parent,
        "depth": node.depth,
        "accepted": version.accepted_at is not None,
        "judgement": version.judgement,
        "wish": made.wish,
        "references": list(made.references),
        "actual_micros": made.actual_micros,
        "pictures_for_it": made.pictures,
        "engine": made.engine,
        "model": made.model,
        "operation": made.operation,
        "sha256": version.sha256,
        "width": version.width,
        "height": version.height,
        "created_at": version.created_at.isoformat(),
    }


def _away(depth: int) -> str:
    if depth == 0:
        return "Made from the photos alone"
    return f"{depth} {'change' if depth == 1 else 'changes'} away from that"


def _write(sheet: Sheet, path: Path) -> None:
    with open(path, "wb", opener=private) as file:
        file.write(sheet.data)
    typer.echo(f"{', '.join(sheet.handles)}: {path}")
