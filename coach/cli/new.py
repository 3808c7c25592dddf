"""``coach new``: a small coach folder to begin with."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from keyword import iskeyword
from pathlib import Path
from string import Template
from typing import Annotated

import typer
from rich.console import Console

_TEMPLATE = Path(__file__).parent / "template"
_PROJECT = Path(__file__).parent / "pyproject.template"
# https://packaging.python.org/en/latest/specifications/name-normalization/, of what is a Python name too
_DISTRIBUTION = re.compile(r"[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?")


def new(
    name: Annotated[Path, typer.Argument(help="The folder to write. Its last part is a Python name.")],
    package: Annotated[
        bool,
        typer.Option(
            "--package", help="With a pyproject.toml around it: others install it and load it by name."
        ),
    ] = False,
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
    if package and not _DISTRIBUTION.fullmatch(word):
        raise typer.BadParameter(
            f"{word!r} cannot be installed under that name: begin and end with a letter or digit of ASCII."
        )
    if name.is_file() or (name.is_dir() and any(name.iterdir())):
        raise typer.BadParameter(f"{name} is there already and is not overwritten. Choose another name.")
    folder = _write(name, package=package)
    for path in sorted(path for path in name.rglob("*") if path.is_file()):
        console.print(f"  {path}", markup=False, soft_wrap=True)
    console.print("\nNext:")
    # The interpreter that runs this: another one may not have the library.
    python = "python" if shutil.which("python") == sys.executable else sys.executable
    commands = [["coach", "check", folder], ["coach", "show", "--coach", folder], ["pytest", folder]]
    for command in commands:
        _tell(console, python, *map(str, command))
    if package:
        console.print(f"Installed, it is loaded as {word!r} wherever a coach is named:", markup=False)
        _tell(console, python, "pip", "install", "--editable", str(name))
    line = shlex.join([python, "-m", "pip", "install", "pytest"])
    console.print(f"The tests need pytest: {line}", markup=False, soft_wrap=True)


def _write(name: Path, *, package: bool) -> Path:
    """Write the files; returns the coach folder among them."""
    folder = name / name.name if package else name
    shutil.copytree(_TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    if package:
        text = Template(_PROJECT.read_text("utf-8")).substitute(package=name.name)
        (name / "pyproject.toml").write_text(text, "utf-8")
    return folder


def _tell(console: Console, python: str, *words: str) -> None:
    console.print(f"  {shlex.join([python, '-m', *words])}", markup=False, soft_wrap=True)
