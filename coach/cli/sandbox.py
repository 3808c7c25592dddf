"""``coach sandbox``: the stand-in for the outside services, on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from coach._readable import Readable


def _list_faults(asked: bool) -> None:
    if not asked:
        return
    from rich.console import Console

    from coach.cli._table import print_table
    from coach.sandbox.faults import MODES

    rows = [(mode.name, "yes" if mode.charged else "no", mode.what) for mode in MODES.values()]
    print_table(Console(highlight=False), "How the sandbox can misbehave", ("Mode", "Charged", "What"), rows)
    typer.echo(
        "\nFor one request: the header `x-sandbox-fault: drip`. For many: a plan, given with --faults:\n\n"
        '  [[fault]]\n  mode = "reset"\n  route = "edits"   # left out: any route\n'
        "  after = 2         # leave the first two alone\n  every = 3         # then take each third\n"
        "  times = 1         # and stop after one; left out: for ever\n"
        "  seconds = 0.01    # the pause of a slow fault"
    )
    raise typer.Exit


def _exports(kind: type[Readable], settings: Mapping[str, str]) -> str:
    names = {name: kind.model_fields[name].validation_alias for name in settings}
    return "\n".join(f"  export {names[name]}={value}" for name, value in settings.items())


def sandbox(
    host: Annotated[
        str, typer.Option(help="Where to listen. 0.0.0.0: for other containers of the same network too.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8765,
    delay: Annotated[float, typer.Option(min=0, help="Seconds a picture takes.")] = 1.5,
    faults: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            help="Misbehave as this plan says, a TOML file. --list-faults shows what there is.",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Do not paint the pictures, only label them: for load.")
    ] = False,
    drift: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            metavar="SHARE",
            help="Let a face turn into a stranger's, by so much each time a picture is drawn again without "
            "the photo. With the photo beside it, as the coach sends it, it is half as much and does not add "
            "up. For a picture of somebody else: the fault other_face.",
        ),
    ] = 0.0,
    list_faults: Annotated[
        bool,
        typer.Option(
            "--list-faults",
            callback=_list_faults,
            is_eager=True,
            help="Show every way to misbehave, and how a plan is written.",
        ),
    ] = False,
) -> None:
    """Run the sandbox: a strict stand-in for the picture and chat services, on this machine."""
    from coach.personas import FlowiseSettings
    from coach.sandbox import Sandbox
    from coach.sandbox.faults import PlanError, read_plan
    from coach.settings import Settings

    try:
        rules = [] if faults is None else read_plan(faults)
        service = Sandbox(host=host, port=port, delay=delay, faults=rules, quick=quick, drift=drift)
    except PlanError as exc:
        raise typer.BadParameter(str(exc), param_hint="--faults") from exc
    with service:
        typer.echo(
            "The sandbox is listening. Its pictures are drawn, not made by a model. "
            f"{f'It misbehaves as {faults} says. ' if faults else ''}In another terminal:\n\n"
            f"{_exports(Settings, service.settings)}\n{_exports(FlowiseSettings, service.flow)}\n\n"
            f"What it received: {service.base_url.removesuffix('/v1')}/sandbox/log   Stop it with Ctrl-C."
        )
        service.wait()
