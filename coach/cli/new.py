"""``coach new``: a small coach folder to begin with."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

_TEMPLATE = Path(__file__).parent / "template"


def new(
    name: Annotated[Path, typer.Argument(help="The folder to write. Its last part is a Python name.")],
) -> None:
    """Write a small coach folder that passes `coach check`: two phases, an action, a context key, a test."""
    console = Console(highlight=False)
    if not name.name.isidentifier():
        raise typer.BadParameter(
            f"{name.name!r} is no Python name; use letters, digits and `_`, as in `my_coach`."
        )
    if name.is_file() or (name.is_dir() and any(name.iterdir())):
        raise typer.BadParameter(f"{name} is there already and is not overwritten. Choose another name.")
    shutil.copytree(_TEMPLATE, name, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    for path in sorted(path for path in name.rglob("*") if path.is_file()):
        console.print(f"  {path}", markup=False, soft_wrap=True)
    console.print("\nNext:")
    for command in (f"coach check {name}", f"coach show --coach {name}", f"python -m pytest {name}"):
        console.print(f"  {command}", markup=False, soft_wrap=True)
