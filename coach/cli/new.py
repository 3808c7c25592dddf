"""``coach new``: a small coach folder to begin with."""

from __future__ import annotations

import shlex
import shutil
import sys
from keyword import iskeyword
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
    word = name.name
    if not word.isidentifier() or iskeyword(word):
        raise typer.BadParameter(
            f"{word!r} is no Python name; use letters, digits and `_`, as in `my_coach`."
        )
    if word == "coach" or word in sys.stdlib_module_names:
        raise typer.BadParameter(f"{word!r} is the name of a module that would be hidden. Choose another.")
    if name.is_file() or (name.is_dir() and any(name.iterdir())):
        raise typer.BadParameter(f"{name} is there already and is not overwritten. Choose another name.")
    shutil.copytree(_TEMPLATE, name, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    for path in sorted(path for path in name.rglob("*") if path.is_file()):
        console.print(f"  {path}", markup=False, soft_wrap=True)
    console.print("\nNext:")
    # The interpreter that runs this: another one may not have the library.
    python = "python" if shutil.which("python") == sys.executable else sys.executable
    for command in (["coach", "check", name], ["coach", "show", "--coach", name], ["pytest", name]):
        line = shlex.join([python, "-m", *map(str, command)])
        console.print(f"  {line}", markup=False, soft_wrap=True)
    line = shlex.join([python, "-m", "pip", "install", "pytest"])
    console.print(f"The last one needs pytest: {line}", markup=False, soft_wrap=True)
